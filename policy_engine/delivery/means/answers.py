"""Asking the sources, and what they say: one inquiry for each member and source, over days, then one result."""

import uuid
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.working_days import add_working_days
from policy_engine.delivery.means import repository
from policy_engine.delivery.means.ending import end
from policy_engine.delivery.means.models import MeansCheck, MeansConsent, MeansInquiry
from policy_engine.delivery.means.repository import Held
from policy_engine.delivery.means.results import (
    RELIEF,
    VALID_DAYS,
    MeansResult,
    add_up,
    counted,
    learn,
    seal_result,
)
from policy_engine.delivery.ports import MEANS_SOURCES, MeansAnswer, Ports

#: Outbox topic: ask one source about one member.
ASK = "means.ask"
ANSWER_WORKING_DAYS = 15


def ask_everybody(
    session: Session, check: MeansCheck, consents: list[MeansConsent], *, now: datetime
) -> None:
    """All have agreed: every source is asked about every member."""
    check.state, check.reminded_at = "asking", None
    check.due_on = add_working_days(business_date(now), ANSWER_WORKING_DAYS)
    for consent in consents:
        for source in MEANS_SOURCES:
            inquiry = MeansInquiry(
                id=new_id(),
                check_id=check.id,
                subject_id=consent.subject_id,
                source=source,
                number=f"HD-{new_id().hex[:24]}",
                consent_number=consent.number,
                state="asked",
                asked_at=now,
            )
            session.add(inquiry)
            enqueue(session, ASK, f"means:{inquiry.id}", {"inquiry_id": str(inquiry.id)}, now=now)


def take_answer(
    session: Session,
    ports: Ports,
    check_id: uuid.UUID,
    inquiry_id: uuid.UUID,
    answer: MeansAnswer | None,
    failure: str,
    *,
    now: datetime,
) -> bool:
    """What a source said, or that it will not; when the last one has, the result is worked out. Twice is once.

    False when the check had ended meanwhile: what came then is not looked at.
    """
    held = repository.hold(session, check_id)
    inquiry = repository.get_inquiry(session, inquiry_id)
    if held is None or held.check.state != "asking" or inquiry is None:
        return False
    if inquiry.state != "asked":
        return True
    if answer is not None and sum(one.amount_fen for one in answer.income) > answer.monthly_income_fen:
        answer, failure = (
            None,
            "各项收入合计超过总额",
        )  # whichever is right, neither may decide about a household
    if answer is None:
        inquiry.state, inquiry.failure = "failed", failure[:200]
    else:
        inquiry.state, inquiry.answered_at = "answered", now
        inquiry.answer_sealed = ports.vault.seal(
            msgspec.json.encode(answer).decode(), context=_place(inquiry)
        )
    session.flush()
    if all(one.state != "asked" for one in repository.inquiries(session, check_id)):
        complete(session, ports, held, now=now)
    return True


def complete(session: Session, ports: Ports, held: Held, *, now: datetime) -> None:
    """The household's means together; facts only where every source has answered."""
    check = held.check
    found = repository.inquiries(session, check.id)
    told = [(one.subject_id, _opened(ports, one)) for one in found if one.answer_sealed is not None]
    lines = add_up(session, held.claim, told)
    result = MeansResult(
        monthly_income_fen=counted(lines[RELIEF]),
        assets_fen=sum(answer.assets_fen for _who, answer in told),
        homes=sum(answer.homes for _who, answer in told),
        members=len({one.subject_id for one in found}),
        missing=tuple(sorted({one.source for one in found if one.state == "failed"})),
        lines=lines,
    )
    check.is_incomplete = bool(result.missing)
    check.valid_until_on = business_date(now) + timedelta(days=VALID_DAYS)
    check.result_sealed = seal_result(ports, check, result)
    # The sums are what was authorised to be kept; who told what is not needed any more.
    repository.forget_inquiries(session, check.id)
    if not check.is_incomplete:
        learn(session, check, result, now=now)
    end(session, ports, check, "done", now=now)


def _opened(ports: Ports, inquiry: MeansInquiry) -> MeansAnswer:
    sealed = inquiry.answer_sealed or b""
    return msgspec.json.decode(ports.vault.open(sealed, context=_place(inquiry)), type=MeansAnswer)


def _place(inquiry: MeansInquiry) -> str:
    return f"means_inquiry/answer_sealed/{inquiry.id}"
