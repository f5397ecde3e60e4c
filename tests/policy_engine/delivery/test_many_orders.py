"""Hundreds of orders in one message and one transaction: each still has its own key, its own entry and its own record."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Literal

import pytest
import sqlalchemy as sa

from kernel.errors import OutsideRefused
from kernel.outbox import Worker
from kernel.transparency.models import LogEntry
from policy_engine.delivery import service
from policy_engine.delivery.jobs import BETWEEN_LOOKS
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import LedgerTransaction
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import PaymentOrder, TreasuryAnswer
from tests.policy_engine.delivery.city import Office, Treasury
from tests.policy_engine.delivery.stories import next_month

PEOPLE = range(3_001, 3_006)


def work(office: Office, rounds: int = 1) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    worker = Worker(office.database, office.clock, handlers)
    for _ in range(rounds):
        worker.run_until_idle()
        office.clock.move(BETWEEN_LOOKS)


def instructed(office: Office, *, one_by_one: bool = False) -> uuid.UUID:
    """Five orders that leave together; the budget they are of."""
    budget = office.budget(100_000_000)
    for person in PEOPLE:
        office.grant(office.claimed(subject_id=person))
        if one_by_one:
            office.approve()
    if not one_by_one:
        office.approve()
    return budget.id


def states(office: Office) -> set[str]:
    with office.database.read() as session:
        return set(session.scalars(sa.select(Payment.state)))


def test_orders_that_leave_together_travel_in_one_message_and_are_booked_one_by_one(
    any_office: Office,
) -> None:
    budget_id = instructed(any_office)
    work(any_office, 2)
    assert (any_office.treasury.messages, any_office.treasury.submits) == (1, 5)
    any_office.treasury.settle("paid")
    work(any_office, 2)
    assert states(any_office) == {"paid"}
    with any_office.database.read() as session:
        assert balances(session, budget_id)["paid"] == any_office.treasury.paid_fen() == 50_000
        assert service.defects(session) == []
        moves = session.execute(
            sa.select(LedgerTransaction.id, LedgerTransaction.kind).where(
                LedgerTransaction.payment_id.is_not(None)
            )
        ).all()
        assert sorted(row.kind for row in moves) == ["instruct"] * 5 + ["pay"] * 5 + ["reserve"] * 5
        logged = set(session.scalars(sa.select(LogEntry.record_id).where(LogEntry.kind == "payment")))
        assert {row.id for row in moves} <= logged


def test_orders_given_one_by_one_travel_together_when_they_are_due_together(any_office: Office) -> None:
    budget_id = instructed(any_office, one_by_one=True)
    work(any_office, 2)
    assert (any_office.treasury.messages, any_office.treasury.submits) == (1, 5)
    any_office.treasury.settle("paid")
    work(any_office, 2)
    assert states(any_office) == {"paid"}
    with any_office.database.read() as session:
        assert balances(session, budget_id)["paid"] == any_office.treasury.paid_fen() == 50_000
        assert service.defects(session) == []


@pytest.mark.parametrize("trouble", ["lost", "answer_lost", "down", "died"])
def test_orders_gathered_on_the_way_are_paid_once_whatever_happens(
    office: Office, trouble: Literal["lost", "answer_lost", "down", "died"]
) -> None:
    instructed(office, one_by_one=True)
    office.treasury.troubles = [trouble, trouble]
    work(office, 8)
    office.treasury.settle("paid")
    work(office, 3)
    assert states(office) == {"paid"}
    assert (len(office.treasury.orders), office.treasury.paid_fen()) == (5, 50_000)
    assert office.treasury.sent_blindly == []
    with office.database.read() as session:
        assert service.defects(session) == []


def test_a_bad_order_holds_none_that_it_would_travel_with(office: Office) -> None:
    instructed(office, one_by_one=True)
    with office.database.write() as session:
        bad = session.scalars(sa.select(Payment).order_by(Payment.id).limit(1)).one()
        bad.budget_id, budget_id = None, bad.budget_id
    work(office, 2)
    assert sorted(office.treasury.orders) == sorted(set(orders_of(office)) - {bad.instruction_id})
    with office.database.write() as session:
        session.get_one(Payment, bad.id).budget_id = budget_id
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    assert states(office) == {"paid"}


@pytest.mark.parametrize("trouble", ["lost", "answer_lost", "down", "died"])
def test_nobody_is_paid_twice_whatever_happens_to_the_message(
    office: Office, trouble: Literal["lost", "answer_lost", "down", "died"]
) -> None:
    instructed(office)
    office.treasury.troubles = [trouble]
    work(office, 6)
    office.treasury.settle("paid")
    work(office, 3)
    assert states(office) == {"paid"}
    assert (len(office.treasury.orders), office.treasury.paid_fen()) == (5, 50_000)
    assert office.treasury.submits == 5, "what may have arrived was asked after, not sent again"
    with office.database.read() as session:
        assert service.defects(session) == []


def test_a_message_that_is_not_taken_goes_order_by_order(office: Office) -> None:
    instructed(office)
    office.treasury = Choosy(refused=next(iter(orders_of(office))))
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    with office.database.read() as session:
        found = sorted(session.scalars(sa.select(Payment.state)))
    assert found == ["paid"] * 4 + ["returned"]


def test_next_months_payments_are_made_together_and_none_twice(office: Office) -> None:
    budget_id = instructed(office)
    assert next_month(office) == 5
    with office.database.write() as session:
        again = service.create_due_payments(session, office.ports, until=office.clock.today(), now=office.now)
    assert again == 0
    with office.database.read() as session:
        december = session.scalars(sa.select(Payment).where(Payment.period == "2026-12")).all()
        assert [(one.state, one.amount_fen) for one in december] == [("reserved", 10_000)] * 5
        assert balances(session, budget_id)["reserved"] == 50_000
        assert service.defects(session) == []


def test_what_there_is_no_money_for_waits_and_the_rest_does_not(office: Office) -> None:
    instructed(office)
    with office.database.write() as session:
        budget_id = session.scalars(sa.select(Payment.budget_id)).first()
        assert budget_id is not None
        spare = balances(session, budget_id)["available"]
        ledger.move(
            session, budget_id, "cut", "available", "appropriation", spare - 20_000, "cut", now=office.now
        )
    next_month(office)
    with office.database.read() as session:
        december = sorted(session.scalars(sa.select(Payment.state).where(Payment.period == "2026-12")))
        assert december == ["awaiting_funds"] * 3 + ["reserved"] * 2
        assert service.defects(session) == []


def orders_of(office: Office) -> Sequence[str]:
    with office.database.read() as session:
        return [one or "" for one in session.scalars(sa.select(Payment.instruction_id))]


def test_an_order_that_an_answer_leaves_out_is_asked_after_and_sent_again(office: Office) -> None:
    instructed(office)
    office.treasury = Forgetful()
    work(office, 6)
    office.treasury.settle("paid")
    work(office, 3)
    assert states(office) == {"paid"}
    assert (len(office.treasury.orders), office.treasury.paid_fen()) == (5, 50_000)
    assert office.treasury.sent_blindly == []


class Forgetful(Treasury):
    """Takes the first batch message without one of its orders, and says nothing of it."""

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        return super().submit_many(orders[1:] if self.messages == 0 else orders)


class Choosy(Treasury):
    """Takes no batch message, and one of the orders not at all."""

    def __init__(self, refused: str) -> None:
        super().__init__()
        self.refused = refused

    def submit(self, order: PaymentOrder) -> TreasuryAnswer:
        if order.instruction_id == self.refused:
            raise OutsideRefused("户名过长", code="name_too_long")
        return super().submit(order)

    def submit_many(
        self,
        orders: Sequence[PaymentOrder],  # noqa: ARG002  (the port's signature)
    ) -> Mapping[str, TreasuryAnswer]:
        raise OutsideRefused("报文格式不符", code="malformed")
