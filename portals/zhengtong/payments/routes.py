"""Payments by where they stand, the batches, and the books."""

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from policy_engine.delivery.views import PaymentFilter
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.payments import acts, runs
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")
BUDGETS = 50


@get("/payments", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def payments(
    visit: Visiting,
    view: FromQuery[str] = "ready",
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Response[str]:
    """What is ready to be paid first; the other views beside it."""
    return _payments_page(visit, view, PaymentFilter(policy=policy, words=q), page=page)


@post("/payments/batches", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def approve(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Approve what was ticked as one batch."""
    try:
        batch = acts.approve(visit.services, visit.principal, forms.numbers(data, "payment"))
    except InvalidInput as problem:
        errors = (FieldError("", problem.detail),)
        return _payments_page(visit, "ready", PaymentFilter(), errors=errors, status=400)
    return Redirect(f"/zhengtong/payments/batches/{batch.id}?done=batch", status_code=303)


@post("/payments/{payment_id:uuid}/release", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def release(visit: Visiting, payment_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Let a held payment go on, with the reason."""
    try:
        acts.release(visit.services, visit.principal, payment_id, forms.one(data, "reason"))
    except InvalidInput as problem:
        errors = (FieldError("", problem.detail),)
        return _payments_page(visit, "ready", PaymentFilter(), errors=errors, status=400)
    return Redirect("/zhengtong/payments?done=released", status_code=303)


@get("/payments.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def payments_export(
    services: Given,
    principal: Said,
    view: FromQuery[str] = "ready",
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    """A view as it is filtered, as CSV; so many lines as a file has room for."""
    wanted = PaymentFilter(policy=policy, words=q)
    header = [
        _("事项"),
        _("对象"),
        _("所属期"),
        _("金额（元）"),
        _("状态"),
        _("账户"),
        _("应发日期"),
        _("到账时间"),
        _("等待资金自"),
        _("排位"),
    ]
    rows = [
        [
            payment.policy.title,
            payment.for_name,
            payment.period,
            payment.amount_fen / 100,
            payment.state_label,
            payment.account.masked if payment.account else "",
            payment.due_on,
            payment.paid_at,
            payment.waiting_since_at,
            payment.waiting_position,
        ]
        for payment in acts.payments_in(services, principal, view, wanted, limit=acts.MOST_EXPORTED).items
    ]
    with services.house.database.write() as session:
        return export(session, principal, f"payments-{view}", header, rows, now=services.house.clock.now())


@get("/payments/batches", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def batches(visit: Visiting, page: FromQuery[int] = 1) -> Response[str]:
    here = max(1, page)
    found = acts.batches(
        visit.services, visit.principal, limit=acts.BATCHES + 1, offset=(here - 1) * acts.BATCHES
    )
    return visit.page(
        "zhengtong/payments/batches.html",
        batches=found[: acts.BATCHES],
        here=here,
        last=here + (len(found) > acts.BATCHES),
        states=runs.STATES,
    )


@get("/payments/batches/{batch_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def batch(
    visit: Visiting, batch_id: FromPath[uuid.UUID], q: FromQuery[str] = "", page: FromQuery[int] = 1
) -> Response[str]:
    """How far a batch has come, payment by payment."""
    return runs.batch_page(visit, batch_id, q, page=page)


@get("/payments/budgets", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def budgets(
    visit: Visiting,
    year: FromQuery[int | None] = None,
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Response[str]:
    """The books of a year: appropriation, reserved, instructed, paid; alarms first."""
    return _budgets_page(visit, year=year, q=q, kind=kind, page=page)


@post("/payments/budgets", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def appropriate(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Book an appropriation."""
    try:
        budget_id = forms.identified(forms.one(data, "budget"))
        acts.appropriate(
            visit.services,
            visit.principal,
            budget_id,
            forms.fen(data, "amount"),
            forms.one(data, "reference"),
            is_reduction=forms.one(data, "direction") == "reduce",
        )
    except InvalidInput as problem:
        errors = problem.at()
        return _budgets_page(visit, errors=errors, sent=data, status=400)
    return Redirect("/zhengtong/payments/budgets?done=appropriated", status_code=303)


@post("/payments/budgets/looks", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def look(services: Given, principal: Said) -> Redirect:
    """Have the books looked through now."""
    acts.ask_to_look(services, principal)
    return Redirect("/zhengtong/payments/budgets?done=looking", status_code=303)


def _payments_page(
    visit: Visit,
    view: str,
    wanted: PaymentFilter,
    *,
    page: int = 1,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response[str]:
    services, principal, is_ready = visit.services, visit.principal, view == "ready"
    shown = acts.payments_in(
        services,
        principal,
        view,
        msgspec.structs.replace(wanted, is_held=False if is_ready else None),
        limit=acts.PAGE,
        offset=(max(1, page) - 1) * acts.PAGE,
    )
    held = None
    if is_ready:
        only_held = msgspec.structs.replace(wanted, is_held=True)
        held = acts.payments_in(services, principal, view, only_held, limit=acts.HELD)
    here = shown.offset // acts.PAGE + 1
    return visit.page(
        "zhengtong/payments/list.html",
        status=status,
        view=view,
        wanted=wanted,
        shown=shown,
        held=held,
        here=here,
        last=here + shown.has_more if shown.found is None else max(1, -(-shown.found // acts.PAGE)),
        may_pay=principal.has_duty("payment.approve"),
        errors=errors,
    )


def _budgets_page(
    visit: Visit,
    *,
    year: int | None = None,
    q: str = "",
    kind: str = "",
    page: int = 1,
    errors: tuple[FieldError, ...] = (),
    sent: forms.Sent | None = None,
    status: int = 200,
) -> Response[str]:
    books = acts.books(visit.services, visit.principal)
    shown_year = year or visit.services.house.clock.today().year
    of_year = [line for line in books.budgets if line.budget.year == shown_year]
    fitting = [line for line in of_year if _fits(line, q.strip(), kind)]
    last = max(1, -(-len(fitting) // BUDGETS))
    here = max(1, min(page, last))
    return visit.page(
        "zhengtong/payments/budgets.html",
        status=status,
        books=books,
        of_year=of_year,
        shown=fitting[(here - 1) * BUDGETS : here * BUDGETS],
        wanted={"q": q, "kind": kind},
        here=here,
        last=last,
        years=sorted({line.budget.year for line in books.budgets} | {shown_year}),
        year=shown_year,
        typed={name: forms.one(sent or {}, name) for name in ("budget", "direction", "amount", "reference")},
        funds=words.FUNDS,
        kinds=words.BUDGET_KINDS,
        kind_options=[(one, _(label)) for one, label in words.BUDGET_KINDS.items()],
        may_pay=visit.principal.has_duty("payment.approve"),
        errors=errors,
    )


def _fits(line: acts.BudgetLine, words_said: str, kind: str) -> bool:
    """By title, place or the number under which the authority keeps it."""
    said = (line.title, line.place, line.budget.appropriation)
    return kind in ("", line.budget.kind) and any(words_said in one for one in said)


HANDLERS = [payments, approve, release, payments_export, batches, batch, budgets, look, appropriate]
