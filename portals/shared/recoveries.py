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
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.awards.schemas import DueToFamily
from policy_engine.delivery.recovery.schemas import OverpaymentView
from portals.routing import routes
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


class Affairs:
    """What a person may see of these, say to them and ask for."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house

    def mine(self, principal: Principal) -> Recoveries:
        now = self._house.clock.now()
        with self._house.database.read() as session:
            return Recoveries(
                due=tuple(views.due_to_family(session, self._services.ports, principal, now=now)),
                overpaid=tuple(views.my_overpayments(session, self._services.ports, principal, now=now)),
            )

    def one(self, principal: Principal, overpayment_id: uuid.UUID) -> OverpaymentView:
        with self._house.database.read() as session:
            return views.overpayment_for_person(
                session, self._services.ports, overpayment_id, principal, now=self._house.clock.now()
            )

    def answer(self, principal: Principal, overpayment_id: uuid.UUID, text: str) -> None:
        self.one(principal, overpayment_id)
        with self._house.database.write() as session:
            delivery.state_ones_view(
                session, overpayment_id, principal=principal, statement=text, now=self._house.clock.now()
            )

    def ask(self, principal: Principal, award_id: uuid.UUID, account_id: uuid.UUID, *, agreed: bool) -> None:
        if not agreed:
            what = _("请先确认其他继承人都同意由您领取。")
            raise InvalidInput(what, errors=[FieldError("agreed", what)])
        if account_id in {one.id for one in self.own_accounts(principal)}:
            delivery.verify_account(
                self._house.database,
                self._house.vault,
                self._services.bank,
                account_id,
                clock_now=self._house.clock.now,
            )
        with self._house.database.write() as session:
            delivery.name_heir(
                session,
                self._services.ports,
                award_id=award_id,
                principal=principal,
                heir_id=principal.subject_id,
                account_id=account_id,
                ground="declared",
                reference="",
                now=self._house.clock.now(),
            )

    def own_accounts(self, principal: Principal) -> list[AccountView]:
        if principal.capacity != "self":
            return []
        with self._house.database.read() as session:
            return views.my_accounts(session, principal, now=self._house.clock.now())


Ours = NamedDependency[Affairs]


def handlers(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """Pages at ``/recoveries`` and their API."""
    return routes(pages=PAGES, api=API, scope=portal, portal=portal, affairs=Affairs(services))


@get("/recoveries", sync_to_thread=True, include_in_schema=False)
def recoveries_page(
    request: WebRequest, principal: Me, pages: NamedDependency[Pages], affairs: Ours
) -> Response[str]:
    return _list_page(affairs, request, pages, principal)


@post("/recoveries/due/{award_id:uuid}", sync_to_thread=True, include_in_schema=False)
def ask_page(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    award_id: FromPath[uuid.UUID],
    data: URLEncodedBody[dict[str, str]],
    affairs: Ours,
    portal: NamedDependency[str],
) -> Response[str] | Redirect:
    try:
        account_id = uuid.UUID(data.get("account", ""))
    except ValueError:
        what = _("请先选择收款账户。")
        problem = InvalidInput(what, errors=[FieldError("account", what)])
        return _list_page(affairs, request, pages, principal, problem)
    try:
        affairs.ask(principal, award_id, account_id, agreed=data.get("agreed") == "1")
    except (InvalidInput, Conflict, OutsideFailure) as problem:
        return _list_page(affairs, request, pages, principal, problem)
    return Redirect(f"/{portal}/recoveries?done=asked", status_code=303)


@get("/recoveries/{overpayment_id:uuid}", sync_to_thread=True, include_in_schema=False)
def recovery_page(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    overpayment_id: FromPath[uuid.UUID],
    affairs: Ours,
) -> Response[str]:
    found = affairs.one(principal, overpayment_id)
    return pages.page(request, "shared/recovery.html", one=found, errors=(), typed="")


@post("/recoveries/{overpayment_id:uuid}/statement", sync_to_thread=True, include_in_schema=False)
def answer_page(
    request: WebRequest,
    principal: Me,
    pages: NamedDependency[Pages],
    overpayment_id: FromPath[uuid.UUID],
    data: URLEncodedBody[dict[str, str]],
    affairs: Ours,
    portal: NamedDependency[str],
) -> Response[str] | Redirect:
    text = data.get("statement", "")
    try:
        affairs.answer(principal, overpayment_id, text)
    except InvalidInput as problem:
        found, errors = affairs.one(principal, overpayment_id), (FieldError("statement", problem.detail),)
        page = pages.page(request, "shared/recovery.html", one=found, errors=errors, typed=text)
        page.status_code = 400
        return page
    return Redirect(f"/{portal}/recoveries/{overpayment_id}", status_code=303)


@get(
    "/recoveries",
    sync_to_thread=True,
    summary="What was paid too much, and what is still due to one's dead",
)
def list_recoveries(principal: Me, affairs: Ours) -> Recoveries:
    return affairs.mine(principal)


@post(
    "/recoveries/{overpayment_id:uuid}/statements",
    sync_to_thread=True,
    status_code=200,
    summary="Say what one has to say before anything is decided",
)
def add_statement(
    principal: Me, overpayment_id: FromPath[uuid.UUID], data: JSONBody[Statement], affairs: Ours
) -> OverpaymentView:
    affairs.answer(principal, overpayment_id, data.text)
    return affairs.one(principal, overpayment_id)


@post(
    "/recoveries/due/{award_id:uuid}",
    sync_to_thread=True,
    status_code=200,
    summary="Ask for what was still due to one's dead, for all heirs",
)
def ask_for_due(
    principal: Me, award_id: FromPath[uuid.UUID], data: JSONBody[AskedByFamily], affairs: Ours
) -> Recoveries:
    affairs.ask(principal, award_id, data.account_id, agreed=data.agreed)
    return affairs.mine(principal)


def _list_page(
    affairs: Affairs,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    problem: DongchuError | None = None,
) -> Response[str]:
    errors = () if problem is None else problem.at()
    return pages.page(
        request,
        "shared/recoveries.html",
        status=200 if problem is None else problem.status,
        found=affairs.mine(principal),
        accounts=affairs.own_accounts(principal),
        errors=errors,
    )


PAGES = [recoveries_page, ask_page, recovery_page, answer_page]
API = [list_recoveries, add_statement, ask_for_due]
