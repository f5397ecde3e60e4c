"""公示 and what the public says: an objection stops the clock, and a deciding seat looks into it."""

import uuid
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from kernel.working_days import add_working_days, working_days_between
from policy_engine.delivery.access import may_act_at
from policy_engine.delivery.cases.timeline import Actor, actor_of, record_event
from policy_engine.delivery.claims.fitness import everyone_concerned
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.repository import stage_decisions
from policy_engine.delivery.claims.review import LONGEST_REASON
from policy_engine.delivery.claims.separation import require_claim_for_seat
from policy_engine.delivery.claims.stages import decide_index, enter_stage, stages_of
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.publicity.models import NoticeObjection
from policy_engine.delivery.publicity.repository import open_objections
from policy_engine.delivery.states import CLAIM, ClaimState
from policy_engine.delivery.terms import Terms


def record_objection(
    session: Session, *, claim_id: uuid.UUID, principal: Principal, grounds: str, now: datetime
) -> Claim:
    """An objection that reached the office while the notice runs; who made it stays out of the claim's history."""
    claim = require_claim_for_seat(session, claim_id, principal)
    if not any(stage.duty in (principal.seat.duties if principal.seat else ()) for stage in stages_of(claim)):
        raise Forbidden(_("登记异议不属于您所在席位的职责。"))
    add_objection(session, claim, "office", _checked(grounds), actor_of(principal), now=now)
    audit.record(
        session, actor=principal, action="claim.object", object_kind="claim", object_id=claim.id, now=now
    )
    return claim


def add_objection(
    session: Session, claim: Claim, channel: str, grounds: str, actor: Actor, *, now: datetime
) -> NoticeObjection:
    """The first stops the notice's clock, later ones are looked into with it. The claim is locked."""
    before = ClaimState(claim.state)
    if before is not ClaimState.OBJECTION:
        claim.state = CLAIM.move(before, "object")
    stages = stages_of(claim)
    days = stages[decide_index(stages)].working_days
    row = NoticeObjection(
        id=new_id(),
        claim_id=claim.id,
        round=claim.round,
        channel=channel,
        grounds=grounds,
        made_at=now,
        due_on=add_working_days(business_date(now), days),
    )
    session.add(row)
    claim.updated_at = now
    if before is not ClaimState.OBJECTION:
        claim.stage_due_on = row.due_on
    record_event(
        session,
        "claim",
        claim.id,
        "claim.object",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor,
        now=now,
        moved=(before, claim.state),
        is_public=False,
    )
    return row


def settle_objection(
    session: Session,
    *,
    claim_id: uuid.UUID,
    ports: Ports,
    principal: Principal,
    outcome: Literal["dismiss", "sustain"],
    reason: str,
    now: datetime,
) -> Claim:
    """``dismiss`` lets the notice run on for the days it had left; ``sustain`` sends the claim back to be decided anew.

    By a deciding seat whose holder neither granted it nor is concerned; whoever objected reads the reason.
    """
    claim = require_claim_for_seat(session, claim_id, principal)
    stages = stages_of(claim)
    index = decide_index(stages)
    if not may_act_at(principal, stages[index], claim.division):
        raise Forbidden(_("核查异议不属于您所在席位的职责。"))
    _check_independent(session, ports, claim, principal, now=now)
    reason = _checked(reason)
    CLAIM.move(ClaimState(claim.state), f"{outcome}_objection")
    first = _answer_all(session, claim, outcome, reason, principal, now=now)
    claim.stage_due_on = None
    if outcome == "dismiss":
        terms = ports.terms(session, claim.policy_id, claim.policy_version)
        claim.notice_until_on = _resumed_until(claim, terms, first, business_date(now))
        return _move(session, claim, "dismiss_objection", ClaimState.NOTICE, principal, reason, now=now)
    _move(session, claim, "sustain_objection", ClaimState.REVIEW, principal, reason, now=now)
    claim.round += 1
    claim.notice_until_on, claim.decided_at = None, None
    enter_stage(claim, index, now=now)
    return claim


def _check_independent(
    session: Session, ports: Ports, claim: Claim, principal: Principal, *, now: datetime
) -> None:
    granted = {
        act.official_id
        for act in stage_decisions(session, claim.id)
        if act.action == "grant" and act.round == claim.round
    }
    if principal.subject_id in granted | everyone_concerned(session, ports, claim, now=now):
        raise Forbidden(_("异议应由未作出决定且无利害关系的人员核查。"))


def _answer_all(
    session: Session, claim: Claim, outcome: str, reason: str, principal: Principal, *, now: datetime
) -> date:
    """Every open objection has the same answer; the day on which the first was made."""
    found = open_objections(session, claim.id)
    for row in found:
        row.outcome, row.answer = outcome, reason
        row.settled_by_id, row.settled_at = principal.subject_id, now
    return business_date(found[0].made_at) if found else business_date(now)


def _resumed_until(claim: Claim, terms: Terms, stopped_on: date, today: date) -> date | None:
    """The last day of a notice that runs on for the days that were left when it stopped."""
    until = claim.notice_until_on
    if until is None:
        return None
    if terms.is_notice_in_working_days:
        left = working_days_between(stopped_on, until)
        return max(until, add_working_days(today, max(left, 0)))
    return max(until, today + (until - stopped_on))


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
