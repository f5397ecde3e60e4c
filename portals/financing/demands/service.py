"""A demand from draft to its end, and the one function that moves an application.

``move`` writes the state, the clocks, the history and the notices of a step, and what follows for the demand: the next bank
is asked when one is lost, the others are told when an offer was accepted. Never commits.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.delivery.cases.repository import next_in_series
from portals.financing.demands import repository
from portals.financing.demands.clocks import running
from portals.financing.demands.models import Application, Demand, FinancingEvent
from portals.financing.demands.notices import tell_bank, tell_firm
from portals.financing.demands.reasons import checked_reason
from portals.financing.demands.schemas import (
    CLOCK,
    LEAST_FEN,
    LEAST_MONTHS,
    MOST_FEN,
    MOST_MONTHS,
    Actor,
    Candidate,
    Wish,
)
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
from portals.financing.institutions import institutions

A, D = ApplicationState, DemandState
#: A demand in one of these is over, or not yet put to anybody.
RESTING = (D.DRAFT, D.DATA_AUTHORISED, D.MET, D.UNMET, D.WITHDRAWN)
MOST_OPEN = 5
#: Which moment each command leaves on the application.
_STAMPS = {
    "accept": "accepted_at",
    "contact": "contacted_at",
    "approve": "decided_at",
    "decline": "decided_at",
    "contract": "contracted_at",
    "disburse": "disbursed_at",
}


def draft(session: Session, wish: Wish, *, by: Actor, division: str, now: datetime) -> Demand:
    """A new demand, checked; nobody sees it before it is posted. Raises ``InvalidInput`` naming every field."""
    check_wish(wish)
    firm_id = _firm(by)
    day = now.astimezone(SHANGHAI).date()
    serial = next_in_series(session, f"financing/{day:%Y%m%d}")
    demand = Demand(
        id=new_id(),
        number=f"RZ{day:%Y%m%d}{serial:05d}",
        firm_id=firm_id,
        division=division,
        state=D.DRAFT,
        waiting=[],
        created_by=by.subject_id,
        created_at=now,
        updated_at=now,
    )
    _wish_into(demand, wish)
    session.add(demand)
    session.flush()
    _note(session, demand, None, "draft", (None, D.DRAFT), by, now)
    return demand


def amend(session: Session, demand_id: uuid.UUID, wish: Wish, *, by: Actor, now: datetime) -> Demand:
    """A draft changed. What was authorised stays only while nothing is posted. Raises ``Conflict`` afterwards."""
    check_wish(wish)
    demand = own_demand(session, demand_id, by)
    if D(demand.state) not in (D.DRAFT, D.DATA_AUTHORISED):
        raise Conflict(_("需求已提交给银行，不能再改。可以撤回后重新提交。"))
    _wish_into(demand, wish)
    demand.updated_at = now
    return demand


def own_demand(session: Session, demand_id: uuid.UUID, by: Actor) -> Demand:
    """The firm's own demand, held. Raises ``NotFound`` for anybody else's."""
    demand = repository.lock_demand(session, demand_id)
    if demand is None or demand.firm_id != _firm(by):
        raise NotFound(_("没有找到这项融资需求。"))
    return demand


def authorised(session: Session, demand: Demand, *, by: Actor, now: datetime) -> None:
    """The firm let banks read its data for this demand."""
    _step(session, demand, "authorise", by, now)


def may_authorise(demand: Demand) -> bool:
    return demand_may(D(demand.state), "authorise")


def may_post(demand: Demand) -> bool:
    return demand_may(D(demand.state), "post")


def note(session: Session, demand: Demand, command: str, *, by: Actor, now: datetime) -> None:
    """Something worth remembering that changes no state."""
    _note(session, demand, None, command, (demand.state, demand.state), by, now)


def post(
    session: Session, demand_id: uuid.UUID, candidates: Sequence[Candidate], *, by: Actor, now: datetime
) -> list[Application]:
    """Put an authorised demand to banks: to all ``candidates`` at once (open), else to the first, the rest waiting.

    Candidates come in the order of asking, one for each bank. Raises ``Conflict`` without any, or with too many open.
    """
    demand = own_demand(session, demand_id, by)
    if not candidates:
        raise Conflict(_("目前没有匹配的银行产品。可以调整金额、期限或担保方式后再试。"))
    if repository.count_open(session, demand.firm_id, RESTING) >= MOST_OPEN:
        raise Conflict(_("已有 %(count)d 项需求在办理，请先等结果或撤回一项。", count=MOST_OPEN))
    _step(session, demand, "post", by, now)
    demand.posted_at = now
    first = list(candidates) if demand.routing == "open" else list(candidates[:1])
    demand.waiting = [msgspec.to_builtins(one) for one in candidates[len(first) :]]
    names = [one.bank_code for one in candidates]
    _note(session, demand, None, "match", (D.POSTED, D.POSTED), CLOCK, now, detail={"banks": names})
    record(
        session,
        actor="financing" if by.subject_id is None else str(by.subject_id),
        action="financing.post",
        object_kind="financing_demand",
        object_id=demand.id,
        detail={"banks": names},
        now=now,
    )
    return [_route(session, demand, one, now) for one in first]


def withdraw(session: Session, demand_id: uuid.UUID, *, by: Actor, now: datetime, note: str = "") -> None:
    """The firm wants nothing any more: every open application ends, nobody else is asked."""
    demand = own_demand(session, demand_id, by)
    _step(session, demand, "withdraw", by, now, note=note)
    demand.waiting = []
    demand.closed_at = now
    for application in repository.applications_of(session, demand.id):
        if A(application.state) in OPEN:
            _apply(session, demand, application, "withdraw", by, now, note=note)


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
    _apply(session, demand, application, command, by, now, code=code, note=note, detail=detail)
    _follow(session, demand, application, command, now)
    return application


def _apply(
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
    _note(
        session, demand, application, command, (before, after), by, now, code=code, note=note, detail=detail
    )
    tell_firm(session, demand, command, now=now)
    tell_bank(session, application, command, now=now)


def _follow(session: Session, demand: Demand, application: Application, command: str, now: datetime) -> None:
    """What a step means for the demand and for the other banks."""
    if command == "accept_offer":
        _step(session, demand, "agree", CLOCK, now)
        for other in repository.applications_of(session, demand.id):
            if other.id != application.id and A(other.state) in OPEN:
                _apply(session, demand, other, "not_choose", CLOCK, now)
    elif command == "disburse":
        _step(session, demand, "meet", CLOCK, now)
        demand.waiting = []
        demand.closed_at = now
    elif A(application.state) in LOST or command == "withdraw":
        ask_next(session, demand, now=now)


def ask_next(session: Session, demand: Demand, *, now: datetime) -> Application | None:
    """Somebody else is asked in place of a bank that was lost; nobody left and nothing open: the demand is unmet."""
    if demand_may(D(demand.state), "reopen"):
        _step(session, demand, "reopen", CLOCK, now)
    if demand.waiting:
        chosen, *rest = demand.waiting
        demand.waiting = rest
        return _route(session, demand, msgspec.convert(chosen, Candidate), now)
    if not any(A(one.state) in OPEN for one in repository.applications_of(session, demand.id)):
        _step(session, demand, "exhaust", CLOCK, now)
        demand.closed_at = now
        tell_firm(session, demand, "exhaust", now=now)
    return None


def note_breach(session: Session, application: Application, clock: str, *, now: datetime) -> None:
    """A promise was not kept; it is in the history of the demand too."""
    demand = repository.lock_demand(session, application.demand_id)
    if demand is not None:
        state = application.state
        _note(session, demand, application, "breach", (state, state), CLOCK, now, detail={"clock": clock})


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


def check_wish(wish: Wish) -> None:
    """Raises ``InvalidInput`` with everything that is wrong."""
    errors: list[FieldError] = []

    def refuse(where: str, what: str) -> None:
        errors.append(FieldError(where, what))

    if not LEAST_FEN <= wish.amount_fen <= MOST_FEN:
        refuse("amount", _("金额应在 1,000 元至 10 亿元之间"))
    elif wish.amount_fen % 100:
        refuse("amount", _("请填整元"))
    if not LEAST_MONTHS <= wish.term_months <= MOST_MONTHS:
        refuse("term_months", _("期限应在 1 至 360 个月之间"))
    if not wish.collateral:
        refuse("collateral", _("请至少选择一种担保方式；没有担保请选“无担保（信用）”"))
    if wish.wanted_bank is not None and wish.wanted_bank not in institutions():
        refuse("wanted_bank", _("请从列表中选择银行"))
    if wish.routing == "named" and wish.wanted_bank is None and wish.wanted_product is None:
        refuse("wanted_bank", _("请选择先送哪家银行"))
    if errors:
        raise InvalidInput(_("融资需求有 %(count)d 处需要修改。", count=len(errors)), errors=errors)


def _route(session: Session, demand: Demand, candidate: Candidate, now: datetime) -> Application:
    asked = repository.applications_of(session, demand.id)
    if D(demand.state) != D.ROUTED:
        _step(session, demand, "route", CLOCK, now)
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
    _note(session, demand, application, "route", (None, A.ROUTED), CLOCK, now)
    if not asked or demand.routing != "open":
        tell_firm(session, demand, "route", now=now)
    tell_bank(session, application, "route", now=now)
    return application


def _step(
    session: Session, demand: Demand, command: str, by: Actor, now: datetime, *, note: str = ""
) -> None:
    before = D(demand.state)
    demand.state = demand_after(before, command)
    demand.updated_at = now
    _note(session, demand, None, command, (before, D(demand.state)), by, now, note=note)


def _note(
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


def _is_concerned(application: Application, by: Actor) -> bool:
    if by.side == "firm":
        return by.firm_id == application.firm_id
    if by.side == "bank":
        return by.institution == application.bank_code
    return True


def _firm(by: Actor) -> int:
    if by.firm_id is None:
        raise Forbidden(_("请先切换到要办事的企业。"))
    return by.firm_id


def _wish_into(demand: Demand, wish: Wish) -> None:
    for name in wish.__struct_fields__:
        value = getattr(wish, name)
        setattr(demand, name, list(value) if isinstance(value, tuple) else value)
