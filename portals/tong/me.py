"""我的: what the city knows, and the accounts money goes to."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.profiles.schemas import KnownAbout
from portals.services import Services
from portals.shared.benefits import Form
from portals.shared.knowledge import Knowledge
from portals.tong.benefits import TongBenefits

Me = NamedDependency[Principal]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bank: Annotated[str, msgspec.Meta(max_length=60)]
    number: Annotated[str, msgspec.Meta(max_length=60)]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/me`` with facts and accounts, and their API."""
    benefits, known = TongBenefits(services), Knowledge(services)

    def accounts_view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        given: dict[str, str],
        problem: DongchuError | None = None,
    ) -> Response[str]:
        errors = list(problem.errors) or [FieldError("number", _(problem.detail))] if problem else []
        return pages.page(
            request,
            "tong/accounts.html",
            status=problem.status if problem is not None else 200,
            accounts=benefits.accounts(principal),
            given=given,
            errors=errors,
        )

    @get("/me", sync_to_thread=True, include_in_schema=False)
    def me_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "tong/me.html", facts_count=len(known.facts(principal)))

    @get("/me/facts", sync_to_thread=True, include_in_schema=False)
    def facts_page(
        request: WebRequest, principal: Me, pages: NamedDependency[Pages], who: FromQuery[str] = ""
    ) -> Response[str]:
        by_source: dict[str, list[KnownAbout]] = {}
        for fact in known.facts(principal, who):
            by_source.setdefault(fact.source_name, []).append(fact)
        return pages.page(
            request, "tong/facts.html", by_source=by_source, who=who, people=known.people(principal)
        )

    @get("/me/accounts", sync_to_thread=True, include_in_schema=False)
    def accounts_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return accounts_view(request, pages, principal, {})

    @post("/me/accounts", status_code=303, sync_to_thread=True, include_in_schema=False)
    def add_account_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        try:
            benefits.add_account(principal, data.get("bank", ""), data.get("number", ""))
        except (InvalidInput, Conflict, OutsideFailure) as problem:
            return accounts_view(request, pages, principal, data, problem)
        return Redirect("/tong/me/accounts", status_code=303)

    guards = [require(scope="tong")]

    @get("/api/v1/facts", guards=guards, sync_to_thread=True, summary="What the city knows about one")
    def list_facts(principal: Me, who: FromQuery[str] = "") -> list[KnownAbout]:
        return known.facts(principal, who)

    @get("/api/v1/accounts", guards=guards, sync_to_thread=True, summary="One's payee accounts, masked")
    def list_accounts(principal: Me) -> list[AccountView]:
        return benefits.accounts(principal)

    @post("/api/v1/accounts", guards=guards, sync_to_thread=True, summary="Add a payee account of one's own")
    def add_account_api(data: JSONBody[NewAccount], principal: Me) -> AccountView:
        return benefits.add_account(principal, data.bank, data.number)

    return [
        me_page,
        facts_page,
        accounts_page,
        add_account_form,
        list_facts,
        list_accounts,
        add_account_api,
    ]
