"""A finding's life: asked of its owner, answered in time, closed by the auditor or asked again.

The auditor reads everything and changes nothing but these cases; who is concerned does not answer.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.oversight import repository
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.oversight.questions import QUESTIONS, Found, Question
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.words import checked_words

ANSWER_WORKING_DAYS = 10
OUTCOMES = ("explained", "corrected", "recovered", "referred")


def record_found(session: Session, question: Question, found: Iterable[Found], *, now: datetime) -> int:
    """Keep what a night found: new cases are asked, known ones seen again, closed ones that grew asked again."""
    new = 0
    for one in found:
        known = repository.lock_by_key(session, question.key, one.key)
        if known is None:
            new += _open(session, question, one, now=now)
            continue
        known.last_found_on, known.is_standing = business_date(now), True
        if one.weight > known.weight:
            known.weight, known.detail = one.weight, one.detail
            if known.state == "closed":
                _ask(known, question.asked, now=now)
                new += 1
    return new


def no_longer_found(session: Session, question: Question, *, now: datetime) -> None:
    """After everything of a night is recorded."""
    repository.no_longer_found(session, question.key, business_date(now))


def answer_finding(
    session: Session, *, finding_id: uuid.UUID, principal: Principal, answer: str, now: datetime
) -> Finding:
    """The owner explains."""
    finding = repository.lock(session, finding_id)
    if finding is None or not may_answer(finding, principal):
        raise NotFound(_("没有找到您要的内容。"))
    if finding.state != "asked":
        raise IllegalTransition(_("这个问题已经答复或已关闭。"))
    seat = principal.seat
    finding.answer = checked_words(answer, _("请写明核实的情况和处理的办法。"))
    finding.state, finding.answered_at = "answered", now
    finding.answered_by_id = principal.subject_id
    finding.answered_by_seat = seat.post.zh if seat is not None else ""
    _record(session, "oversight.answer", principal, finding, now=now)
    return finding


def close_finding(
    session: Session,
    *,
    finding_id: uuid.UUID,
    principal: Principal,
    outcome: str,
    words: str,
    now: datetime,
) -> Finding:
    """The auditor is satisfied, and says how it ended."""
    finding = _for_auditor(session, finding_id, principal)
    if finding.state == "closed":
        raise IllegalTransition(_("这个问题已经答复或已关闭。"))
    if finding.state == "asked" and finding.is_standing:
        raise IllegalTransition(_("责任单位还没有答复，不能关闭。"))
    if outcome not in OUTCOMES:
        raise InvalidInput(_("请选择一种结论。"))
    finding.closing = checked_words(words, _("请写明关闭的理由。"))
    finding.state, finding.outcome, finding.closed_at = "closed", outcome, now
    finding.closed_by_id, finding.closed_by_name = principal.subject_id, principal.name
    _record(session, "oversight.close", principal, finding, now=now)
    return finding


def ask_again(
    session: Session,
    ports: Ports,
    *,
    finding_id: uuid.UUID,
    principal: Principal,
    words: str,
    now: datetime,
) -> Finding:
    """The answer does not do; a new question with a new clock."""
    finding = _for_auditor(session, finding_id, principal)
    if finding.state != "answered":
        raise IllegalTransition(_("答复以后才能追问。"))
    _ask(finding, checked_words(words, _("请写明还要说明什么。")), now=now)
    _record(session, "oversight.ask_again", principal, finding, now=now)
    _tell_owners(session, ports, finding, now=now)
    return finding


def remind_of_findings(session: Session, ports: Ports, *, now: datetime, limit: int = 100) -> int:
    """Owners that let the day pass are told so, once."""
    late = repository.late(session, business_date(now), limit)
    for finding in late:
        finding.reminded_at = now
        _tell_owners(session, ports, finding, now=now)
    return len(late)


def may_answer(finding: Finding, principal: Principal) -> bool:
    """A seat of the duty and place that is responsible; not the official whom it concerns."""
    seat = principal.seat
    return (
        seat is not None
        and finding.duty in seat.duties
        and encloses(seat.division, finding.division)
        and principal.subject_id != finding.official_id
    )


def may_audit(finding: Finding, principal: Principal) -> bool:
    seat = principal.seat
    return seat is not None and "audit.read" in seat.duties and encloses(seat.division, finding.division)


def _open(session: Session, question: Question, found: Found, *, now: datetime) -> int:
    """Two workers that look at one moment open one case."""
    today = business_date(now)
    finding = Finding(
        question=question.key,
        key=found.key,
        weight=found.weight,
        subject_id=found.subject_id,
        claim_id=found.claim_id,
        official_id=found.official_id,
        division=found.division,
        duty=question.duty,
        detail=found.detail,
        found_on=today,
        last_found_on=today,
        is_standing=True,
    )
    _ask(finding, question.asked, now=now)
    try:
        with session.begin_nested():
            session.add(finding)
    except IntegrityError:
        return 0
    return 1


def _ask(finding: Finding, asked: str, *, now: datetime) -> None:
    finding.state, finding.asked, finding.reminded_at = "asked", asked, None
    finding.due_on = add_working_days(business_date(now), ANSWER_WORKING_DAYS)


def _for_auditor(session: Session, finding_id: uuid.UUID, principal: Principal) -> Finding:
    finding = repository.lock(session, finding_id)
    if finding is None:
        raise NotFound(_("没有找到您要的内容。"))
    if not may_audit(finding, principal):
        raise Forbidden(_("只有审计席位能追问或关闭。"))
    return finding


def _tell_owners(session: Session, ports: Ports, finding: Finding, *, now: datetime) -> None:
    """Whoever can answer; told what is asked, not about whom."""
    holders = {
        one
        for held in ports.people.held_seats(session, now)
        if finding.duty in held.seat.duties and encloses(held.seat.division, finding.division)
        for one in held.holders
    }
    tell_these(
        session,
        holders - {finding.official_id or 0},
        "oversight.asked",
        worded("有监督问题待您答复"),
        worded(
            "%(question)s，请在 %(due)s 前答复。",
            question=worded(QUESTIONS[finding.question].title),
            due=finding.due_on,
        ),
        link=f"/zhengtong/findings/{finding.id}",
        now=now,
    )


def _record(session: Session, action: str, principal: Principal, finding: Finding, *, now: datetime) -> None:
    audit.record(
        session,
        actor=principal,
        action=action,
        object_kind="finding",
        object_id=finding.id,
        detail={"question": finding.question},
        now=now,
    )
