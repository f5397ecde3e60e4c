"""How a check ends, whatever ends it: with a result, or because somebody said no, or because its claim needs it no more.

Nothing is found out for a claim that nobody decides any longer: what was asked and has not answered is not waited for, and
what answers all the same is noted and thrown away (个人信息保护法 Art. 47: the purpose is gone).
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.wording import Wording, worded
from policy_engine.catalogue import encloses
from policy_engine.delivery.access import serves
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.cases.timeline import SYSTEM, record_event
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.means import repository
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.means.results import KNOWN, SOURCE
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import ClaimState
from policy_engine.profiles.forgetting import forget

#: Where a claim waits for an official or its applicant, and a result can still matter to what is decided.
AT_A_DESK = frozenset(
    {ClaimState.SUBMITTED, ClaimState.JOINT_REVIEW, ClaimState.REVIEW, ClaimState.SUPPLEMENT}
)
REPORT = "家庭经济状况核对报告"


def end(session: Session, ports: Ports, check: MeansCheck, state: str, *, now: datetime) -> None:
    """The claim's file says how it ended; its people and the seat that asked are told. Claim and check are locked."""
    was_done = check.state == "done"
    check.state, check.ended_at = state, now
    claim = claim_rows.lock_claim(session, check.claim_id)
    if claim is None:
        return
    if state == "done":
        claim.evidence = [*claim.evidence, {"title": REPORT, "reference": check.number}]
        if claim.amount_fen is None:
            _reckon(session, ports, claim, now=now)
    else:
        repository.forget_inquiries(session, check.id)
        if was_done:
            claim.evidence = [one for one in claim.evidence if one.get("reference") != check.number]
            _reckon(session, ports, claim, now=now)
    claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        f"claim.means_{state}",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=SYSTEM,
        now=now,
    )
    words = {
        "done": worded("核对已完成，结果已交给办理的席位。"),
        "refused": worded("有成员不同意核对，核对已结束。"),
        "lapsed": worded("没有按期授权，核对已结束，可以重新发起。"),
        "withdrawn": worded("授权已撤回，查到的信息已删除。"),
        "closed": worded("申请已经办结，核对不再进行；没有查到的不再查，查到的已删除。"),
    }[state]
    members = {one.subject_id for one in repository.consents(session, check.id)}
    tell(session, members, check, worded("家庭经济状况核对有结果"), words, now=now)
    link = f"/zhengtong/means/{check.id}"
    title = worded("核对有结果：%(number)s", number=check.number)
    readers = _who_asked(session, ports, check, claim, now=now)
    tell_these(session, readers, "means.ended", title, words, link=link, now=now)


def _who_asked(session: Session, ports: Ports, check: MeansCheck, claim: Claim, *, now: datetime) -> set[int]:
    """Whoever opened it; where the file has left their place since, those who have it on the desk now."""
    stage, seats = present_stage(claim), ports.people.held_seats(session, now)
    theirs = [one.seat for one in seats if check.opened_by_id in one.holders]
    if not theirs or any(encloses(one.division, claim.division) for one in theirs):
        return {check.opened_by_id}
    return {holder for one in seats if serves(one.seat, stage, claim.division) for holder in one.holders}


def close_of_claim(session: Session, ports: Ports, claim: Claim, *, now: datetime) -> None:
    """The claim, locked, is decided or taken back: a check still under way ends with it."""
    known = repository.open_of_claim(session, claim.id)
    check = None if known is None else repository.lock_check(session, known)
    if check is not None and check.state in repository.OPEN:
        end(session, ports, check, "closed", now=now)


def note_late(session: Session, check_id: uuid.UUID, source: str, *, now: datetime) -> None:
    """A source answered after the check had ended: that it did is on record, what it said is nowhere."""
    check = repository.get_check(session, check_id)
    claim = None if check is None else claim_rows.get_claim(session, check.claim_id)
    if check is None or claim is None:
        return
    record_event(
        session,
        "claim",
        claim.id,
        "claim.means_late",
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=SYSTEM,
        now=now,
        is_public=False,
    )
    audit.record(
        session,
        actor="worker",
        action="means.late_answer",
        object_kind="means_check",
        object_id=check.id,
        detail={"source": source, "state": check.state},
        now=now,
    )


def forget_found(session: Session, check: MeansCheck, *, now: datetime) -> None:
    """Nothing of what was found stays: not in the check, not in the household's facts, not in their history."""
    had_result = check.result_sealed is not None and not check.is_incomplete
    check.result_sealed = None
    repository.forget_inquiries(session, check.id)
    if had_result:
        event_id = f"means/{check.id}"
        forget(session, check.household_id, KNOWN, source=SOURCE, event_id=event_id, now=now)


def tell(
    session: Session,
    members: set[int] | frozenset[int],
    check: MeansCheck,
    title: Wording,
    body: Wording,
    *,
    now: datetime,
) -> None:
    """A letter about the check to members of the household."""
    tell_these(session, members, "means.check", title, body, link=f"/means/{check.id}", now=now)


def _reckon(session: Session, ports: Ports, claim: Claim, *, now: datetime) -> None:
    """What the claim would pay by the facts of now; nothing is changed once it has left the desks."""
    if claim.state in AT_A_DESK:
        today = business_date(now)
        recheck = ports.reevaluate(
            session, claim.policy_id, claim.policy_version, claim.subject_id, claim.unit_id, today
        )
        if recheck.verdict != "ineligible":
            claim.amount_fen = recheck.amount_fen if recheck.verdict == "eligible" else None
