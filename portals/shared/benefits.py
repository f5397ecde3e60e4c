"""Offers and claims of whoever one acts for: pages and API of Tong and Rongtong from the same functions."""

import uuid
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, InvalidInput
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
from portals.shared import evidence
from portals.shared.records import record_api, record_page

Form = URLEncodedBody[dict[str, str]]
Me = NamedDependency[Principal]
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
    """Pages at ``/offers/…`` and ``/claims/…``, the same as JSON under ``/api/v1``."""
    return [*page_handlers(services, portal), *api_handlers(services, portal)]


def page_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Offers and claims as pages."""
    benefits = Benefits(services)

    @get("/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def offer_page(
        request: WebRequest, offer_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        detail = benefits.offer(principal, offer_id)
        return pages.page(request, "shared/offer.html", offer=detail, portal_path=f"/{portal}")

    @post("/offers/{offer_id:uuid}/confirm", status_code=303, sync_to_thread=True, include_in_schema=False)
    def confirm_form(offer_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        account = data.get("account_id", "")
        claim_id = benefits.confirm(principal, offer_id, _uuid(account) if account else None)
        return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)

    @post("/offers/{offer_id:uuid}/decline", status_code=303, sync_to_thread=True, include_in_schema=False)
    def decline_form(offer_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        benefits.decline(principal, offer_id, data.get("reason", "")[:500])
        return Redirect(f"/{portal}", status_code=303)

    @get("/claims", sync_to_thread=True, include_in_schema=False)
    def claims_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "shared/claims.html",
            claims=benefits.claims(principal),
            awards=benefits.awards(principal),
            portal_path=f"/{portal}",
        )

    @get("/claims/{claim_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def claim_page(
        request: WebRequest, claim_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        detail = benefits.claim(principal, claim_id)
        return pages.page(request, "shared/claim.html", claim=detail, portal_path=f"/{portal}")

    @post("/claims/{claim_id:uuid}/appeal", status_code=303, sync_to_thread=True, include_in_schema=False)
    def appeal_form(claim_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        benefits.appeal(principal, claim_id, data.get("grounds", "")[:2000])
        return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)

    @post("/claims/{claim_id:uuid}/withdraw", status_code=303, sync_to_thread=True, include_in_schema=False)
    def withdraw_form(claim_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        benefits.withdraw(principal, claim_id)
        return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)

    return [
        record_page(services),
        *evidence.pages_of(services, portal),
        offer_page,
        confirm_form,
        decline_form,
        claims_page,
        claim_page,
        appeal_form,
        withdraw_form,
    ]


def api_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Offers, claims, awards and payments as JSON."""
    benefits = Benefits(services)
    guards = [require(scope=portal)]

    @get("/api/v1/offers", guards=guards, sync_to_thread=True, summary="Offers that wait for an answer")
    def list_offers(principal: Me) -> list[OfferRow]:
        return benefits.offers(principal)

    @get("/api/v1/offers/{offer_id:uuid}", guards=guards, sync_to_thread=True, summary="One offer, explained")
    def get_offer(offer_id: FromPath[uuid.UUID], principal: Me) -> OfferDetail:
        return benefits.offer(principal, offer_id)

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

    @get("/api/v1/claims", guards=guards, sync_to_thread=True, summary="Claims, the newest first")
    def list_claims(principal: Me) -> list[ClaimRow]:
        return benefits.claims(principal)

    @get(
        "/api/v1/claims/{claim_id:uuid}",
        guards=guards,
        sync_to_thread=True,
        summary="One claim with its timeline",
    )
    def get_claim(claim_id: FromPath[uuid.UUID], principal: Me) -> ClaimDetail:
        return benefits.claim(principal, claim_id)

    @post(
        "/api/v1/claims/{claim_id:uuid}/appeal",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Object to a refusal",
    )
    def appeal_claim(claim_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me) -> None:
        benefits.appeal(principal, claim_id, data.text)

    @get("/api/v1/awards", guards=guards, sync_to_thread=True, summary="Rights in force and their payments")
    def list_awards(principal: Me) -> list[AwardView]:
        return benefits.awards(principal)

    @get("/api/v1/payments", guards=guards, sync_to_thread=True, summary="Payments, the newest first")
    def list_payments(principal: Me) -> list[PaymentView]:
        return benefits.payments(principal)

    return [
        record_api(services, portal),
        *evidence.api_of(services, portal),
        list_offers,
        get_offer,
        confirm_offer,
        decline_offer,
        list_claims,
        get_claim,
        appeal_claim,
        list_awards,
        list_payments,
    ]


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("请选择页面上列出的收款账户。") from None
