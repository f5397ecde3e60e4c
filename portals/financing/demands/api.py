"""A firm's financing for programs: the same functions as the pages, as JSON under ``/api/v1/financing``."""

import uuid

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from kernel.web.principal import Principal
from portals.financing.access import for_a_firm
from portals.financing.demands.desk import Asked, Chosen, FinancingDesk
from portals.financing.demands.schemas import Wish
from portals.financing.demands.views import AuthorisationView, DemandDetail, DemandRow, Preview
from portals.financing.products.views import ProductDetail, ProductRow

Me = NamedDependency[Principal]
BASE = "/api/v1/financing"


class Created(msgspec.Struct, frozen=True):
    demand_id: uuid.UUID


def handlers(desk: FinancingDesk) -> list[ControllerRouterHandler]:
    """Bearer token for a firm, scope ``rongtong``."""
    return [*_reading(desk), *_acting(desk)]


def _reading(desk: FinancingDesk) -> list[ControllerRouterHandler]:
    guards = [for_a_firm]

    @get(
        f"{BASE}/products",
        guards=guards,
        sync_to_thread=True,
        summary="Products with the verdict on this firm",
    )
    def list_products(principal: Me) -> list[ProductRow]:
        return desk.products(principal)

    @get(
        f"{BASE}/products/{{product_id:str}}",
        guards=guards,
        sync_to_thread=True,
        summary="One product, every clause judged for this firm",
    )
    def get_product(product_id: FromPath[str], principal: Me) -> ProductDetail:
        return desk.product(principal, product_id)

    @get(
        f"{BASE}/demands", guards=guards, sync_to_thread=True, summary="The firm's demands, the newest first"
    )
    def list_demands(principal: Me) -> list[DemandRow]:
        return desk.demands(principal)

    @get(
        f"{BASE}/demands/{{demand_id:uuid}}",
        guards=guards,
        sync_to_thread=True,
        summary="One demand with its banks, clocks and history",
    )
    def get_demand(demand_id: FromPath[uuid.UUID], principal: Me) -> DemandDetail:
        return desk.demand(principal, demand_id)

    @get(
        f"{BASE}/demands/{{demand_id:uuid}}/banks",
        guards=guards,
        sync_to_thread=True,
        summary="Which banks would be asked, in order, and what they would read",
    )
    def get_preview(demand_id: FromPath[uuid.UUID], principal: Me) -> Preview:
        return desk.preview(principal, demand_id)

    @get(
        f"{BASE}/authorisations",
        guards=guards,
        sync_to_thread=True,
        summary="What banks may read, and every reading",
    )
    def list_authorisations(principal: Me) -> list[AuthorisationView]:
        return desk.authorisations(principal)

    return [list_products, get_product, list_demands, get_demand, get_preview, list_authorisations]


def _acting(desk: FinancingDesk) -> list[ControllerRouterHandler]:
    guards = [for_a_firm]

    @post(f"{BASE}/demands", guards=guards, sync_to_thread=True, summary="Draft a demand; nobody sees it yet")
    def draft_demand(data: JSONBody[Wish], principal: Me) -> Created:
        return Created(desk.draft(principal, data))

    @post(
        f"{BASE}/demands/{{demand_id:uuid}}/amend",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Change a draft",
    )
    def amend_demand(demand_id: FromPath[uuid.UUID], data: JSONBody[Wish], principal: Me) -> None:
        desk.amend(principal, demand_id, data)

    @post(
        f"{BASE}/demands/{{demand_id:uuid}}/authorisation",
        guards=guards,
        sync_to_thread=True,
        summary="Prepare a data authorisation: the authorization_details to ask consent for (RFC 9396)",
    )
    def ask_authorisation(demand_id: FromPath[uuid.UUID], data: JSONBody[Chosen], principal: Me) -> Asked:
        return desk.ask(principal, demand_id, data)

    @post(
        f"{BASE}/authorisations",
        guards=guards,
        sync_to_thread=True,
        summary="Hand in a consent: call it with the token that carries the authorization_details; posts the demand",
    )
    def give_authorisation(principal: Me) -> Created:
        return Created(desk.give(principal))

    @post(
        f"{BASE}/authorisations/{{authorisation_id:uuid}}/withdraw",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Take an authorisation back: banks read nothing from now on",
    )
    def withdraw_authorisation(authorisation_id: FromPath[uuid.UUID], principal: Me) -> None:
        desk.withdraw_authorisation(principal, authorisation_id)

    @post(
        f"{BASE}/demands/{{demand_id:uuid}}/withdraw",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Withdraw a demand everywhere",
    )
    def withdraw_demand(demand_id: FromPath[uuid.UUID], principal: Me) -> None:
        desk.withdraw(principal, demand_id)

    return [
        draft_demand,
        amend_demand,
        ask_authorisation,
        give_authorisation,
        withdraw_authorisation,
        withdraw_demand,
    ]
