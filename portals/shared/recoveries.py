"""What was paid too much, and what is still due to one's dead: told, answered, and never taken by itself."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.awards.schemas import DueToFamily
from policy_engine.delivery.recovery.schemas import OverpaymentView
from portals.services import Services

Me = NamedDependency[Principal]


class Recoveries(msgspec.Struct, frozen=True, kw_only=True):
    """``due`` is what the city still owes to one's dead; it stands first."""

    due: tuple[DueToFamily, ...]
    overpaid: tuple[OverpaymentView, ...]


class AskedByFamily(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``account_id``: one's own; ``agreed``: all heirs agree that it goes there, which one answers for."""

    account_id: uuid.UUID
    agreed: bool


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """Pages at ``/recoveries`` and their API."""
    house = services.house

    def mine(principal: Principal) -> Recoveries:
        now = house.clock.now()
        with house.database.read() as session:
            return Recoveries(
                due=tuple(views.due_to_family(session, services.ports, principal, now=now)),
                overpaid=tuple(views.my_overpayments(session, services.ports, principal, now=now)),
            )

    def one(principal: Principal, overpayment_id: uuid.UUID) -> OverpaymentView:
        with house.database.read() as session:
            return views.overpayment_for_person(
                session, services.ports, overpayment_id, principal, now=house.clock.now()
            )

    def answer(principal: Principal, overpayment_id: uuid.UUID, text: str) -> None:
        one(principal, overpayment_id)
        with house.database.write() as session:
            delivery.state_ones_view(
                session, overpayment_id, principal=principal, statement=text, now=house.clock.now()
            )

    def ask(principal: Principal, award_id: uuid.UUID, account_id: uuid.UUID, *, agreed: bool) -> None:
        if not agreed:
            what = _("请先确认其他继承人都同意由您领取。")
            raise InvalidInput(what, errors=[FieldError("agreed", what)])
        if account_id in {one.id for one in own_accounts(principal)}:
            delivery.verify_account(
                house.database, house.vault, services.bank, account_id, clock_now=house.clock.now
            )
        with house.database.write() as session:
            delivery.name_heir(
                session,
                services.ports,
                award_id=award_id,
                principal=principal,
                heir_id=principal.subject_id,
                account_id=account_id,
                ground="declared",
                reference="",
                now=house.clock.now(),
            )

    def own_accounts(principal: Principal) -> list[AccountView]:
        if principal.capacity != "self":
            return []
        with house.database.read() as session:
            return views.my_accounts(session, principal, now=house.clock.now())

    def list_page(
        request: WebRequest, pages: Pages, principal: Principal, problem: DongchuError | None = None
    ) -> Response[str]:
        errors = () if problem is None else problem.at()
        return pages.page(
            request,
            "shared/recoveries.html",
            status=200 if problem is None else problem.status,
            found=mine(principal),
            accounts=own_accounts(principal),
            errors=errors,
        )

    @get("/recoveries", sync_to_thread=True, include_in_schema=False)
    def recoveries_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return list_page(request, pages, principal)

    @post("/recoveries/due/{award_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def ask_page(
        request: WebRequest,
        principal: Me,
        pages: NamedDependency[Pages],
        award_id: FromPath[uuid.UUID],
        data: URLEncodedBody[dict[str, str]],
    ) -> Response[str] | Redirect:
        try:
            account_id = uuid.UUID(data.get("account", ""))
        except ValueError:
            what = _("请先选择收款账户。")
            problem = InvalidInput(what, errors=[FieldError("account", what)])
            return list_page(request, pages, principal, problem)
        try:
            ask(principal, award_id, account_id, agreed=data.get("agreed") == "1")
        except (InvalidInput, Conflict, OutsideFailure) as problem:
            return list_page(request, pages, principal, problem)
        return Redirect(f"/{portal}/recoveries?done=asked", status_code=303)

    @get("/recoveries/{overpayment_id:uuid}", sync_to_thread=True, include_in_schema=False)
    def recovery_page(
        request: WebRequest,
        principal: Me,
        pages: NamedDependency[Pages],
        overpayment_id: FromPath[uuid.UUID],
    ) -> Response[str]:
        found = one(principal, overpayment_id)
        return pages.page(request, "shared/recovery.html", one=found, errors=(), typed="")

    @post("/recoveries/{overpayment_id:uuid}/statement", sync_to_thread=True, include_in_schema=False)
    def answer_page(
        request: WebRequest,
        principal: Me,
        pages: NamedDependency[Pages],
        overpayment_id: FromPath[uuid.UUID],
        data: URLEncodedBody[dict[str, str]],
    ) -> Response[str] | Redirect:
        text = data.get("statement", "")
        try:
            answer(principal, overpayment_id, text)
        except InvalidInput as problem:
            found, errors = one(principal, overpayment_id), (FieldError("statement", problem.detail),)
            page = pages.page(request, "shared/recovery.html", one=found, errors=errors, typed=text)
            page.status_code = 400
            return page
        return Redirect(f"/{portal}/recoveries/{overpayment_id}", status_code=303)

    @get(
        "/api/v1/recoveries",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="What was paid too much, and what is still due to one's dead",
    )
    def list_recoveries(principal: Me) -> Recoveries:
        return mine(principal)

    @post(
        "/api/v1/recoveries/{overpayment_id:uuid}/statements",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        status_code=200,
        summary="Say what one has to say before anything is decided",
    )
    def add_statement(
        principal: Me, overpayment_id: FromPath[uuid.UUID], data: JSONBody[Statement]
    ) -> OverpaymentView:
        answer(principal, overpayment_id, data.text)
        return one(principal, overpayment_id)

    @post(
        "/api/v1/recoveries/due/{award_id:uuid}",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        status_code=200,
        summary="Ask for what was still due to one's dead, for all heirs",
    )
    def ask_for_due(
        principal: Me, award_id: FromPath[uuid.UUID], data: JSONBody[AskedByFamily]
    ) -> Recoveries:
        ask(principal, award_id, data.account_id, agreed=data.agreed)
        return mine(principal)

    return [
        recoveries_page,
        recovery_page,
        answer_page,
        ask_page,
        list_recoveries,
        add_statement,
        ask_for_due,
    ]
