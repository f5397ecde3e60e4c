"""我的: what the city knows, the accounts money goes to, and by which ways messages come."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, NotFound, OutsideFailure
from kernel.i18n import gettext as _
from kernel.notices.service import set_preference, wants
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.schemas import AccountView
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.schemas import KnownAbout
from portals.services import Services
from portals.shared.benefits import Form
from portals.tong.benefits import TongBenefits

Me = NamedDependency[Principal]
CHANNELS = ("sms", "wechat", "email")


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bank: Annotated[str, msgspec.Meta(max_length=60)]
    number: Annotated[str, msgspec.Meta(max_length=60)]


class Channels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which ways messages also go out; the inbox always gets them."""

    sms: bool
    wechat: bool
    email: bool


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/me`` with accounts and settings, and their API."""
    benefits, house = TongBenefits(services), services.house

    def facts_of(principal: Principal) -> list[KnownAbout]:
        try:
            with house.database.read() as session:
                return known_about(session, principal.acting_for)
        except NotFound:
            return []

    def channels_of(principal: Principal) -> Channels:
        with house.database.read() as session:
            return Channels(*(wants(session, principal.acting_for, one) for one in CHANNELS))

    def choose_channels(principal: Principal, chosen: Channels) -> None:
        with house.database.write() as session:
            for channel in CHANNELS:
                is_wanted = bool(getattr(chosen, channel))
                set_preference(session, principal.acting_for, channel, is_enabled=is_wanted)

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
        return pages.page(request, "tong/me.html", facts_count=len(facts_of(principal)))

    @get("/me/facts", sync_to_thread=True, include_in_schema=False)
    def facts_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        by_source: dict[str, list[KnownAbout]] = {}
        for fact in facts_of(principal):
            by_source.setdefault(fact.source_name, []).append(fact)
        return pages.page(request, "tong/facts.html", by_source=by_source)

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

    @get("/me/notices", sync_to_thread=True, include_in_schema=False)
    def notices_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(request, "tong/notices.html", channels=channels_of(principal))

    @post("/me/notices", status_code=303, sync_to_thread=True, include_in_schema=False)
    def notices_form(data: Form, principal: Me) -> Redirect:
        choose_channels(principal, Channels(*(data.get(one) == "1" for one in CHANNELS)))
        return Redirect("/tong/me/notices", status_code=303)

    guards = [require(scope="tong")]

    @get("/api/v1/facts", guards=guards, sync_to_thread=True, summary="What the city knows about one")
    def list_facts(principal: Me) -> list[KnownAbout]:
        return facts_of(principal)

    @get("/api/v1/accounts", guards=guards, sync_to_thread=True, summary="One's payee accounts, masked")
    def list_accounts(principal: Me) -> list[AccountView]:
        return benefits.accounts(principal)

    @post("/api/v1/accounts", guards=guards, sync_to_thread=True, summary="Add a payee account of one's own")
    def add_account_api(data: JSONBody[NewAccount], principal: Me) -> AccountView:
        return benefits.add_account(principal, data.bank, data.number)

    @get("/api/v1/notice-channels", guards=guards, sync_to_thread=True, summary="Ways messages go out")
    def list_channels(principal: Me) -> Channels:
        return channels_of(principal)

    @post(
        "/api/v1/notice-channels",
        guards=guards,
        status_code=200,
        sync_to_thread=True,
        summary="Choose ways messages go out",
    )
    def choose_channels_api(data: JSONBody[Channels], principal: Me) -> Channels:
        choose_channels(principal, data)
        return channels_of(principal)

    return [
        me_page,
        facts_page,
        accounts_page,
        add_account_form,
        notices_page,
        notices_form,
        list_facts,
        list_accounts,
        add_account_api,
        list_channels,
        choose_channels_api,
    ]
