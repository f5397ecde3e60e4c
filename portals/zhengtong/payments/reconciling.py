"""The bank's statements against the books: pages, API and what they do."""

import uuid
from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel.errors import FieldError, Forbidden, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.reconciliation.schemas import DifferenceView, ReconciledDayView
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")
PATH = "/zhengtong/payments/reconciliation"

KINDS = {
    "unknown_order": N_("银行有，账上没有这笔指令"),
    "amount": N_("金额不一致"),
    "not_in_books": N_("银行已付，账上还不知道"),
    "return_not_in_books": N_("银行已退回，账上还不知道"),
    "not_on_statement": N_("账上已付，银行没有"),
}
STATES = {
    "balanced": N_("平"),
    "open": N_("有差异"),
    "explained": N_("差异已说明"),
    "settled": N_("已自行消除"),
}


class DayFile(msgspec.Struct, frozen=True, kw_only=True):
    """``day`` is null where the day has not been held against the bank yet."""

    day: ReconciledDayView | None
    differences: tuple[DifferenceView, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    explanation: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


def days(services: Services, principal: Principal) -> list[ReconciledDayView]:
    with services.house.database.read() as session:
        return views.reconciled_days(session, principal)


def day_file(services: Services, principal: Principal, day: date) -> DayFile:
    with services.house.database.read() as session:
        known = {one.day: one for one in views.reconciled_days(session, principal)}
        return DayFile(
            day=known.get(day), differences=tuple(views.differences_of_day(session, principal, day))
        )


def reconcile(services: Services, principal: Principal, day: date) -> None:
    """Ask the bank for the day's statement now. Raises ``InvalidInput`` for a day that is not over."""
    if not principal.has_duty("payment.approve"):
        raise Forbidden(_("对账不属于您所在席位的职责。"))
    house = services.house
    if day > house.clock.today():
        raise InvalidInput(
            _("这一天还没有到，没有对账单。"), errors=[FieldError("day", _("请选择今天或以前的日期。"))]
        )
    delivery.reconcile_with_bank(house.database, house.clock, services.statements, day)


def explain(services: Services, principal: Principal, difference_id: uuid.UUID, explanation: str) -> date:
    house = services.house
    with house.database.write() as session:
        done = delivery.explain_difference(
            session,
            difference_id=difference_id,
            principal=principal,
            explanation=explanation,
            now=house.clock.now(),
        )
        return done.day


@get("/payments/reconciliation", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def days_page(visit: Visiting) -> Response[str]:
    """Day by day, whether the bank and the books agree."""
    return _days_page(visit)


@post("/payments/reconciliation", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def reconcile_page(visit: Visiting, data: Form) -> Response[str] | Redirect:
    try:
        day = _day_of(forms.one(data, "day"))
        reconcile(visit.services, visit.principal, day)
    except InvalidInput as problem:
        errors = problem.at("day")
        return _days_page(visit, errors=errors)
    return Redirect(f"{PATH}/{day}", status_code=303)


@get("/payments/reconciliation/{day:date}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def day_page(visit: Visiting, day: FromPath[date]) -> Response[str]:
    """One day and everything that does not agree."""
    return visit.page(
        "zhengtong/payments/reconciled_day.html",
        on=day,
        file=day_file(visit.services, visit.principal, day),
        kinds=KINDS,
        states=STATES,
        may_pay=visit.principal.has_duty("payment.approve"),
    )


@get(
    "/payments/reconciliation/{day:date}/differences.csv",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_SEE],
)
def day_export(services: Given, principal: Said, day: FromPath[date]) -> Response[str]:
    """The report of what does not balance."""
    header = [_("类别"), _("指令编号"), _("银行（元）"), _("账上（元）"), _("状态"), _("说明")]
    rows = [
        [
            _(KINDS[one.kind]),
            one.instruction_id,
            one.bank_fen / 100,
            one.books_fen / 100,
            _(STATES[one.state]),
            one.explanation,
        ]
        for one in day_file(services, principal, day).differences
    ]
    with services.house.database.write() as session:
        return export(
            session, principal, f"reconciliation-{day}", header, rows, now=services.house.clock.now()
        )


@post(
    "/payments/reconciliation/differences/{difference_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_PAY],
)
def explain_page(
    services: Given, principal: Said, difference_id: FromPath[uuid.UUID], data: Form
) -> Redirect:
    day = explain(services, principal, difference_id, forms.one(data, "explanation"))
    return Redirect(f"{PATH}/{day}", status_code=303)


@get(
    "/reconciliation",
    sync_to_thread=True,
    tags=["reconciliation"],
    summary="Days held against the bank's statements, the newest first",
    guards=[MAY_SEE],
)
def list_days(services: Given, principal: Said) -> list[ReconciledDayView]:
    return days(services, principal)


@get(
    "/reconciliation/{day:date}",
    sync_to_thread=True,
    tags=["reconciliation"],
    summary="One day, with everything that does not agree",
    guards=[MAY_SEE],
)
def read_day(services: Given, principal: Said, day: FromPath[date]) -> DayFile:
    return day_file(services, principal, day)


@post(
    "/reconciliation/{day:date}",
    status_code=200,
    sync_to_thread=True,
    tags=["reconciliation"],
    summary="Ask the bank for a day's statement and hold it against the books",
    guards=[MAY_PAY],
)
def add_day(services: Given, principal: Said, day: FromPath[date]) -> DayFile:
    reconcile(services, principal, day)
    return day_file(services, principal, day)


@post(
    "/reconciliation/differences/{difference_id:uuid}/explanation",
    status_code=204,
    sync_to_thread=True,
    tags=["reconciliation"],
    summary="Say what became of a difference",
    guards=[MAY_PAY],
)
def add_explanation(
    services: Given, principal: Said, difference_id: FromPath[uuid.UUID], data: JSONBody[Explanation]
) -> None:
    explain(services, principal, difference_id, data.explanation)


def _days_page(visit: Visit, *, errors: tuple[FieldError, ...] = ()) -> Response[str]:
    page = visit.page(
        "zhengtong/payments/reconciliation.html",
        days=days(visit.services, visit.principal),
        states=STATES,
        errors=errors,
        today=visit.services.house.clock.today(),
        may_pay=visit.principal.has_duty("payment.approve"),
    )
    page.status_code = 400 if errors else 200
    return page


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        what = _("请填写日期，如 2026-11-23。")
        raise InvalidInput(what, errors=[FieldError("day", what)]) from None


PAGES = [days_page, reconcile_page, day_page, day_export, explain_page]
API = [list_days, read_day, add_day, add_explanation]
