"""Offers and claims of whoever one acts for: what one may do with them, in Tong and Rongtong alike."""

import uuid
from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.claims.schemas import ClaimDetail, ClaimRow
from policy_engine.delivery.offers.schemas import OfferDetail, OfferRow
from policy_engine.delivery.payments.schemas import PaymentView
from portals.services import Services

Form = URLEncodedBody[dict[str, str]]
Me = NamedDependency[Principal]
LONGEST_WORDS = 2000
Reason = Annotated[str, msgspec.Meta(max_length=500)]


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``account_id`` is one of the offer's accounts; none where no money moves."""

    account_id: uuid.UUID | None = None


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Reason = ""


class Created(msgspec.Struct, frozen=True):
    claim_id: uuid.UUID


class Benefits:
    """What a person may do with offers and claims; one transaction each, the bank asked before."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def offers(self, principal: Principal) -> list[OfferRow]:
        with self._house.database.read() as session:
            return views.inbox_offers(session, self._services.ports, principal, now=self._house.clock.now())

    def offer(self, principal: Principal, offer_id: uuid.UUID) -> OfferDetail:
        now = self._house.clock.now()
        with self._house.database.write() as session:
            delivery.open_offer(
                session, self._services.ports, offer_id=offer_id, principal=principal, now=now
            )
        with self._house.database.read() as session:
            return views.offer_detail(session, self._services.ports, offer_id, principal, now=now)

    def confirm(self, principal: Principal, offer_id: uuid.UUID, account_id: uuid.UUID | None) -> uuid.UUID:
        """The account is checked with the bank, then the offer confirmed; twice is once."""
        detail = self.offer(principal, offer_id)
        if account_id is not None and account_id not in {one.id for one in detail.accounts}:
            raise InvalidInput("请选择页面上列出的收款账户。")
        if account_id is not None:
            self._check(account_id)
        with self._house.database.write() as session:
            claim = delivery.confirm(
                session,
                self._services.ports,
                offer_id=offer_id,
                principal=principal,
                account_id=account_id,
                now=self._house.clock.now(),
            )
            return claim.id

    def decline(self, principal: Principal, offer_id: uuid.UUID, reason: str) -> None:
        with self._house.database.write() as session:
            delivery.decline(
                session,
                self._services.ports,
                offer_id=offer_id,
                principal=principal,
                reason=reason,
                now=self._house.clock.now(),
            )

    def claims(self, principal: Principal) -> list[ClaimRow]:
        with self._house.database.read() as session:
            return views.my_claims(session, self._services.ports, principal, now=self._house.clock.now())

    def claim(self, principal: Principal, claim_id: uuid.UUID) -> ClaimDetail:
        with self._house.database.read() as session:
            return views.claim_detail(
                session, self._services.ports, claim_id, principal, now=self._house.clock.now()
            )

    def awards(self, principal: Principal) -> list[AwardView]:
        with self._house.database.read() as session:
            return list(
                views.my_awards(session, self._services.ports, principal, now=self._house.clock.now())
            )

    def payments(self, principal: Principal) -> list[PaymentView]:
        with self._house.database.read() as session:
            return list(
                views.my_payments(session, self._services.ports, principal, now=self._house.clock.now())
            )

    def appeal(self, principal: Principal, claim_id: uuid.UUID, grounds: str) -> None:
        with self._house.database.write() as session:
            delivery.appeal(
                session,
                self._services.ports,
                claim_id=claim_id,
                principal=principal,
                grounds=grounds,
                now=self._house.clock.now(),
            )

    def supplement(self, principal: Principal, claim_id: uuid.UUID, words: str) -> None:
        """补正, in one's own words or with the number of a paper handed in."""
        if not words.strip():
            raise InvalidInput(_("请写明补充的内容。"), errors=[FieldError("words", _("请写明补充的内容。"))])
        with self._house.database.write() as session:
            delivery.submit_supplement(
                session,
                self._services.ports,
                claim_id=claim_id,
                principal=principal,
                declared={},
                evidence=evidence_of("补充材料", words),
                now=self._house.clock.now(),
            )

    def withdraw(self, principal: Principal, claim_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            delivery.withdraw_claim(
                session,
                self._services.ports,
                claim_id=claim_id,
                principal=principal,
                now=self._house.clock.now(),
            )

    def _check(self, account_id: uuid.UUID) -> None:
        result = delivery.verify_account(
            self._house.database,
            self._house.vault,
            self._services.bank,
            account_id,
            clock_now=self._house.clock.now,
        )
        if result != "match":
            raise Conflict("银行核对没有通过：户名不符或账户已停用。请换一个本人账户，或到便民服务窗口办理。")


def evidence_of(title: str, words: str) -> list[dict[str, str]]:
    """Somebody's own words as evidence of a claim; none where nothing was written."""
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        too_long = _("内容太长，请控制在两千字以内。")
        raise InvalidInput(too_long, errors=[FieldError("words", too_long)])
    return [{"title": title, "reference": words}] if words else []


def account_chosen(form: Mapping[str, str]) -> uuid.UUID | None:
    """What the form of an offer says of the account; none where no money moves."""
    text = form.get("account_id", "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise InvalidInput(_("请选择页面上列出的收款账户。")) from None
