"""申诉: a refused claim is looked at again by somebody who did not refuse it."""

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.delivery.access import is_concerned, may_act_at
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import actor_of, record_event
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.decisions import write_decision
from policy_engine.delivery.claims.fitness import everyone_concerned
from policy_engine.delivery.claims.models import Appeal, Claim
from policy_engine.delivery.claims.review import LONGEST_REASON
from policy_engine.delivery.claims.separation import require_claim_for_seat
from policy_engine.delivery.claims.stages import decide_index, enter_stage, stages_of
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, ClaimState

APPEAL_WORKING_DAYS = 20


def appeal(
    session: Session, ports: Ports, *, claim_id: uuid.UUID, principal: Principal, grounds: str, now: datetime
) -> Appeal:
    """Ask again after a refusal; every refusal can be appealed.

    Raises ``Conflict`` while another claim to the same right is under way.
    """
    claim = repository.lock_claim(session, claim_id)
    if claim is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, claim.subject_id, claim.division, now)
    grounds = grounds.strip()
    if not grounds or len(grounds) > LONGEST_REASON:
        raise InvalidInput(_("请写明申诉的理由（两千字以内）。"))
    before = claim.state
    target = CLAIM.move(ClaimState(before), "appeal")
    if repository.open_claim_on(session, claim.policy_id, claim.unit_id) is not None:
        raise Conflict(_("这项待遇另有一件申请正在办理，办结后就可以申诉。"))
    claim.state = target
    filed = Appeal(
        claim_id=claim.id,
        filed_by_id=principal.subject_id,
        grounds=grounds,
        filed_at=now,
        due_on=add_working_days(business_date(now), APPEAL_WORKING_DAYS),
    )
    claim.stage_due_on, claim.updated_at = filed.due_on, now
    session.add(filed)
    record_event(
        session,
        "claim",
        claim.id,
        "claim.appealed",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor_of(principal, relation),
        now=now,
        moved=(before, claim.state),
        detail={"due_on": filed.due_on.isoformat()},
    )
    return filed


def decide_appeal(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    outcome: Literal["uphold", "overturn"],
    reason: str,
    now: datetime,
) -> Claim:
    """``uphold`` keeps the refusal, in writing; ``overturn`` sends the claim back to be decided anew by others."""
    claim = require_claim_for_seat(session, claim_id, principal)
    before = claim.state
    target = CLAIM.move(ClaimState(before), outcome)
    stages = stages_of(claim)
    index = decide_index(stages)
    if principal.seat is None or not may_act_at(principal, stages[index], claim.division):
        raise Forbidden(_("处理申诉不属于您所在席位的职责。"))
    _check_independent(session, ports, claim, principal, now=now)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidInput(_("请写明理由，申请人会看到它。"))
    filed = repository.open_appeal(session, claim.id)
    if filed is not None:
        filed.outcome, filed.decided_at = ("upheld" if outcome == "uphold" else "overturned"), now
    claim.state, claim.stage_due_on, claim.updated_at = target, None, now
    if outcome == "overturn":
        claim.round += 1
        enter_stage(claim, index, now=now)
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    paper = write_decision(
        session,
        ports,
        claim,
        terms,
        "upheld" if outcome == "uphold" else "overturned",
        reason,
        official=principal,
        seat=principal.seat,
        now=now,
    )
    record_event(
        session,
        "claim",
        claim.id,
        f"claim.appeal_{outcome}",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor_of(principal),
        now=now,
        moved=(before, claim.state),
        detail={"number": paper.number, "reason": reason},
    )
    audit.record(
        session,
        actor=principal,
        action=f"claim.appeal_{outcome}",
        object_kind="claim",
        object_id=claim.id,
        now=now,
    )
    words = worded("维持原决定") if outcome == "uphold" else worded("撤销原决定，重新审定")
    tell(
        session,
        ports,
        claim.subject_id,
        f"claim.appeal_{outcome}",
        worded("%(policy)s：申诉有结果", policy=terms.named),
        worded(
            "%(outcome)s。决定书 %(number)s。理由：%(reason)s",
            outcome=words,
            number=paper.number,
            reason=reason,
        ),
        link=f"/claims/{claim.id}",
        now=now,
    )
    return claim


def _check_independent(
    session: Session, ports: Ports, claim: Claim, principal: Principal, *, now: datetime
) -> None:
    """Nobody who acted on the claim before, and nobody it concerns."""
    concerned = everyone_concerned(session, ports, claim, now=now)
    officials = {act.official_id for act in repository.stage_decisions(session, claim.id)}
    if is_concerned(principal.subject_id, concerned | officials):
        raise Forbidden(_("申诉应由未参与办理且无利害关系的人员处理。"))
