"""Offers compared, one offer's statement of costs with its calculator, and the firm's answer: pages and API."""

import uuid
from datetime import date
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import entries
from portals.financing.access import for_a_firm
from portals.financing.banks import offers
from portals.financing.comparing import service
from portals.financing.comparing.service import Compared, Comparison
from portals.financing.costs.changes import EarlyRepayment
from portals.financing.costs.statement import PARTIES
from portals.financing.demands.schemas import Actor
from portals.financing.entries import Form
from portals.routing import routes
from portals.services import Services

Me = NamedDependency[Principal]


class AskedEarly(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Repay on a day: a part of the principal, or all of it; ``fee_bp`` is the bank's fee in 万分之一 of it."""

    on: date
    amount_fen: int | None = None
    fee_bp: int = 0
    keep: Literal["term", "instalment"] = "term"


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: str = ""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    state: str


class Comparing:
    """A firm looks at the offers made to it and answers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def compared(self, offer_id: uuid.UUID, principal: Principal) -> Compared:
        with self._house.database.read() as session:
            in_force = self._services.published.current(session)
            return service.costs_of(
                session, in_force, offer_id, principal.acting_for, self._house.clock.now()
            )

    def comparison(self, demand_id: uuid.UUID, principal: Principal) -> Comparison:
        with self._house.database.read() as session:
            in_force = self._services.published.current(session)
            return service.compare(
                session, in_force, demand_id, principal.acting_for, self._house.clock.now()
            )

    def answer(self, offer_id: uuid.UUID, principal: Principal, *, accepts: bool, note: str = "") -> Answered:
        by, now = Actor.firm(principal), self._house.clock.now()
        with self._house.database.write() as session:
            if accepts:
                offer = offers.accept(session, offer_id, by=by, now=now)
            else:
                offer = offers.refuse(session, offer_id, note, by=by, now=now)
            return Answered(id=offer.id, state=offer.state)


Ours = NamedDependency[Comparing]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/financing/demands/{id}/compare``, ``/financing/offers/{id}`` and their API."""
    return routes(pages=PAGES, api=API, guards=[for_a_firm], comparing=Comparing(services))


@get(
    "/financing/demands/{demand_id:uuid}/compare",
    sync_to_thread=True,
    include_in_schema=False,
)
def compare_page(
    request: WebRequest,
    demand_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
    comparing: Ours,
) -> Response[str]:
    found = comparing.comparison(demand_id, principal)
    return pages.page(request, "financing/compare.html", comparison=found)


@get("/financing/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False)
def offer_page(
    request: WebRequest,
    offer_id: FromPath[uuid.UUID],
    principal: Me,
    pages: NamedDependency[Pages],
    comparing: Ours,
    on: FromQuery[str] = "",
    amount: FromQuery[str] = "",
    fee: FromQuery[str] = "",
    keep: FromQuery[str] = "term",
) -> Response[str]:
    found = comparing.compared(offer_id, principal)
    asked = {"on": on, "amount": amount, "fee": fee, "keep": keep}
    early, errors = _early(found, asked) if on or amount else (None, ())
    return pages.page(
        request,
        "financing/offer.html",
        status=400 if errors else 200,
        compared=found,
        parties=PARTIES,
        asked=asked,
        early=early,
        errors=errors,
    )


@post(
    "/financing/offers/{offer_id:uuid}/{word:str}",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def answer_form(
    offer_id: FromPath[uuid.UUID], word: FromPath[str], principal: Me, data: Form, comparing: Ours
) -> Redirect:
    if word not in ("accept", "refuse"):
        raise NotFound(_("没有找到您要的内容。"))
    comparing.answer(offer_id, principal, accepts=word == "accept", note=entries.text(data, "note"))
    return Redirect(f"/rongtong/financing/offers/{offer_id}", status_code=303)


@get(
    "/financing/demands/{demand_id:uuid}/comparison",
    sync_to_thread=True,
    summary="The offers for a demand side by side, the cheapest first by all-in yearly cost",
)
def compare_api(demand_id: FromPath[uuid.UUID], principal: Me, comparing: Ours) -> Comparison:
    return comparing.comparison(demand_id, principal)


@get(
    "/financing/offers/{offer_id:uuid}/costs",
    sync_to_thread=True,
    summary="An offer's statement of costs with its schedule",
)
def costs_api(offer_id: FromPath[uuid.UUID], principal: Me, comparing: Ours) -> Compared:
    return comparing.compared(offer_id, principal)


@post(
    "/financing/offers/{offer_id:uuid}/early-repayments",
    status_code=200,
    sync_to_thread=True,
    summary="What repaying an offer's loan early would mean; nothing is kept of it",
)
def early_api(
    offer_id: FromPath[uuid.UUID], data: JSONBody[AskedEarly], principal: Me, comparing: Ours
) -> EarlyRepayment:
    found = comparing.compared(offer_id, principal)
    return service.repaid_early(found, data.on, data.amount_fen, data.fee_bp, data.keep)


@post(
    "/financing/offers/{offer_id:uuid}/accept",
    status_code=200,
    sync_to_thread=True,
    summary="Accept an offer; the others end",
)
def accept_api(offer_id: FromPath[uuid.UUID], principal: Me, comparing: Ours) -> Answered:
    return comparing.answer(offer_id, principal, accepts=True)


@post(
    "/financing/offers/{offer_id:uuid}/refuse",
    status_code=200,
    sync_to_thread=True,
    summary="Refuse an offer, with words for the bank or without",
)
def refuse_api(
    offer_id: FromPath[uuid.UUID], data: JSONBody[Answer], principal: Me, comparing: Ours
) -> Answered:
    return comparing.answer(offer_id, principal, accepts=False, note=data.note)


def _early(found: Compared, asked: dict[str, str]) -> tuple[EarlyRepayment | None, tuple[FieldError, ...]]:
    """The calculator's answer, or what is wrong with the question, by the fields of the form."""
    try:
        on, amount_fen = entries.day(asked, "on"), entries.optional_fen(asked, "amount")
        return service.repaid_early(
            found, on, amount_fen, entries.basis_points(asked, "fee"), asked["keep"]
        ), ()
    except InvalidInput as problem:
        names = {"amount_fen": "amount", "fee_bp": "fee"}
        errors = (FieldError(names.get(one.where, one.where), one.what, one.mend) for one in problem.errors)
        return None, tuple(errors)


PAGES = [compare_page, offer_page, answer_form]
API = [compare_api, costs_api, early_api, accept_api, refuse_api]
