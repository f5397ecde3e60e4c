"""加签: a seat asks another for its opinion before it acts. Nobody decides by it, and nobody goes on without it.

The clock of the stage runs on. Whoever gave an opinion has had a hand in the claim: the same person neither decides
it nor pays it.
"""

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal, SeatView
from kernel.wording import worded
from kernel.working_days import add_working_days
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.colleagues import (
    OPINION,
    advisers,
    chosen,
    name_of,
    seat_numbered,
    tell_seat,
)
from policy_engine.delivery.claims.fitness import fitness_for
from policy_engine.delivery.claims.models import Claim, Opinion, StageDecision
from policy_engine.delivery.claims.recording import log_seat
from policy_engine.delivery.claims.separation import require_claim_for_seat, why_not
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.words import checked_words

Stance = Literal["agrees", "objects", "neutral"]
LONGEST_WAIT = 10
MOST_AT_ONCE = 5


def ask_opinion(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    seat_id: int,
    question: str,
    working_days: int,
    now: datetime,
) -> Opinion:
    """Ask a seat; the claim waits at the stage until it answers or the question is taken back."""
    claim = require_claim_for_seat(session, claim_id, principal)
    problem = why_not(session, ports, claim, principal, now=now)
    if problem is not None or principal.seat is None:
        raise Forbidden(problem or "")
    question = checked_words(question, _("请写明要征求意见的问题。"))
    if not 1 <= working_days <= LONGEST_WAIT:
        raise InvalidInput(_("期限应为 1 到 %(most)d 个工作日。", most=LONGEST_WAIT))
    waiting = repository.open_opinions(session, claim.id)
    if any(one.seat_id == seat_id for one in waiting):
        raise Conflict(_("已经向这个席位征求意见，请等待答复。"))
    if len(waiting) >= MOST_AT_ONCE:
        raise Conflict(_("同时最多向 %(most)d 个席位征求意见。", most=MOST_AT_ONCE))
    asked = chosen(advisers(session, ports, claim, principal.seat, now=now), seat_id)
    opinion = Opinion(
        claim_id=claim.id,
        round=claim.round,
        visit=claim.visit,
        stage=present_stage(claim).key,
        state="asked",
        question=question,
        asked_by_id=principal.subject_id,
        asked_by_seat=name_of(principal.seat),
        asked_at=now,
        due_on=add_working_days(business_date(now), working_days),
        seat_id=seat_id,
        seat_name=name_of(asked.seat),
    )
    session.add(opinion)
    _log(session, claim, "claim.opinion_asked", principal, opinion, now=now)
    title = worded("请提出加签意见：%(number)s", number=claim.case_number)
    body = worded("%(seat)s请您在 %(due)s 前答复。", seat=principal.seat.post, due=opinion.due_on)
    tell_seat(session, asked, claim, "claim.opinion_asked", title, body, now=now)
    return opinion


def give_opinion(
    session: Session,
    ports: Ports,
    *,
    opinion_id: uuid.UUID,
    principal: Principal,
    stance: Stance,
    answer: str,
    now: datetime,
) -> Opinion:
    """The answer of the seat that was asked; the claim can go on. Raises ``NotFound`` for every other seat."""
    opinion, claim = _open(session, opinion_id, principal)
    seat = principal.seat
    if seat is None or seat.id != opinion.seat_id:
        raise NotFound(_("没有找到您要的内容。"))
    fitness = fitness_for(session, ports, claim, now=now)
    problem = fitness.problem_as_adviser(principal.subject_id, OPINION)
    if problem is not None or principal.subject_id == opinion.asked_by_id:
        raise Forbidden(problem or _("自己提出的问题应由别人答复。"))
    if stance not in ("agrees", "objects", "neutral"):
        raise InvalidInput(_("请选择同意、不同意或仅供参考。"))
    opinion.answer = checked_words(answer, _("请写明意见。"))
    opinion.state, opinion.stance = "answered", stance
    opinion.answered_by_id, opinion.answered_by_name = principal.subject_id, principal.name
    opinion.answered_at = now
    session.add(_hand(claim, opinion, principal, seat, now))
    _log(session, claim, "claim.opinion_given", principal, opinion, now=now)
    return opinion


def take_back_question(
    session: Session, ports: Ports, *, opinion_id: uuid.UUID, principal: Principal, now: datetime
) -> Opinion:
    """A seat that may act at the stage goes on without the answer."""
    opinion, claim = _open(session, opinion_id, principal)
    problem = why_not(session, ports, claim, principal, now=now)
    if problem is not None:
        raise Forbidden(problem)
    opinion.state = "dropped"
    _log(session, claim, "claim.opinion_dropped", principal, opinion, now=now)
    return opinion


def drop_opinions(session: Session, claim: Claim, *, now: datetime) -> None:
    """The claim leaves its stage another way: what was asked there is no longer awaited."""
    for opinion in repository.open_opinions(session, claim.id):
        opinion.state = "dropped"
        claim.updated_at = now


def remind_of_opinions(session: Session, ports: Ports, *, now: datetime, limit: int = 100) -> int:
    """One message to a seat that let the day pass; how many were sent."""
    late = repository.overdue_opinions(session, business_date(now), limit)
    for opinion in late:
        opinion.reminded_at = now
        claim = repository.get_claim(session, opinion.claim_id)
        held = seat_numbered(session, ports, opinion.seat_id, now=now)
        if claim is not None and held is not None:
            title = worded("加签意见已超期：%(number)s", number=claim.case_number)
            body = worded("%(seat)s在等您的答复。", seat=post_names(session).named(opinion.asked_by_seat))
            tell_seat(session, held, claim, "claim.opinion_late", title, body, now=now)
    return len(late)


def _open(session: Session, opinion_id: uuid.UUID, principal: Principal) -> tuple[Opinion, Claim]:
    """The claim locked before the opinion, as everywhere."""
    known = repository.find_opinion(session, opinion_id)
    if known is None:
        raise NotFound(_("没有找到您要的内容。"))
    claim = require_claim_for_seat(session, known.claim_id, principal)
    opinion = repository.lock_opinion(session, opinion_id)
    if opinion is None or opinion.state != "asked":
        raise IllegalTransition(_("这条加签已经答复或撤销。"))
    return opinion, claim


def _hand(
    claim: Claim, opinion: Opinion, principal: Principal, seat: SeatView, now: datetime
) -> StageDecision:
    """That they had a hand in it; no act of a stage, so nobody can take it back over theirs."""
    return StageDecision(
        claim_id=claim.id,
        round=claim.round,
        visit=claim.visit,
        stage=OPINION,
        action="opine",
        official_id=principal.subject_id,
        official_name=principal.name,
        seat_id=seat.id,
        seat_title=seat.title,
        department=seat.department,
        division=seat.division,
        reason=opinion.answer or "",
        decided_at=now,
    )


def _log(
    session: Session, claim: Claim, kind: str, principal: Principal, opinion: Opinion, *, now: datetime
) -> None:
    detail = {"stage": opinion.stage}
    log_seat(
        session,
        claim,
        kind,
        principal,
        detail,
        audited={"opinion": str(opinion.id)},
        is_public=False,
        now=now,
    )
