"""A firm's financing in Rongtong: pages here, the same as JSON in ``api``."""

import uuid
from typing import get_args

import anyio
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing.access import for_a_firm
from portals.financing.demands.consent import ConsentDesk
from portals.financing.demands.desk import FinancingDesk
from portals.financing.demands.forms import Form, Sent, chosen_of, many, one, sent_of, wish_of
from portals.financing.demands.schemas import COLLATERALS, PURPOSES, ROUTINGS, WISHED
from portals.financing.institutions import institutions
from portals.financing.products.document import Collateral

Me = NamedDependency[Principal]
HOME = "/rongtong/financing"
_GUARDS = [for_a_firm]


def handlers(desk: FinancingDesk, consent: ConsentDesk) -> list[ControllerRouterHandler]:
    """Pages at ``/financing``."""
    return [*_looking(desk), *_demanding(desk), *_authorising(desk, consent)]


def _looking(desk: FinancingDesk) -> list[ControllerRouterHandler]:
    @get("/financing/products", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def products_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "financing/products.html", products=desk.products(principal))

    @get("/financing/products/{product_id:str}", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def product_page(
        request: WebRequest, product_id: FromPath[str], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(request, "financing/product.html", product=desk.product(principal, product_id))

    @get("/financing/demands/{demand_id:uuid}", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def demand_page(
        request: WebRequest, demand_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(request, "financing/demand.html", demand=desk.demand(principal, demand_id))

    @get("/financing/authorisations", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def authorisations_page(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request, "financing/authorisations.html", authorisations=desk.authorisations(principal)
        )

    return [products_page, product_page, demand_page, authorisations_page]


def _demanding(desk: FinancingDesk) -> list[ControllerRouterHandler]:
    def form(
        request: WebRequest,
        principal: Principal,
        pages: Pages,
        typed: Sent,
        problem: DongchuError | None = None,
        demand_id: uuid.UUID | None = None,
    ) -> Response[str]:
        wanted = one(typed, "wanted_product")
        return pages.page(
            request,
            "financing/new_demand.html",
            demand_id=demand_id,
            status=200 if problem is None else problem.status,
            errors=_errors(problem),
            typed={name: one(typed, name) for name in typed},
            collateral=many(typed, "collateral"),
            product=desk.product(principal, wanted) if wanted else None,
            purposes=_options(PURPOSES),
            repayments=_options(WISHED),
            collaterals=_options(COLLATERALS),
            routings=_options(ROUTINGS),
            banks=[(one.code, one.title) for one in institutions().values() if one.kind == "bank"],
        )

    @get("/financing/demands/new", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def new_page(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages], product: FromQuery[str] = ""
    ) -> Response[str]:
        typed: Sent = {
            "term_months": "12",
            "purpose": "working_capital",
            "repayment": "any",
            "routing": "open",
            "collateral": ["none", "guarantee"],
        }
        if product:
            found = desk.product(principal, product)
            typed |= {"wanted_product": product, "routing": "named", "collateral": list(get_args(Collateral))}
            if found.row.limit_fen is not None:
                typed["amount"] = f"{found.row.limit_fen / 1_000_000:g}"
            typed["term_months"] = str(min(max(12, found.row.least_months), found.row.most_months))
        return form(request, principal, pages, typed)

    @post("/financing/demands", guards=_GUARDS, status_code=303, sync_to_thread=True, include_in_schema=False)
    def new_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        try:
            demand_id = desk.draft(principal, wish_of(data))
        except (InvalidInput, Conflict) as problem:
            return form(request, principal, pages, data, problem)
        return Redirect(f"{HOME}/demands/{demand_id}/banks", status_code=303)

    @get(
        "/financing/demands/{demand_id:uuid}/change",
        guards=_GUARDS,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def change_page(
        request: WebRequest, demand_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return form(request, principal, pages, sent_of(desk.wish(principal, demand_id)), demand_id=demand_id)

    @post(
        "/financing/demands/{demand_id:uuid}/change",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def change_form(
        request: WebRequest,
        demand_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        try:
            desk.amend(principal, demand_id, wish_of(data))
        except InvalidInput as problem:
            return form(request, principal, pages, data, problem, demand_id)
        return Redirect(f"{HOME}/demands/{demand_id}/banks", status_code=303)

    @post(
        "/financing/demands/{demand_id:uuid}/withdraw",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def withdraw_form(demand_id: FromPath[uuid.UUID], data: Form, principal: Me) -> Redirect:
        desk.withdraw(principal, demand_id, one(data, "note")[:500])
        return Redirect(f"{HOME}/demands/{demand_id}", status_code=303)

    return [new_page, new_form, change_page, change_form, withdraw_form]


def _authorising(desk: FinancingDesk, consent: ConsentDesk) -> list[ControllerRouterHandler]:
    # Coming back asks the issuer, which may be this very process: it must not wait for our own threads.
    waiting = anyio.CapacityLimiter(8)

    def asking(
        request: WebRequest,
        principal: Principal,
        pages: Pages,
        demand_id: uuid.UUID,
        typed: Sent | None = None,
        problem: DongchuError | None = None,
    ) -> Response[str]:
        return pages.page(
            request,
            "financing/banks.html",
            status=200 if problem is None else problem.status,
            preview=desk.preview(principal, demand_id),
            typed={} if typed is None else {name: many(typed, name) for name in typed},
            errors=_errors(problem),
        )

    @get(
        "/financing/demands/{demand_id:uuid}/banks",
        guards=_GUARDS,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def banks_page(
        request: WebRequest, demand_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return asking(request, principal, pages, demand_id)

    @post(
        "/financing/demands/{demand_id:uuid}/banks",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def banks_form(
        request: WebRequest,
        demand_id: FromPath[uuid.UUID],
        data: Form,
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str] | Redirect:
        try:
            asked = desk.ask(principal, demand_id, chosen_of(data))
        except InvalidInput as problem:
            return asking(request, principal, pages, demand_id, data, problem)
        address = consent.begin(principal, demand_id, asked.authorization_details[0])
        return Redirect(address, status_code=303, headers={"Cache-Control": "no-store"})

    @get("/financing/authorised", guards=_GUARDS, status_code=303, include_in_schema=False)
    async def authorised(request: WebRequest, principal: Me) -> Redirect:
        query = dict(request.query_params)
        return await anyio.to_thread.run_sync(_complete, desk, consent, principal, query, limiter=waiting)

    @post(
        "/financing/authorisations/{authorisation_id:uuid}/withdraw",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def withdraw_form(authorisation_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        desk.withdraw_authorisation(principal, authorisation_id)
        return Redirect(f"{HOME}/authorisations", status_code=303)

    return [banks_page, banks_form, authorised, withdraw_form]


def _complete(
    desk: FinancingDesk, consent: ConsentDesk, principal: Principal, query: dict[str, str]
) -> Redirect:
    """Take the consent, or go back to where it is asked when it was refused."""
    demand_id, answer = consent.complete(principal, query)
    if answer is None:
        return Redirect(f"{HOME}/demands/{demand_id}/banks", status_code=303)
    desk.give(answer)
    return Redirect(f"{HOME}/demands/{demand_id}", status_code=303)


def _options(words: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, _(text)) for code, text in words.items()]


def _errors(problem: DongchuError | None) -> list[FieldError]:
    if problem is None:
        return []
    return list(problem.errors) or [FieldError("", problem.detail)]
