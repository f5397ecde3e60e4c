"""The bank and the treasury, as delivery wants them, played by the connectors' clients over HTTP."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

from connectors.banks.client import BankClient
from connectors.market_regulation.client import MarketRegulationClient
from connectors.market_regulation.mapping import STANDING
from connectors.means_test.client import MeansTestClient
from connectors.means_test.messages import MeansInquiry, MeansState, Source
from connectors.settings import ConnectorSettings
from connectors.treasury import client as treasury
from connectors.treasury.client import TreasuryClient
from connectors.wire import read_fen
from identity.delegation.claiming import RegisteredFirm
from identity.registry.firms import FORMS
from kernel.house import House
from policy_engine.catalogue.income import OTHER, income_catalogue
from policy_engine.delivery.ports import (
    IncomePart,
    MeansAnswer,
    MeansInquiryOrder,
    PaymentOrder,
    TreasuryAnswer,
)
from policy_engine.delivery.reconciliation.comparing import BankLine

_STATUS: dict[str, Literal["accepted", "sent_to_bank", "paid", "returned", "refused"]] = {
    "accepted": "accepted",
    "sent": "sent_to_bank",
    "paid": "paid",
    "returned": "returned",
    "refused": "refused",
}


class BankAccounts:
    """``AccountCheck``: asks the bank whose account it is."""

    def __init__(self, client: BankClient) -> None:
        self._client = client

    def check(
        self,
        *,
        bank: str,
        number: str,
        holder: str,
        holder_id: int,  # noqa: ARG002 (a bank that asks for the holder's identifier finds it by this)
    ) -> Literal["match", "mismatch", "closed"]:
        return self._client.check(bank, number, holder)


class TreasuryOrders:
    """``Treasury``: orders by idempotency key, and what became of them."""

    def __init__(self, client: TreasuryClient) -> None:
        self._client = client

    def submit(self, order: PaymentOrder) -> TreasuryAnswer:
        return _answer(self._client.submit(order))

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        answer = self._client.query(instruction_id)
        return None if answer is None else _answer(answer)

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        answers = self._client.submit_many(orders)
        return {one: _answer(answer) for one, answer in answers.items()}

    def query_many(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        answers = self._client.query_many(instruction_ids)
        return {one: _answer(answer) for one, answer in answers.items()}


def _answer(answer: treasury.TreasuryAnswer) -> TreasuryAnswer:
    return TreasuryAnswer(status=_STATUS[answer.status], reference=answer.reference, reason=answer.reason)


class BankStatements:
    """``Statements``: what the bank booked on a day."""

    def __init__(self, client: BankClient) -> None:
        self._client = client

    def of_day(self, day: date) -> Sequence[BankLine]:
        return [
            BankLine(
                line.line_number,
                line.direction,
                read_fen(line.amount),
                line.instruction_id,
                line.bank_reference,
            )
            for line in self._client.statement(day).lines
        ]


class MeansTest:
    """``MeansSystems``: the means-test centre, its sums in fen."""

    def __init__(self, client: MeansTestClient) -> None:
        self._client = client

    def submit(self, order: MeansInquiryOrder) -> MeansAnswer | None:
        inquiry = MeansInquiry(
            number=order.number,
            source=msgspec.convert(order.source, Source),
            id_number=order.id_number,
            name=order.name,
            consent=order.consent,
            purpose=order.purpose,
        )
        return _means(self._client.submit(inquiry))

    def query(self, number: str) -> MeansAnswer | None:
        return _means(self._client.query(number))


def _means(state: MeansState) -> MeansAnswer | None:
    if state.state != "answered":
        return None
    income = read_fen(state.monthly_income or "0.00")
    parts = tuple(IncomePart(_KINDS.get(one.kind, OTHER), read_fen(one.amount)) for one in state.income)
    return MeansAnswer(
        monthly_income_fen=income,
        income=parts,
        assets_fen=read_fen(state.assets or "0.00"),
        homes=state.homes or 0,
    )


#: The kinds of income by the names under which registers know them; others are nobody's to guess.
_KINDS = {kind.name: kind.id for kind in income_catalogue().kinds.values()}


class RegisterOfFirms:
    """``FirmRegister``: what market regulation publishes of a firm, and who represents it today."""

    def __init__(self, client: MarketRegulationClient) -> None:
        self._client = client

    def find_firm(self, uscc: str) -> RegisteredFirm | None:
        answer = self._client.find_firm(uscc)
        if answer is None:
            return None
        return RegisteredFirm(
            uscc=uscc,
            name=answer.name,
            form=FORMS.get(answer.kind, "enterprise"),
            is_dissolved=STANDING.get(answer.standing) == "注销",
            head_office_uscc=answer.head_office,
        )

    def is_legal_representative(self, uscc: str, id_number: str) -> bool:
        return self._client.is_legal_representative(uscc, id_number)


def outside_of(house: House, environ: Mapping[str, str] = os.environ) -> ConnectorSettings:
    """The outside systems this house talks to."""
    return ConnectorSettings.from_environ(environ, house.settings.base_url, house.settings.home)
