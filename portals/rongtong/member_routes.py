"""Pages and API of who may act for the enterprise."""

import uuid
from collections.abc import Callable

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.rongtong.members import MONTHS, Appointment, Members, NewMandate, NewWorker, Order
from portals.routing import routes
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
PAGE = "/rongtong/members"
_ACTING = require(scope="members", capacity="enterprise")


Ours = NamedDependency[Members]


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/members`` and ``/api/v1/members``."""
    return routes(pages=PAGES, api=API, guards=[_ACTING], desk=Members(services.house))


@get("/members", sync_to_thread=True, include_in_schema=False)
def members_page(
    request: WebRequest, principal: Me, pages: NamedDependency[Pages], desk: Ours
) -> Response[str]:
    return _view(desk, request, pages, principal, {})


@post("/members", status_code=303, sync_to_thread=True, include_in_schema=False)
def appoint_form(
    request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages], desk: Ours
) -> Response[str] | Redirect:
    return _done(desk, request, pages, principal, data, lambda: desk.appoint(principal, _appointment(data)))


@post(
    "/members/{membership_id:uuid}/end",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def dismiss_form(membership_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> Redirect:
    desk.dismiss(principal, membership_id)
    return Redirect(PAGE, status_code=303)


@post("/mandates", status_code=303, sync_to_thread=True, include_in_schema=False)
def mandate_form(
    request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages], desk: Ours
) -> Response[str] | Redirect:
    return _done(desk, request, pages, principal, data, lambda: desk.mandate(principal, _mandate(data)))


@post(
    "/mandates/{mandate_id:uuid}/end",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def end_mandate_form(mandate_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> Redirect:
    desk.end_mandate(principal, mandate_id)
    return Redirect(PAGE, status_code=303)


@post(
    "/mandates/{mandate_id:uuid}/workers",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def assign_form(
    request: WebRequest,
    mandate_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    pages: NamedDependency[Pages],
    desk: Ours,
) -> Response[str] | Redirect:
    return _done(
        desk, request, pages, principal, data, lambda: desk.assign(principal, mandate_id, _worker(data))
    )


@post(
    "/workers/{assignment_id:uuid}/end",
    status_code=303,
    sync_to_thread=True,
    include_in_schema=False,
)
def withdraw_form(assignment_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> Redirect:
    desk.withdraw(principal, assignment_id)
    return Redirect(PAGE, status_code=303)


@get("/members", sync_to_thread=True, summary="Who may act for the firm")
def list_members(principal: Me, desk: Ours) -> Order:
    return desk.read(principal)


@post("/members", sync_to_thread=True, summary="Appoint somebody")
def add_member(data: JSONBody[Appointment], principal: Me, desk: Ours) -> Order:
    desk.appoint(principal, data)
    return desk.read(principal)


@post(
    "/members/{membership_id:uuid}/end",
    status_code=204,
    sync_to_thread=True,
    summary="Dismiss somebody, and with them whom they appointed",
)
def end_member(membership_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> None:
    desk.dismiss(principal, membership_id)


@post("/mandates", sync_to_thread=True, summary="Let an agency act for the firm")
def add_mandate(data: JSONBody[NewMandate], principal: Me, desk: Ours) -> Order:
    desk.mandate(principal, data)
    return desk.read(principal)


@post(
    "/mandates/{mandate_id:uuid}/end",
    status_code=204,
    sync_to_thread=True,
    summary="End a mandate, from either side",
)
def end_mandate(mandate_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> None:
    desk.end_mandate(principal, mandate_id)


@post(
    "/mandates/{mandate_id:uuid}/workers",
    sync_to_thread=True,
    summary="Give a mandate to one of the firm's own people",
)
def add_worker(
    mandate_id: FromPath[uuid.UUID], data: JSONBody[NewWorker], principal: Me, desk: Ours
) -> Order:
    desk.assign(principal, mandate_id, data)
    return desk.read(principal)


@post(
    "/workers/{assignment_id:uuid}/end",
    status_code=204,
    sync_to_thread=True,
    summary="Take somebody off a mandate",
)
def end_worker(assignment_id: FromPath[uuid.UUID], principal: Me, desk: Ours) -> None:
    desk.withdraw(principal, assignment_id)


def _view(
    desk: Members,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    typed: dict[str, str],
    problem: DongchuError | None = None,
) -> Response[str]:
    errors = () if problem is None else problem.at()
    return pages.page(
        request,
        "rongtong/members.html",
        status=200 if problem is None else problem.status,
        order=desk.read(principal),
        typed={**typed, "id_number": ""} if problem is None else typed,
        errors=errors,
        terms=[(key, _("%(months)s个月", months=key)) for key in MONTHS],
    )


def _done(
    desk: Members,
    request: WebRequest,
    pages: Pages,
    principal: Principal,
    typed: dict[str, str],
    act: Callable[[], object],
) -> Response[str] | Redirect:
    """Do it, or show the page again with what was wrong and what was typed."""
    try:
        act()
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _view(desk, request, pages, principal, typed, problem)
    return Redirect(PAGE, status_code=303)


def _appointment(form: dict[str, str]) -> Appointment:
    errors = _missing(form, {"name": _("请填写对方的姓名"), "id_number": _("请填写对方的身份证号码")})
    role = form.get("role", "")
    if role not in ("administrator", "agent"):
        errors.append(FieldError("role", _("请选择角色")))
    if form.get("months") not in MONTHS:
        errors.append(FieldError("months", _("请选择期限")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return Appointment(
        name=form["name"][:120],
        id_number=form["id_number"][:120],
        role="administrator" if role == "administrator" else "agent",
        months=int(form["months"]),
        may_show_licences=form.get("may_show_licences") == "1",
        may_finance=form.get("may_finance") == "1",
    )


def _mandate(form: dict[str, str]) -> NewMandate:
    errors = _missing(form, {"agency_name": _("请填写代理机构的名称"), "uscc": _("请填写统一社会信用代码")})
    if form.get("agency_months") not in MONTHS:
        errors.append(FieldError("agency_months", _("请选择期限")))
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return NewMandate(
        name=form["agency_name"][:120],
        uscc=form["uscc"][:120],
        months=int(form["agency_months"]),
        may_show_licences=form.get("agency_may_show_licences") == "1",
        may_finance=form.get("agency_may_finance") == "1",
    )


def _worker(form: dict[str, str]) -> NewWorker:
    text = form.get("member", "")
    try:
        return NewWorker(member=None if text == "head" else uuid.UUID(text))
    except ValueError:
        what = _("请选择由谁办理")
        raise InvalidInput(what, errors=[FieldError("member", what)]) from None


def _missing(form: dict[str, str], wanted: dict[str, str]) -> list[FieldError]:
    return [FieldError(name, text) for name, text in wanted.items() if not form.get(name, "").strip()]


PAGES = [members_page, appoint_form, dismiss_form, mandate_form, end_mandate_form, assign_form, withdraw_form]
API = [list_members, add_member, end_member, add_mandate, end_mandate, add_worker, end_worker]
