"""公示 and what the public says: an objection stops the clock, and a deciding seat looks into it."""

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.access import may_act_at
from policy_engine.delivery.cases.timeline import actor_of, record_event
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.review import LONGEST_REASON
from policy_engine.delivery.claims.separation import require_claim_for_seat
from policy_engine.delivery.claims.stages import decide_index, enter_stage, stages_of
from policy_engine.delivery.states import CLAIM, ClaimState


def record_objection(
    session: Session, *, claim_id: uuid.UUID, principal: Principal, grounds: str, now: datetime
) -> Claim:
    """An objection that reached the office while the notice runs; who made it stays out of the claim's history."""
    claim = require_claim_for_seat(session, claim_id, principal)
    if not any(stage.duty in (principal.seat.duties if principal.seat else ()) for stage in stages_of(claim)):
        raise Forbidden(_("登记异议不属于您所在席位的职责。"))
    return _move(session, claim, "object", ClaimState.OBJECTION, principal, _checked(grounds), now=now)


def settle_objection(
    session: Session,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    outcome: Literal["dismiss", "sustain"],
    reason: str,
    now: datetime,
) -> Claim:
    """``dismiss`` lets the notice run on; ``sustain`` sends the claim back to be decided anew."""
    claim = require_claim_for_seat(session, claim_id, principal)
    stages = stages_of(claim)
    index = decide_index(stages)
    if not may_act_at(principal, stages[index], claim.division):
        raise Forbidden(_("核查异议不属于您所在席位的职责。"))
    reason = _checked(reason)
    if outcome == "dismiss":
        return _move(session, claim, "dismiss_objection", ClaimState.NOTICE, principal, reason, now=now)
    _move(session, claim, "sustain_objection", ClaimState.REVIEW, principal, reason, now=now)
    claim.round += 1
    claim.notice_until_on, claim.decided_at = None, None
    enter_stage(claim, index, now=now)
    return claim


def _move(
    session: Session,
    claim: Claim,
    command: str,
    target: ClaimState,
    principal: Principal,
    reason: str,
    *,
    now: datetime,
) -> Claim:
    before, claim.state = claim.state, CLAIM.move(ClaimState(claim.state), command, target)
    claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        f"claim.{command}",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor_of(principal),
        now=now,
        moved=(before, claim.state),
        detail={"reason": reason},
        is_public=command != "object",
    )
    audit.record(
        session, actor=principal, action=f"claim.{command}", object_kind="claim", object_id=claim.id, now=now
    )
    return claim


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST_REASON:
        raise InvalidInput(_("请写明理由（两千字以内）。"))
    return text
