"""Which seat may act on a claim, and the separation of persons: nobody judges their own affair, or one affair twice."""

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Forbidden, IllegalTransition, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.access import acted_elsewhere, is_concerned, may_act_at, sees_claim
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage, stages_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, ClaimState
from policy_engine.delivery.terms import Outcome, Stage

Action = Literal["accept", "return_for_supplement", "recommend", "advise_against", "grant", "refuse"]

ACTIONS: dict[Outcome, tuple[Action, ...]] = {
    "accept": ("accept", "return_for_supplement"),
    "joint_review": ("recommend", "advise_against", "return_for_supplement"),
    "decide": ("grant", "refuse", "return_for_supplement"),
}


def require_claim_for_seat(session: Session, claim_id: uuid.UUID, principal: Principal) -> Claim:
    """The claim, locked; ``NotFound`` where the seat has no business with it."""
    claim = repository.lock_claim(session, claim_id)
    if claim is None or not sees_claim(principal, stages_of(claim), claim.division):
        raise NotFound(_("没有找到您要的内容。"))
    return claim


def why_not(
    session: Session, ports: Ports, claim: Claim, principal: Principal, *, now: datetime
) -> str | None:
    """Why this person on this seat may not act on the claim now; none when they may. For buttons and for refusals."""
    stage = present_stage(claim)
    if claim.state != WAITS_FOR[stage.outcome]:
        return _("这件申请现在不在待办环节。")
    if claim.is_held:
        return _("这件申请已暂停办理，恢复后才能继续。")
    if not may_act_at(principal, stage, claim.division):
        return _("当前环节是“%(stage)s”，不属于您所在席位的职责。", stage=stage.title)
    guardians = ports.people.guardians_of(session, claim.subject_id, business_date(now))
    concerned = {claim.subject_id, claim.applicant_id, claim.payee_id, claim.unit_id, claim.entered_by_id}
    if is_concerned(principal.subject_id, concerned | guardians):
        return _("您与这件申请有利害关系，应当回避。")
    acts = [
        (act.stage, act.official_id)
        for act in repository.stage_decisions(session, claim.id)
        if act.round == claim.round and act.action != "return_for_supplement"
    ]
    if not stage.may_repeat_person and acted_elsewhere(principal.subject_id, stage.key, acts):
        return _("您已办理过这件申请的前一环节，同一人不能办理两个环节。")
    if _refused_before(session, claim, principal):
        return _("您曾作出不予批准的决定，应由其他人员重新审定。")
    return None


def check_may_act(
    session: Session,
    ports: Ports,
    claim: Claim,
    stage: Stage,
    principal: Principal,
    action: Action,
    *,
    now: datetime,
) -> SeatView:
    """The seat that acts. Raises ``Forbidden`` or ``IllegalTransition``, saying why."""
    if not CLAIM.may(ClaimState(claim.state), action):
        raise IllegalTransition(_("这件申请现在不在待办环节，可能已由他人办理。"))
    problem = why_not(session, ports, claim, principal, now=now)
    if problem is not None or principal.seat is None:
        raise Forbidden(problem or "")
    if action not in ACTIONS[stage.outcome]:
        raise Forbidden(_("“%(stage)s”环节不能这样办理。", stage=stage.title))
    return principal.seat


def _refused_before(session: Session, claim: Claim, principal: Principal) -> bool:
    return any(
        act.action == "refuse" and act.official_id == principal.subject_id
        for act in repository.stage_decisions(session, claim.id)
    )
