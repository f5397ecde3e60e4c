"""Payments by where they stand, the batches, and the books."""

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.payments import acts, runs
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")


@get("/payments", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def payments(visit: Visiting, view: FromQuery[str] = "ready") -> Response[str]:
    """What is ready to be paid first; the other views beside it."""
    return _payments_page(visit, view)


@post("/payments/batches", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def approve(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """Approve what was ticked as one batch."""
    try:
        batch = acts.approve(visit.services, visit.principal, forms.numbers(data, "payment"))
    except InvalidInput as problem:
        errors = (FieldError("", problem.detail),)
        return _payments_page(visit, "ready", errors=errors, status=400)
    return Redirect(f"/zhengtong/payments/batches/{batch.id}?done=batch", status_code=303)


@post("/payments/{payment_id:uuid}/release", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def release(visit: Visiting, payment_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Let a held payment go on, with the reason."""
    try:
        acts.release(visit.services, visit.principal, payment_id, forms.one(data, "reason"))
    except InvalidInput as problem:
        errors = (FieldError("", problem.detail),)
        return _payments_page(visit, "ready", errors=errors, status=400)
    return Redirect("/zhengtong/payments?done=released", status_code=303)


@get("/payments.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def payments_export(services: Given, principal: Said, view: FromQuery[str] = "ready") -> Response[str]:
    """A view as CSV."""
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
        for payment in acts.payments_in(services, principal, view)
    ]
    with services.house.database.write() as session:
        return export(session, principal, f"payments-{view}", header, rows, now=services.house.clock.now())


@get("/payments/batches", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def batches(visit: Visiting) -> Response[str]:
    found = acts.batches(visit.services, visit.principal)
    return visit.page("zhengtong/payments/batches.html", batches=found, states=runs.STATES)


@get("/payments/batches/{batch_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def batch(visit: Visiting, batch_id: FromPath[uuid.UUID]) -> Response[str]:
    """How far a batch has come, payment by payment."""
    return runs.batch_page(visit, batch_id)


@get("/payments/budgets", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def budgets(visit: Visiting, year: FromQuery[int | None] = None) -> Response[str]:
    """The books of a year: appropriation, reserved, instructed, paid; alarms first."""
    return _budgets_page(visit, year=year)


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


def _payments_page(
    visit: Visit, view: str, *, errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response[str]:
    shown = acts.payments_in(visit.services, visit.principal, view)
    ready = [payment for payment in shown if view == "ready" and not payment.is_held]
    return visit.page(
        "zhengtong/payments/list.html",
        status=status,
        view=view,
        payments=shown,
        ready=ready,
        held=[payment for payment in shown if payment.is_held],
        total_fen=sum(payment.amount_fen for payment in shown),
        may_pay=visit.principal.has_duty("payment.approve"),
        errors=errors,
    )


def _budgets_page(
    visit: Visit,
    *,
    year: int | None = None,
    errors: tuple[FieldError, ...] = (),
    sent: forms.Sent | None = None,
    status: int = 200,
) -> Response[str]:
    books = acts.books(visit.services, visit.principal)
    shown_year = year or visit.services.house.clock.today().year
    return visit.page(
        "zhengtong/payments/budgets.html",
        status=status,
        books=books,
        shown=[line for line in books.budgets if line.budget.year == shown_year],
        years=sorted({line.budget.year for line in books.budgets} | {shown_year}),
        year=shown_year,
        typed={name: forms.one(sent or {}, name) for name in ("budget", "direction", "amount", "reference")},
        funds=words.FUNDS,
        kinds=words.BUDGET_KINDS,
        may_pay=visit.principal.has_duty("payment.approve"),
        errors=errors,
    )


HANDLERS = [payments, approve, release, payments_export, batches, batch, budgets, appropriate]
