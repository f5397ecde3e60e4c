"""What officials do with a claim at its stages."""

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from kernel.audit import AuditEvent
from kernel.bulk import gathered
from kernel.clock import business_date
from kernel.errors import Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.transparency.models import LogEntry
from kernel.web.principal import Principal, SeatView
from kernel.wording import Month, as_said, worded
from kernel.working_days import add_working_days
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.awards import service as awards
from policy_engine.delivery.cases.holds import place_hold, release_holds
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.cases.timeline import SYSTEM, record_event
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.decisions import write_decision
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.opinions import drop_opinions
from policy_engine.delivery.claims.places import place_of
from policy_engine.delivery.claims.recording import log_seat, record_act
from policy_engine.delivery.claims.separation import Action, check_may_act, require_claim_for_seat
from policy_engine.delivery.claims.signing import SIGNING, open_places, signatures_at
from policy_engine.delivery.claims.stages import WAITS_FOR, enter_stage, present_stage, stages_of
from policy_engine.delivery.means.ending import close_of_claim
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import CLAIM, ClaimState
from policy_engine.delivery.terms import Stage, Terms

NEEDS_REASON = frozenset({"return_for_supplement", "advise_against", "refuse"})
LONGEST_REASON = 2000
#: What an act only adds to and nothing of it reads: a grant alone writes four lines of the case and two of the log.
HISTORY = (CaseEvent, AuditEvent, LogEntry)


def act_on_claim(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    action: Action,
    reason: str,
    now: datetime,
    amount_fen: int | None = None,
) -> Claim:
    """One act of a seat at the present stage. ``amount_fen`` only where the engine could not compute it.

    Raises ``NotFound`` outside the seat's division, ``Forbidden`` for the wrong duty, stage or person, and
    ``IllegalTransition`` when the claim has moved on.
    """
    claim = require_claim_for_seat(session, claim_id, principal)
    seat = check_may_act(session, ports, claim, present_stage(claim), principal, action, now=now)
    with gathered(session, *HISTORY):
        act(session, ports, claim, seat, principal, action, reason, now=now, amount_fen=amount_fen)
    return claim


def act(
    session: Session,
    ports: Ports,
    claim: Claim,
    seat: SeatView,
    principal: Principal,
    action: Action,
    reason: str,
    *,
    now: datetime,
    amount_fen: int | None = None,
) -> None:
    """The same where it was looked into whether this seat may (``separation.check_may_act``)."""
    stage = present_stage(claim)
    reason = _checked_reason(action, reason)
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    before = place_of(claim)
    is_one_of_several = _is_one_of_several(session, claim, stage, action)
    if is_one_of_several:
        claim.state = CLAIM.move(ClaimState(claim.state), "countersign")
        _settle_amount(claim, terms, action, amount_fen)
    else:
        _carry_out(session, claim, terms, action, reason, amount_fen, now=now)
    event = "countersign" if is_one_of_several else action
    record_act(session, claim, stage, action, reason, principal, seat, before, event=event, now=now)
    if not is_one_of_several:
        if action in ("grant", "refuse"):
            close_of_claim(session, ports, claim, now=now)
        _follow_up(session, ports, claim, terms, action, reason, principal, seat, now=now)


def _is_one_of_several(session: Session, claim: Claim, stage: Stage, action: Action) -> bool:
    """会签: whether others still have to sign after this one."""
    if not stage.joint or action not in SIGNING:
        return False
    signed = signatures_at(stage, claim.visit, repository.standing_acts(session, claim.id))
    return len(open_places(stage, signed)) > 1


def _carry_out(
    session: Session,
    claim: Claim,
    terms: Terms,
    action: Action,
    reason: str,
    amount_fen: int | None,
    *,
    now: datetime,
) -> None:
    if action == "return_for_supplement":
        claim.state = CLAIM.move(ClaimState(claim.state), action)
        claim.supplement_request, claim.stage_due_on = reason, None
        drop_opinions(session, claim, now=now)
    elif action == "grant":
        _settle_amount(claim, terms, action, amount_fen)
        target = ClaimState.NOTICE if terms.notice_days else ClaimState.GRANTED
        claim.state, claim.stage_due_on = CLAIM.move(ClaimState(claim.state), action, target), None
        claim.decided_at = now
    elif action == "refuse":
        claim.state = CLAIM.move(ClaimState(claim.state), action)
        claim.stage_due_on, claim.decided_at = None, now
    else:
        _advance(claim, action, now=now)


def close_notices(session: Session, ports: Ports, *, now: datetime, limit: int = 100) -> int:
    """Grant the claims whose public notice has run out without an objection; how many that were."""
    claims = repository.lock_ended_notices(session, business_date(now), limit)
    for claim in claims:
        before, claim.state = claim.state, CLAIM.move(ClaimState(claim.state), "close_notice")
        terms = ports.terms(session, claim.policy_id, claim.policy_version)
        record_event(
            session,
            "claim",
            claim.id,
            "claim.notice_closed",
            claim_id=claim.id,
            subject_id=claim.subject_id,
            actor=SYSTEM,
            now=now,
            moved=(before, claim.state),
        )
        _settle_granted(session, ports, claim, terms, now=now)
    return len(claims)


def hold_claim(
    session: Session, *, claim_id: uuid.UUID, principal: Principal, reason: str, now: datetime
) -> Claim:
    """A manual pause with its reason; only ``resume_claim`` clears it."""
    claim = require_claim_for_seat(session, claim_id, principal)
    _require_stage_seat(claim, principal)
    place_hold(
        session, claim, "manual", _checked_reason("refuse", reason), set_by_id=principal.subject_id, now=now
    )
    log_seat(session, claim, "claim.held", principal, {"reason": reason}, now=now)
    return claim


def resume_claim(session: Session, *, claim_id: uuid.UUID, principal: Principal, now: datetime) -> Claim:
    claim = require_claim_for_seat(session, claim_id, principal)
    _require_stage_seat(claim, principal)
    release_holds(session, claim, released_by_id=principal.subject_id, now=now)
    log_seat(session, claim, "claim.resumed", principal, {}, now=now)
    return claim


def _advance(claim: Claim, action: Action, *, now: datetime) -> None:
    stages = stages_of(claim)
    index = claim.stage_index + 1
    claim.state = CLAIM.move(ClaimState(claim.state), action, WAITS_FOR[stages[index].outcome])
    if action == "accept":
        claim.accepted_at = claim.accepted_at or now
    enter_stage(claim, index, now=now)


def _settle_amount(claim: Claim, terms: Terms, action: Action, amount_fen: int | None) -> None:
    """Who grants first says how much, where the engine could not; who signs after that signs this amount."""
    if action == "grant" and terms.period != "none" and claim.amount_fen is None:
        if amount_fen is None or amount_fen <= 0:
            raise InvalidInput(_("系统未能算出金额，批准时请填写核定的金额。"))
        claim.amount_fen = amount_fen


def _follow_up(
    session: Session,
    ports: Ports,
    claim: Claim,
    terms: Terms,
    action: Action,
    reason: str,
    principal: Principal,
    seat: SeatView,
    *,
    now: datetime,
) -> None:
    """The papers, notices and rights that follow from an act."""
    policy = terms.named
    title, body = worded("%(policy)s：办理有进展", policy=policy), as_said("")
    if action == "grant":
        write_decision(
            session, ports, claim, terms, "granted", reason, official=principal, seat=seat, now=now
        )
        if claim.state == ClaimState.GRANTED:
            _settle_granted(session, ports, claim, terms, now=now)
            return
        claim.notice_until_on = _notice_until(terms, business_date(now))
        title = worded("%(policy)s：公示中", policy=policy)
        body = worded("拟批准，公示至 %(until)s。", until=claim.notice_until_on)
    elif action == "refuse":
        paper = write_decision(
            session, ports, claim, terms, "refused", reason, official=principal, seat=seat, now=now
        )
        title = worded("%(policy)s：未予批准", policy=policy)
        body = worded(
            "决定书 %(number)s。理由：%(reason)s。您可以申诉，也可在六十日内申请行政复议、六个月内提起行政诉讼。",
            number=paper.number,
            reason=reason,
        )
    elif action == "return_for_supplement":
        title = worded("%(policy)s：请补充材料", policy=policy)
        body = worded("需要一次补齐：%(reason)s", reason=reason)
    else:
        next_stage = present_stage(claim)
        body = worded(
            "%(department)s·%(seat)s已办理，现在由“%(stage)s”办理。",
            department=seat.department_named,
            seat=seat.named,
            stage=next_stage.named,
        )
        if claim.stage_due_on is not None:
            body = body + worded("预计 %(due)s 前完成。", due=claim.stage_due_on)
    kind = f"claim.{action}"
    tell(session, ports, claim.subject_id, kind, title, body, link=f"/claims/{claim.id}", now=now)


def _notice_until(terms: Terms, today: date) -> date:
    if terms.is_notice_in_working_days:
        return add_working_days(today, terms.notice_days)
    return today + timedelta(days=terms.notice_days)


def _settle_granted(session: Session, ports: Ports, claim: Claim, terms: Terms, *, now: datetime) -> None:
    award = awards.recognise(session, ports, claim, terms, now=now)
    body = worded("您的资格已认定。") if terms.period == "none" else worded("款项将按期发放，无需再次申请。")
    tell(
        session,
        ports,
        claim.subject_id,
        "claim.granted",
        worded("%(policy)s：已批准", policy=terms.named),
        body + worded("自 %(month)s 起。", month=Month.of(award.starts_on)),
        link=f"/claims/{claim.id}",
        now=now,
    )


def _require_stage_seat(claim: Claim, principal: Principal) -> None:
    seat = principal.seat
    duties = {stage.duty for stage in stages_of(claim)}
    if seat is None or not (duties & seat.duties and encloses(seat.division, claim.division)):
        raise Forbidden(_("您所在的席位没有暂停或恢复办理的职责。"))


def _checked_reason(action: Action, reason: str) -> str:
    reason = reason.strip()
    if action in NEEDS_REASON and not reason:
        raise InvalidInput(_("请写明理由，申请人会看到它。"))
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(_("理由过长，请控制在两千字以内。"))
    return reason
