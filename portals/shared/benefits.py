"""Offers and claims of whoever one acts for, and the pages and API of offers that Tong and Rongtong have in common."""

import uuid
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.claims.schemas import ClaimDetail, ClaimRow
from policy_engine.delivery.offers.schemas import OfferDetail, OfferRow
from policy_engine.delivery.payments.schemas import PaymentView
from portals.services import Services
from portals.shared import ages

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


def handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Pages at ``/offers/…``, the same as JSON under ``/api/v1``."""
    return [*page_handlers(services, portal), *api_handlers(services, portal)]


def page_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Offers as pages."""
    benefits = Benefits(services)

    @get("/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def offer_page(
        request: WebRequest, offer_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        detail = benefits.offer(principal, offer_id)
        return pages.page(
            request,
            "shared/offer.html",
            offer=detail,
            ages=ages.of_offer(services, offer_id),
            portal_path=f"/{portal}",
        )

    @post("/offers/{offer_id:uuid}/confirm", status_code=303, sync_to_thread=True, include_in_schema=False)
    def confirm_form(offer_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        account = data.get("account_id", "")
        claim_id = benefits.confirm(principal, offer_id, _uuid(account) if account else None)
        return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)

    @post("/offers/{offer_id:uuid}/decline", status_code=303, sync_to_thread=True, include_in_schema=False)
    def decline_form(offer_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        benefits.decline(principal, offer_id, data.get("reason", "")[:500])
        return Redirect(f"/{portal}", status_code=303)

    return [offer_page, confirm_form, decline_form]


def api_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Offers as JSON."""
    benefits = Benefits(services)
    guards = [require(scope=portal)]

    @get("/api/v1/offers", guards=guards, sync_to_thread=True, summary="Offers that wait for an answer")
    def list_offers(principal: Me) -> list[OfferRow]:
        return benefits.offers(principal)

    @get("/api/v1/offers/{offer_id:uuid}", guards=guards, sync_to_thread=True, summary="One offer, explained")
    def get_offer(offer_id: FromPath[uuid.UUID], principal: Me) -> OfferDetail:
        return benefits.offer(principal, offer_id)

    @get(
        "/api/v1/offers/{offer_id:uuid}/sources",
        guards=guards,
        sync_to_thread=True,
        summary="How old the data are on which an offer stands, source by source",
    )
    def get_offer_sources(offer_id: FromPath[uuid.UUID], principal: Me) -> tuple[ages.DataAge, ...]:
        benefits.offer(principal, offer_id)
        return ages.of_offer(services, offer_id)

    @post(
        "/api/v1/offers/{offer_id:uuid}/confirm",
        guards=guards,
        sync_to_thread=True,
        summary="Confirm an offer",
    )
    def confirm_offer(offer_id: FromPath[uuid.UUID], data: JSONBody[Confirmation], principal: Me) -> Created:
        return Created(benefits.confirm(principal, offer_id, data.account_id))

    @post(
        "/api/v1/offers/{offer_id:uuid}/decline",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Decline an offer; the right stays",
    )
    def decline_offer(offer_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me) -> None:
        benefits.decline(principal, offer_id, data.text)

    return [list_offers, get_offer, get_offer_sources, confirm_offer, decline_offer]


def evidence_of(title: str, words: str) -> list[dict[str, str]]:
    """Somebody's own words as evidence of a claim; none where nothing was written."""
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        too_long = _("内容太长，请控制在两千字以内。")
        raise InvalidInput(too_long, errors=[FieldError("words", too_long)])
    return [{"title": title, "reference": words}] if words else []


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("请选择页面上列出的收款账户。") from None
