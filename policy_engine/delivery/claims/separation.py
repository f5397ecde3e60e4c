"""Which seat may act on a claim, and the separation of persons: nobody judges their own affair, or one affair twice."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, IllegalTransition, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.access import may_act_at, sees_claim
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.fitness import Fitness, fitness_for, part_of_seat
from policy_engine.delivery.claims.models import Claim, Opinion
from policy_engine.delivery.claims.signing import dissenters
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage, stages_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, ClaimState
from policy_engine.delivery.terms import Outcome, Stage

Action = Literal["accept", "return_for_supplement", "recommend", "advise_against", "grant", "refuse"]

#: What takes a claim on, or ends it: not before those have answered who were asked.
ONWARD: frozenset[str] = frozenset({"accept", "recommend", "advise_against", "grant", "refuse"})
ACTIONS: dict[Outcome, tuple[Action, ...]] = {
    "accept": ("accept", "return_for_supplement"),
    "joint_review": ("recommend", "advise_against", "return_for_supplement"),
    "decide": ("grant", "refuse", "return_for_supplement"),
}


def require_claim_for_seat(session: Session, claim_id: uuid.UUID, principal: Principal) -> Claim:
    """The claim, locked; ``NotFound`` where the seat has no business with it."""
    return require_open_file(session, repository.lock_claim(session, claim_id), principal)


def require_open_file(session: Session, claim: Claim | None, principal: Principal) -> Claim:
    """The same of a claim that was locked before."""
    if claim is None or not opens_file(session, claim, principal):
        raise NotFound(_("没有找到您要的内容。"))
    return claim


def opens_file(session: Session, claim: Claim, principal: Principal) -> bool:
    """Whether a seat may read the file: by its duties, or as long as it has been asked for its opinion."""
    seat = principal.seat
    if seat is None:
        return False
    if sees_claim(principal, stages_of(claim), claim.division):
        return True
    return any(one.seat_id == seat.id for one in repository.open_opinions(session, claim.id))


def why_not(
    session: Session,
    ports: Ports,
    claim: Claim,
    principal: Principal,
    *,
    now: datetime,
    fitness: Fitness | None = None,
) -> str | None:
    """Why this person on this seat may not act on the claim now; none when they may. For buttons and for refusals.

    ``fitness`` is given where it was read for many claims at once."""
    stage, seat = present_stage(claim), principal.seat
    if claim.state != WAITS_FOR[stage.outcome]:
        return _("这件申请现在不在待办环节。")
    if claim.is_held:
        return _("这件申请已暂停办理，恢复后才能继续。")
    if seat is None or not may_act_at(principal, stage, claim.division):
        return _("当前环节是“%(stage)s”，不属于您所在席位的职责。", stage=stage.named.said)
    assigned = claim.assignments.get(part_of_seat(claim, seat))
    if assigned is not None and assigned["seat_id"] != seat.id:
        return _("这件申请已委派给“%(seat)s”办理。", seat=assigned["name"])
    fitness = fitness or fitness_for(session, ports, claim, now=now)
    return fitness.problem(principal.subject_id, seat.department)


def restriction(
    session: Session, claim: Claim, action: str, *, waiting: Sequence[Opinion] | None = None
) -> str | None:
    """What stands in the way of this act, whoever does it; none when nothing does.

    ``waiting`` are the opinions that are still owed, where they were read for many claims at once."""
    if action in ONWARD:
        if waiting is None:
            waiting = repository.open_opinions(session, claim.id)
        if waiting:
            return _("正在等“%(seat)s”的加签意见，收到或撤销后才能继续。", seat=waiting[0].seat_name)
    if action == "grant":
        stages = [one for one in stages_of(claim) if one.joint]
        acts = repository.standing_acts(session, claim.id) if stages else []
        against = dissenters(stages, claim.round, acts)
        if against:
            return _(
                "会签席位“%(seats)s”没有同意，不能批准；可以退回会签环节再议，或不予批准。",
                seats="”、“".join(against),
            )
    return None


def open_actions(session: Session, claim: Claim) -> tuple[Action, ...]:
    """What can be done at the present stage as things stand."""
    return tuple(
        one for one in ACTIONS[present_stage(claim).outcome] if restriction(session, claim, one) is None
    )


def check_may_act(
    session: Session,
    ports: Ports,
    claim: Claim,
    stage: Stage,
    principal: Principal,
    action: Action,
    *,
    now: datetime,
    fitness: Fitness | None = None,
    waiting: Sequence[Opinion] | None = None,
) -> SeatView:
    """The seat that acts. Raises ``Forbidden`` or ``IllegalTransition``, saying why.

    ``fitness`` and ``waiting`` are given where they were read for many claims at once."""
    if not CLAIM.may(ClaimState(claim.state), action):
        raise IllegalTransition(_("这件申请现在不在待办环节，可能已由他人办理。"))
    problem = why_not(session, ports, claim, principal, now=now, fitness=fitness)
    if problem is not None or principal.seat is None:
        raise Forbidden(problem or "")
    if action not in ACTIONS[stage.outcome]:
        raise Forbidden(_("“%(stage)s”环节不能这样办理。", stage=stage.named.said))
    obstacle = restriction(session, claim, action, waiting=waiting)
    if obstacle is not None:
        raise Conflict(obstacle)
    return principal.seat
