"""An offer as a resident reads it, and the buttons under it."""

import uuid

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import DongchuError, NotFound
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.offers.schemas import OfferDetail
from policy_engine.matching.explanation import FactLine
from portals.routing import routes
from portals.services import Services
from portals.shared import ages
from portals.shared.benefits import Form, account_chosen
from portals.shared.claims import ON_THE_FORM, told
from portals.shared.together import Choice, choice_on, together
from portals.tong.benefits import TongBenefits
from portals.tong.explaining import Standing, explain

Me = NamedDependency[Principal]


Given = NamedDependency[Services]
Ours = NamedDependency[TongBenefits]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/offers/…``."""
    return routes(pages=PAGES, services=services, benefits=TongBenefits(services))


@get("/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
def offer_page(
    request: WebRequest,
    offer_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: Ours,
) -> Response[str]:
    return _offer(services, benefits, request, pages, principal, offer_id)


@post("/offers/{offer_id:uuid}/confirm", status_code=303, sync_to_thread=True, include_in_schema=False)
def confirm_form(
    request: WebRequest,
    offer_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: Ours,
) -> Response[str] | Redirect:
    try:
        claim_id = benefits.confirm(principal, offer_id, account_chosen(data))
    except ON_THE_FORM as problem:
        return _offer(services, benefits, request, pages, principal, offer_id, problem)
    return Redirect(f"/tong/claims/{claim_id}", status_code=303)


@post("/offers/{offer_id:uuid}/decline", status_code=303, sync_to_thread=True, include_in_schema=False)
def decline_form(
    request: WebRequest,
    offer_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: Ours,
) -> Response[str] | Redirect:
    try:
        benefits.decline(principal, offer_id, data.get("reason", "")[:500])
    except ON_THE_FORM as problem:
        return _offer(services, benefits, request, pages, principal, offer_id, problem)
    return Redirect(f"/tong/offers/{offer_id}", status_code=303)


def _offer(
    services: Services,
    benefits: TongBenefits,
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
        ages=ages.of_offer(services, offer_id),
        standing=standing,
        rivals=_rivals(services, principal, offer, standing),
        missing=_missing(offer, standing),
        errors=told(problem),
    )


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


PAGES = [offer_page, confirm_form, decline_form]
