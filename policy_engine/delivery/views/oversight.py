"""Findings of the ready questions, for the auditor and for whoever has to answer."""

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.oversight import repository
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.oversight.questions import QUESTIONS
from policy_engine.delivery.oversight.schemas import FindingView
from policy_engine.delivery.oversight.service import may_answer, may_audit
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.views.parts import clock_left

MOST_LISTED = 500
ANSWERING = ("claim.decide", "payment.approve")


def findings(
    session: Session, ports: Ports, principal: Principal, *, question: str, state: str, now: datetime
) -> list[FindingView]:
    """All of a place for its auditor; for others those that they have to answer."""
    seat = principal.seat
    if seat is None or not seat.duties & {"audit.read", *ANSWERING}:
        raise Forbidden(_("监督问题不属于您所在席位的职责。"))
    duties = None if "audit.read" in seat.duties else sorted(seat.duties & set(ANSWERING))
    rows = repository.listed(
        session, seat.division, question=question, state=state, duties=duties, limit=MOST_LISTED
    )
    allowed = [one for one in rows if may_audit(one, principal) or may_answer(one, principal)]
    return [_view(session, ports, one, principal, now) for one in allowed]


def finding(
    session: Session, ports: Ports, finding_id: uuid.UUID, principal: Principal, *, now: datetime
) -> FindingView:
    row = repository.get(session, finding_id)
    if row is None or not (may_audit(row, principal) or may_answer(row, principal)):
        raise NotFound(_("没有找到您要的内容。"))
    return _view(session, ports, row, principal, now)


def finding_counts(session: Session, division: str) -> dict[str, dict[str, int]]:
    """How many cases each question has in which state."""
    counted = repository.counts(session, division)
    return {
        key: {state: counted.get((key, state), 0) for state in ("asked", "answered", "closed")}
        for key in QUESTIONS
    }


def _view(session: Session, ports: Ports, row: Finding, principal: Principal, now: datetime) -> FindingView:
    claim = claim_rows.get_claim(session, row.claim_id) if row.claim_id is not None else None
    name = ports.people.name_of
    died_on = row.detail.get("died_on")
    is_open = row.state == "asked"
    return FindingView(
        id=row.id,
        question=row.question,
        title=_(QUESTIONS[row.question].title),
        asked=_(row.asked),
        state=row.state,
        weight=row.weight,
        who=name(session, row.subject_id) if row.subject_id is not None else "",
        official=name(session, row.official_id) if row.official_id is not None else "",
        claim_id=row.claim_id,
        case_number=(claim.case_number or "") if claim is not None else "",
        division=row.division,
        duty=row.duty,
        periods=tuple(row.detail.get("periods", ())),
        total_fen=row.detail.get("total_fen"),
        died_on=date.fromisoformat(died_on) if died_on else None,
        found_on=row.found_on,
        last_found_on=row.last_found_on,
        is_standing=row.is_standing,
        due_on=row.due_on,
        working_days_left=clock_left(row.due_on, business_date(now)) if is_open else None,
        answer=row.answer or "",
        answered_by=post_names(session).said(row.answered_by_seat or ""),
        answered_at=row.answered_at,
        outcome=row.outcome or "",
        closing=row.closing or "",
        closed_by=row.closed_by_name or "",
        closed_at=row.closed_at,
        may_answer=is_open and may_answer(row, principal),
        may_close=row.state != "closed" and may_audit(row, principal),
    )
