"""An offer and a claim as a resident reads them, and the buttons under them."""

import uuid
from collections.abc import Callable

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, NotFound, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.offers.schemas import OfferDetail
from policy_engine.matching.explanation import FactLine
from portals.services import Services
from portals.shared import evidence
from portals.shared.benefits import Form, Words
from portals.shared.records import record_page
from portals.shared.together import Choice, choice_on, together
from portals.tong.benefits import TongBenefits
from portals.tong.explaining import Standing, explain

Me = NamedDependency[Principal]
_ON_THE_FORM = (InvalidInput, Conflict, OutsideFailure)


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/offers/…``, ``/claims/…`` and supplementing over the API."""
    benefits = TongBenefits(services)

    def offer_view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        offer_id: uuid.UUID,
        problem: DongchuError | None = None,
    ) -> Response[str]:
        offer = benefits.offer(principal, offer_id)
        standing = _standing_of(services, principal, offer)
        return pages.page(
            request,
            "tong/offer.html",
            status=problem.status if problem is not None else 200,
            offer=offer,
            standing=standing,
            rivals=_rivals(services, principal, offer, standing),
            missing=_missing(offer, standing),
            errors=_told(problem),
        )

    def claim_view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        claim_id: uuid.UUID,
        problem: DongchuError | None = None,
        words: str = "",
    ) -> Response[str]:
        return pages.page(
            request,
            "tong/claim.html",
            status=problem.status if problem is not None else 200,
            claim=benefits.claim(principal, claim_id),
            errors=_told(problem),
            words=words,
        )

    def act_on_claim(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        claim_id: uuid.UUID,
        act: Callable[[], None],
        words: str = "",
    ) -> Response[str] | Redirect:
        try:
            act()
        except _ON_THE_FORM as problem:
            return claim_view(request, pages, principal, claim_id, problem, words)
        return Redirect(f"/tong/claims/{claim_id}", status_code=303)

    @get("/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def offer_page(
        request: WebRequest, offer_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return offer_view(request, pages, principal, offer_id)

    @post("/offers/{offer_id:uuid}/confirm", status_code=303, sync_to_thread=True, include_in_schema=False)
    def confirm_form(
        request: WebRequest,
        offer_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        account = data.get("account_id", "")
        try:
            claim_id = benefits.confirm(principal, offer_id, _uuid(account) if account else None)
        except _ON_THE_FORM as problem:
            return offer_view(request, pages, principal, offer_id, problem)
        return Redirect(f"/tong/claims/{claim_id}", status_code=303)

    @post("/offers/{offer_id:uuid}/decline", status_code=303, sync_to_thread=True, include_in_schema=False)
    def decline_form(
        request: WebRequest,
        offer_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        try:
            benefits.decline(principal, offer_id, data.get("reason", "")[:500])
        except _ON_THE_FORM as problem:
            return offer_view(request, pages, principal, offer_id, problem)
        return Redirect(f"/tong/offers/{offer_id}", status_code=303)

    @get("/claims", sync_to_thread=True, include_in_schema=False)
    def claims_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "tong/claims.html",
            claims=benefits.claims(principal),
            awards=benefits.awards(principal),
            payments=benefits.payments(principal)[:24],
        )

    @get("/claims/{claim_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def claim_page(
        request: WebRequest, claim_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return claim_view(request, pages, principal, claim_id)

    @post("/claims/{claim_id:uuid}/appeal", status_code=303, sync_to_thread=True, include_in_schema=False)
    def appeal_form(
        request: WebRequest,
        claim_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        words = data.get("words", "")
        return act_on_claim(
            request, pages, principal, claim_id, lambda: benefits.appeal(principal, claim_id, words), words
        )

    @post("/claims/{claim_id:uuid}/supplement", status_code=303, sync_to_thread=True, include_in_schema=False)
    def supplement_form(
        request: WebRequest,
        claim_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        words = data.get("words", "")
        return act_on_claim(
            request,
            pages,
            principal,
            claim_id,
            lambda: benefits.supplement(principal, claim_id, words),
            words,
        )

    @post("/claims/{claim_id:uuid}/withdraw", status_code=303, sync_to_thread=True, include_in_schema=False)
    def withdraw_form(
        request: WebRequest, claim_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        return act_on_claim(
            request, pages, principal, claim_id, lambda: benefits.withdraw(principal, claim_id)
        )

    @post(
        "/api/v1/claims/{claim_id:uuid}/supplement",
        guards=[require(scope="tong")],
        status_code=204,
        sync_to_thread=True,
        summary="Supplement a claim that waits for it",
    )
    def supplement_claim(claim_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me) -> None:
        benefits.supplement(principal, claim_id, data.text)

    @post(
        "/api/v1/claims/{claim_id:uuid}/withdraw",
        guards=[require(scope="tong")],
        status_code=204,
        sync_to_thread=True,
        summary="Take a claim back before it is decided",
    )
    def withdraw_claim(claim_id: FromPath[uuid.UUID], principal: Me) -> None:
        benefits.withdraw(principal, claim_id)

    return [
        offer_page,
        confirm_form,
        decline_form,
        claims_page,
        claim_page,
        record_page(services),
        *evidence.pages_of(services, "tong"),
        appeal_form,
        supplement_form,
        withdraw_form,
        supplement_claim,
        withdraw_claim,
    ]


def _standing_of(services: Services, principal: Principal, offer: OfferDetail) -> Standing | None:
    """How the policy stands today for the one the offer is for; none once the policy has left force."""
    try:
        standings = explain(services, principal, offer.row.policy.policy_id)
    except NotFound:
        return None
    named = [one for one in standings if one.for_name == offer.row.for_name]
    return next(iter(named or standings), None)


def _rivals(
    services: Services, principal: Principal, offer: OfferDetail, standing: Standing | None
) -> Choice | None:
    if standing is None or not offer.may_confirm:
        return None
    return choice_on(together(services, principal), offer.row.policy.policy_id, standing.key)


def _missing(offer: OfferDetail, standing: Standing | None) -> list[FactLine]:
    """Exactly what nobody has told the city yet, with who would."""
    if not offer.missing or standing is None:
        return []
    return [line for line in standing.explanation.missing if not line.is_known]


def _told(problem: DongchuError | None) -> list[FieldError]:
    if problem is None:
        return []
    return list(problem.errors) or [FieldError("", _(problem.detail))]


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput(_("请选择页面上列出的收款账户。")) from None
