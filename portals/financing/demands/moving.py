"""The one way in which an application moves, with everything that follows: state, clocks, history, notices, the next bank.

Never commits.
"""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.demands import repository
from portals.financing.demands.clocks import running
from portals.financing.demands.models import Application, Demand, FinancingEvent
from portals.financing.demands.notices import tell_bank, tell_firm
from portals.financing.demands.reasons import checked_reason
from portals.financing.demands.schemas import CLOCK, Actor, Candidate
from portals.financing.demands.states import (
    BY,
    LOST,
    OPEN,
    ApplicationState,
    DemandState,
    application_after,
    demand_after,
    demand_may,
)

A, D = ApplicationState, DemandState
#: Which moment each command leaves on the application.
_STAMPS = {
    "accept": "accepted_at",
    "contact": "contacted_at",
    "approve": "decided_at",
    "decline": "decided_at",
    "contract": "contracted_at",
    "disburse": "disbursed_at",
}


def move(
    session: Session,
    application_id: uuid.UUID,
    command: str,
    *,
    by: Actor,
    now: datetime,
    reason_code: str = "",
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> Application:
    """Take one step of an application, with everything that follows from it.

    Raises ``NotFound`` where it is not this firm's or bank's, ``Forbidden`` where the step is the other side's,
    ``IllegalTransition`` where its state does not allow it, ``InvalidInput`` for a decline without a reason.
    """
    application = repository.application(session, application_id)
    demand = None if application is None else repository.lock_demand(session, application.demand_id)
    if application is None or demand is None or not _is_concerned(application, by):
        raise NotFound(_("没有找到这笔融资申请。"))
    session.refresh(application)
    if BY.get(command) != by.side:
        raise Forbidden(_("这一步由另一方办理。"))
    code = None
    if command in ("decline", "refuse_guarantee"):
        code, note = checked_reason(reason_code, note)
    apply_step(session, demand, application, command, by, now, code=code, note=note, detail=detail)
    _follow(session, demand, application, command, now)
    return application


def apply_step(
    session: Session,
    demand: Demand,
    application: Application,
    command: str,
    by: Actor,
    now: datetime,
    *,
    code: str | None = None,
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """The step itself: state, moment, clocks, history, notices."""
    before = A(application.state)
    after = application_after(before, command)
    application.state = after
    application.updated_at = now
    if command in _STAMPS:
        setattr(application, _STAMPS[command], now)
    if code is not None:
        application.reason_code, application.reason_note = code, note
    if after not in OPEN:
        application.closed_at = now
    set_clock(application)
    note_event(
        session, demand, application, command, (before, after), by, now, code=code, note=note, detail=detail
    )
    tell_firm(session, demand, command, bank_code=application.bank_code, now=now)
    tell_bank(session, application, command, now=now)


def _follow(session: Session, demand: Demand, application: Application, command: str, now: datetime) -> None:
    """What a step means for the demand and for the other banks."""
    if command == "accept_offer":
        step_demand(session, demand, "agree", CLOCK, now)
        for other in repository.applications_of(session, demand.id):
            if other.id != application.id and A(other.state) in OPEN:
                apply_step(session, demand, other, "not_choose", CLOCK, now)
    elif command == "disburse":
        step_demand(session, demand, "meet", CLOCK, now)
        demand.waiting = []
        demand.closed_at = now
    elif A(application.state) in LOST or command == "withdraw":
        ask_next(session, demand, now=now)


def ask_next(session: Session, demand: Demand, *, now: datetime) -> Application | None:
    """Somebody else is asked in place of a bank that was lost; nobody left and nothing open: the demand is unmet."""
    if demand_may(D(demand.state), "reopen"):
        step_demand(session, demand, "reopen", CLOCK, now)
    if demand.waiting:
        chosen, *rest = demand.waiting
        demand.waiting = rest
        return route(session, demand, msgspec.convert(chosen, Candidate), now)
    if not any(A(one.state) in OPEN for one in repository.applications_of(session, demand.id)):
        step_demand(session, demand, "exhaust", CLOCK, now)
        demand.closed_at = now
        tell_firm(session, demand, "exhaust", now=now)
    return None


def route(session: Session, demand: Demand, candidate: Candidate, now: datetime) -> Application:
    asked = repository.applications_of(session, demand.id)
    if D(demand.state) != D.ROUTED:
        step_demand(session, demand, "route", CLOCK, now)
    application = Application(
        id=new_id(),
        demand_id=demand.id,
        firm_id=demand.firm_id,
        bank_code=candidate.bank_code,
        product_id=candidate.product_id,
        product_version=candidate.product_version,
        position=len(asked) + 1,
        verdict=candidate.verdict,
        limit_fen=candidate.limit_fen,
        state=A.ROUTED,
        routed_at=now,
        reminded=[],
        breaches=[],
        updated_at=now,
    )
    set_clock(application)
    session.add(application)
    session.flush()
    note_event(session, demand, application, "route", (None, A.ROUTED), CLOCK, now)
    if not asked or demand.routing != "open":
        tell_firm(session, demand, "route", now=now)
    tell_bank(session, application, "route", now=now)
    return application


def step_demand(
    session: Session, demand: Demand, command: str, by: Actor, now: datetime, *, note: str = ""
) -> None:
    before = D(demand.state)
    demand.state = demand_after(before, command)
    demand.updated_at = now
    note_event(session, demand, None, command, (before, D(demand.state)), by, now, note=note)


def note_event(
    session: Session,
    demand: Demand,
    application: Application | None,
    command: str,
    states: tuple[str | None, str | None],
    by: Actor,
    now: datetime,
    *,
    code: str | None = None,
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    session.add(
        FinancingEvent(
            demand_id=demand.id,
            application_id=None if application is None else application.id,
            at=now,
            command=command,
            from_state=states[0],
            to_state=states[1],
            actor_kind=by.side,
            actor_id=by.subject_id,
            seat_id=by.seat_id,
            reason_code=code,
            note=note[:500],
            detail=detail or {},
        )
    )


def note_breach(session: Session, application: Application, clock: str, *, now: datetime) -> None:
    """A promise was not kept; it is in the history of the demand too."""
    demand = repository.lock_demand(session, application.demand_id)
    if demand is not None:
        state = application.state
        note_event(
            session, demand, application, "breach", (state, state), CLOCK, now, detail={"clock": clock}
        )


def set_clock(application: Application) -> None:
    """When a clock next has something to do: a reminder not given yet, or an end not noted yet."""
    moments: list[datetime] = []
    breached = {one["clock"] for one in application.breaches}
    for clock in running(application.state, application.routed_at, application.contracted_at):
        if clock.name not in application.reminded and clock.name not in breached:
            moments.append(clock.remind_at)
        elif clock.name not in breached:
            moments.append(clock.due_at)
    application.next_clock_at = min(moments, default=None)


def _is_concerned(application: Application, by: Actor) -> bool:
    if by.side == "firm":
        return by.firm_id == application.firm_id
    if by.side == "bank":
        return by.institution == application.bank_code
    return True
