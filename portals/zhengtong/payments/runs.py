"""Paying a whole policy and period in one go: pages and API of planning, correcting, stopping and going on."""

import uuid
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.payments.schemas import BatchView, ReadyGroup
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form
from portals.zhengtong.payments import acts
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("payment.approve", "audit.read")
MAY_PAY = needs("payment.approve")
STATES = {
    "planned": N_("待发，可更正"),
    "sending": N_("发放中"),
    "stopped": N_("已自动停下"),
    "withdrawn": N_("已撤回"),
    "done": N_("已全部发出"),
}
PARTS = (N_("先发百分之一"), N_("再发百分之十"), N_("其余全部"))
DEFAULT_MINUTES = 30

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class NewRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``window_minutes``: so long it can be corrected before the first order leaves."""

    policy_id: Annotated[str, msgspec.Meta(max_length=80)]
    period: Annotated[str, msgspec.Meta(max_length=12)]
    window_minutes: Annotated[int, msgspec.Meta(ge=0, le=4320)] = DEFAULT_MINUTES


class RunAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``payment_id`` only to take one payment out."""

    act: Literal["withdraw", "resume", "take_out"]
    reason: Reason
    payment_id: uuid.UUID | None = None


def groups(services: Services, principal: Principal) -> list[ReadyGroup]:
    with services.house.database.read() as session:
        return views.ready_groups(session, services.ports, principal)


def plan(services: Services, principal: Principal, policy_id: str, period: str, minutes: int) -> uuid.UUID:
    house = services.house
    with house.database.write(timeout=30) as session:
        batch = delivery.plan_run(
            session,
            services.ports,
            principal=principal,
            policy_id=policy_id,
            period=period,
            window=timedelta(minutes=minutes),
            now=house.clock.now(),
        )
        return batch.id


def act(
    services: Services,
    principal: Principal,
    batch_id: uuid.UUID,
    what: str,
    reason: str,
    payment_id: uuid.UUID | None = None,
) -> None:
    """Withdraw, resume, or take one payment out."""
    house = services.house
    now = house.clock.now()
    with house.database.write() as session:
        if what == "withdraw":
            delivery.withdraw_run(session, batch_id=batch_id, principal=principal, reason=reason, now=now)
        elif what == "resume":
            delivery.resume_run(session, batch_id=batch_id, principal=principal, reason=reason, now=now)
        elif what == "take_out" and payment_id is not None:
            delivery.take_out_of_run(
                session,
                batch_id=batch_id,
                payment_id=payment_id,
                principal=principal,
                reason=reason,
                now=now,
            )
        else:
            raise NotFound(_("没有找到您要的内容。"))


@get("/payments/runs/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def new_page(visit: Visiting) -> Response[str]:
    """What can be paid in one go."""
    return _new_page(visit)


@post("/payments/runs", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def plan_page(visit: Visiting, data: Form) -> Response[str] | Redirect:
    policy_id, _sep, period = forms.one(data, "group").partition("|")
    minutes = forms.one(data, "minutes")
    try:
        if not minutes.isdecimal() or not period:
            raise InvalidInput(_("请选择事项和所属期，并填写更正时间（分钟）。"))
        batch_id = plan(visit.services, visit.principal, policy_id, period, int(minutes[:6]))
    except InvalidInput as problem:
        return _new_page(visit, errors=(FieldError("minutes", problem.detail),))
    return Redirect(f"/zhengtong/payments/batches/{batch_id}", status_code=303)


@post(
    "/payments/batches/{batch_id:uuid}/acts", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY]
)
def act_page(visit: Visiting, batch_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    named = forms.one(data, "payment_id")
    try:
        act(
            visit.services,
            visit.principal,
            batch_id,
            forms.one(data, "act"),
            forms.one(data, "reason"),
            forms.identified(named) if named else None,
        )
    except InvalidInput as problem:
        return batch_page(visit, batch_id, errors=(FieldError("reason", problem.detail),))
    return Redirect(f"/zhengtong/payments/batches/{batch_id}", status_code=303)


def batch_page(
    visit: Visit,
    batch_id: uuid.UUID,
    words: str = "",
    *,
    page: int = 1,
    errors: tuple[FieldError, ...] = (),
) -> Response[str]:
    """How far a batch has come, and what may be done about it."""
    offset = (max(1, page) - 1) * acts.PAGE
    batch, shown = acts.batch_file(
        visit.services, visit.principal, batch_id, words, limit=acts.PAGE, offset=offset
    )
    return visit.page(
        "zhengtong/payments/batch.html",
        status=400 if errors else 200,
        batch=batch,
        shown=shown,
        q=words,
        here=shown.offset // acts.PAGE + 1,
        last=max(1, -(-(shown.found or 0) // acts.PAGE)),
        states=STATES,
        parts=PARTS,
        errors=errors,
        may_pay=visit.principal.has_duty("payment.approve"),
        now=visit.services.house.clock.now(),
    )


def _new_page(visit: Visit, *, errors: tuple[FieldError, ...] = ()) -> Response[str]:
    return visit.page(
        "zhengtong/payments/new_run.html",
        status=400 if errors else 200,
        groups=groups(visit.services, visit.principal),
        minutes=DEFAULT_MINUTES,
        errors=errors,
    )


@get(
    "/payment-runs/groups",
    sync_to_thread=True,
    tags=["payments"],
    summary="What could be paid in one go, by policy and period",
    guards=[MAY_SEE],
)
def list_groups(services: Given, principal: Said) -> list[ReadyGroup]:
    return groups(services, principal)


@post(
    "/payment-runs",
    sync_to_thread=True,
    tags=["payments"],
    summary="Plan a run: a pause to correct, then one per cent, ten per cent, and the rest",
    guards=[MAY_PAY],
)
def add_run(services: Given, principal: Said, data: JSONBody[NewRun]) -> BatchView:
    batch_id = plan(services, principal, data.policy_id, data.period, data.window_minutes)
    return acts.batch_as_it_stands(services, principal, batch_id)


@post(
    "/payment-runs/{batch_id:uuid}/acts",
    status_code=200,
    sync_to_thread=True,
    tags=["payments"],
    summary="Withdraw a run, let it go on, or take a payment out",
    guards=[MAY_PAY],
)
def add_run_act(
    services: Given, principal: Said, batch_id: FromPath[uuid.UUID], data: JSONBody[RunAct]
) -> BatchView:
    act(services, principal, batch_id, data.act, data.reason, data.payment_id)
    return acts.batch_as_it_stands(services, principal, batch_id)


PAGES = [new_page, plan_page, act_page]
API = [list_groups, add_run, add_run_act]
