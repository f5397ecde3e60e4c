"""Offers as pages and API: read, confirmed, declined. Tong has pages of its own (``portals.tong.answering``)."""

import uuid
from collections.abc import Sequence

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from policy_engine.delivery.offers.schemas import OfferDetail, OfferRow
from portals.routing import routes
from portals.services import Services
from portals.shared import ages
from portals.shared.benefits import Benefits, Confirmation, Created, Form, Me, Words, account_chosen

Given = NamedDependency[Services]
Ours = NamedDependency[Benefits]


def page_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Pages at ``/offers/…``."""
    return routes(pages=PAGES, services=services, benefits=Benefits(services), portal=portal)


def api_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """The same as JSON under ``/api/v1``."""
    return routes(api=API, scope=portal, services=services, benefits=Benefits(services))


@get("/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
def offer_page(
    request: WebRequest,
    offer_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: Ours,
    portal: NamedDependency[str],
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
def confirm_form(
    offer_id: FromPath[uuid.UUID], data: Form, principal: Me, benefits: Ours, portal: NamedDependency[str]
) -> Redirect:
    claim_id = benefits.confirm(principal, offer_id, account_chosen(data))
    return Redirect(f"/{portal}/claims/{claim_id}", status_code=303)


@post("/offers/{offer_id:uuid}/decline", status_code=303, sync_to_thread=True, include_in_schema=False)
def decline_form(
    offer_id: FromPath[uuid.UUID], data: Form, principal: Me, benefits: Ours, portal: NamedDependency[str]
) -> Redirect:
    benefits.decline(principal, offer_id, data.get("reason", "")[:500])
    return Redirect(f"/{portal}", status_code=303)


@get("/offers", sync_to_thread=True, summary="Offers that wait for an answer")
def list_offers(principal: Me, benefits: Ours) -> list[OfferRow]:
    return benefits.offers(principal)


@get("/offers/{offer_id:uuid}", sync_to_thread=True, summary="One offer, explained")
def get_offer(offer_id: FromPath[uuid.UUID], principal: Me, benefits: Ours) -> OfferDetail:
    return benefits.offer(principal, offer_id)


@get(
    "/offers/{offer_id:uuid}/sources",
    sync_to_thread=True,
    summary="How old the data are on which an offer stands, source by source",
)
def get_offer_sources(
    offer_id: FromPath[uuid.UUID], principal: Me, services: Given, benefits: Ours
) -> tuple[ages.DataAge, ...]:
    benefits.offer(principal, offer_id)
    return ages.of_offer(services, offer_id)


@post(
    "/offers/{offer_id:uuid}/confirm",
    sync_to_thread=True,
    summary="Confirm an offer",
)
def confirm_offer(
    offer_id: FromPath[uuid.UUID], data: JSONBody[Confirmation], principal: Me, benefits: Ours
) -> Created:
    return Created(benefits.confirm(principal, offer_id, data.account_id))


@post(
    "/offers/{offer_id:uuid}/decline",
    status_code=204,
    sync_to_thread=True,
    summary="Decline an offer; the right stays",
)
def decline_offer(
    offer_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me, benefits: Ours
) -> None:
    benefits.decline(principal, offer_id, data.text)


PAGES = [offer_page, confirm_form, decline_form]
API = [list_offers, get_offer, get_offer_sources, confirm_offer, decline_offer]
