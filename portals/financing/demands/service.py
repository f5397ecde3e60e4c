"""A demand from draft to its end. How its applications move is ``moving``; whoever moves one finds it here too.

Never commits.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.delivery.cases.repository import next_in_series
from portals.financing.demands import repository
from portals.financing.demands.models import Application, Demand
from portals.financing.demands.moving import (
    apply_step,
    ask_next,
    move,
    note_breach,
    note_event,
    route,
    set_clock,
    step_demand,
)
from portals.financing.demands.schemas import CLOCK, Actor, Candidate, Wish
from portals.financing.demands.states import OPEN, ApplicationState, DemandState, demand_may
from portals.financing.demands.wishes import check_wish, wish_into

__all__ = [
    "amend",
    "ask_next",
    "authorised",
    "check_wish",
    "draft",
    "may_authorise",
    "may_post",
    "move",
    "note",
    "note_breach",
    "own_demand",
    "post",
    "set_clock",
    "withdraw",
]

A, D = ApplicationState, DemandState
#: A demand in one of these is over, or not yet put to anybody.
RESTING = (D.DRAFT, D.DATA_AUTHORISED, D.MET, D.UNMET, D.WITHDRAWN)
MOST_OPEN = 5


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
    wish_into(demand, wish)
    session.add(demand)
    session.flush()
    note_event(session, demand, None, "draft", (None, D.DRAFT), by, now)
    return demand


def amend(session: Session, demand_id: uuid.UUID, wish: Wish, *, by: Actor, now: datetime) -> Demand:
    """A draft changed. What was authorised stays only while nothing is posted. Raises ``Conflict`` afterwards."""
    check_wish(wish)
    demand = own_demand(session, demand_id, by)
    check_amendable(demand)
    wish_into(demand, wish)
    demand.updated_at = now
    return demand


def check_amendable(demand: Demand) -> None:
    """Raises ``Conflict`` once banks have it."""
    if D(demand.state) not in (D.DRAFT, D.DATA_AUTHORISED):
        raise Conflict(_("需求已提交给银行，不能再改。可以撤回后重新提交。"))


def own_demand(session: Session, demand_id: uuid.UUID, by: Actor) -> Demand:
    """The firm's own demand, held. Raises ``NotFound`` for anybody else's."""
    demand = repository.lock_demand(session, demand_id)
    if demand is None or demand.firm_id != _firm(by):
        raise NotFound(_("没有找到这项融资需求。"))
    return demand


def authorised(session: Session, demand: Demand, *, by: Actor, now: datetime) -> None:
    """The firm let banks read its data for this demand."""
    step_demand(session, demand, "authorise", by, now)


def may_authorise(demand: Demand) -> bool:
    return demand_may(D(demand.state), "authorise")


def may_post(demand: Demand) -> bool:
    return demand_may(D(demand.state), "post")


def note(session: Session, demand: Demand, command: str, *, by: Actor, now: datetime) -> None:
    """Something worth remembering that changes no state."""
    note_event(session, demand, None, command, (demand.state, demand.state), by, now)


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
    step_demand(session, demand, "post", by, now)
    demand.posted_at = now
    first = list(candidates) if demand.routing == "open" else list(candidates[:1])
    demand.waiting = [msgspec.to_builtins(one) for one in candidates[len(first) :]]
    names = [one.bank_code for one in candidates]
    note_event(session, demand, None, "match", (D.POSTED, D.POSTED), CLOCK, now, detail={"banks": names})
    audit.record(
        session,
        actor=_recorded(by, demand.firm_id),
        action="financing.post",
        object_kind="financing_demand",
        object_id=demand.id,
        detail={"banks": names},
        now=now,
    )
    return [route(session, demand, one, now) for one in first]


def withdraw(session: Session, demand_id: uuid.UUID, *, by: Actor, now: datetime, note: str = "") -> None:
    """The firm wants nothing any more: every open application ends, nobody else is asked."""
    demand = own_demand(session, demand_id, by)
    step_demand(session, demand, "withdraw", by, now, note=note)
    demand.waiting = []
    demand.closed_at = now
    for application in repository.applications_of(session, demand.id):
        if A(application.state) in OPEN:
            apply_step(session, demand, application, "withdraw", by, now, note=note)


def _firm(by: Actor) -> int:
    if by.firm_id is None:
        raise Forbidden(_("请先切换到要办事的企业。"))
    return by.firm_id


def _recorded(by: Actor, firm_id: int) -> audit.Actor | str:
    """Whom the audit trail names: the person for the firm, where it was one."""
    return "financing" if by.subject_id is None else audit.Actor(by.subject_id, firm_id, "enterprise")
