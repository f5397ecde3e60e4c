"""Rating a finished claim, and answering a bad word.

国办发〔2019〕51号: voluntary, five grades, one rating for one matter; whoever served cannot see it; a bad one (1 or 2) is
looked into by somebody else, within a time, and answered. The guideline names no number of days: five working days
are ours.
"""

import uuid
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import as_said, worded
from kernel.working_days import add_working_days
from policy_engine.catalogue.divisions import encloses
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.ratings import repository
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.words import LONGEST_WORDS, checked_words

BAD = 2
TASK_WORKING_DAYS = 5
FINISHED = frozenset({ClaimState.GRANTED, ClaimState.REFUSED})


def rate(
    session: Session,
    ports: Ports,
    *,
    claim_id: uuid.UUID,
    principal: Principal,
    grade: int,
    words: str,
    may_be_called: bool,
    now: datetime,
) -> Rating:
    """One rating for one claim, by its own people; a bad one becomes a task. Raises ``Conflict`` for a second one."""
    claim = claim_rows.get_claim(session, claim_id)
    if claim is None:
        raise NotFound(_("没有找到您要的内容。"))
    relation = require_relation(session, ports, principal, claim.subject_id, claim.division, now)
    if relation == "counter":
        raise Forbidden(_("评价由群众自己作出，窗口不能代评。"))
    if claim.state not in FINISHED:
        raise IllegalTransition(_("办结以后才能评价。"))
    if not 1 <= grade <= 5:
        what = _("请选择一到五星中的一项。")
        raise InvalidInput(what, errors=[FieldError("grade", what)])
    if len(words) > LONGEST_WORDS:
        raise InvalidInput(_("文字过长，请控制在两千字以内。"))
    terms = ports.terms(session, claim.policy_id, claim.policy_version)
    is_bad = grade <= BAD
    rating = Rating(
        claim_id=claim.id,
        rated_by_id=principal.subject_id,
        policy_id=claim.policy_id,
        department=repository.deciding_department(session, claim.id) or terms.department,
        division=claim.division,
        grade=grade,
        words=words.strip(),
        may_be_called=may_be_called,
        state="task" if is_bad else "filed",
        rated_at=now,
        due_on=add_working_days(business_date(now), TASK_WORKING_DAYS) if is_bad else None,
    )
    try:
        with session.begin_nested():
            session.add(rating)
    except IntegrityError as clash:
        raise Conflict(_("这件事已经评价过了，谢谢您。")) from clash
    if is_bad:
        _tell_seats(session, ports, claim, rating, now=now)
    return rating


def answer_rating(
    session: Session,
    *,
    rating_id: uuid.UUID,
    principal: Principal,
    is_founded: bool,
    answer: str,
    now: datetime,
) -> Rating:
    """What was found and done, told to the person; by a deciding seat whose holder had no hand in the claim."""
    rating = repository.lock(session, rating_id)
    if rating is None or not may_look_into(session, rating, principal):
        raise NotFound(_("没有找到您要的内容。"))
    if rating.state != "task":
        raise IllegalTransition(_("这条评价已经答复。"))
    seat = principal.seat
    words = checked_words(answer, _("请写明核实的情况和改进的措施，评价人会看到。"))
    rating.answer = words
    rating.state, rating.is_founded = "answered", is_founded
    rating.answered_by_id, rating.answered_at = principal.subject_id, now
    rating.answered_by_seat = seat.post.zh if seat is not None else ""
    audit.record(
        session,
        actor=principal,
        action="rating.answer",
        object_kind="rating",
        object_id=rating.id,
        detail={"founded": is_founded},
        now=now,
    )
    tell_these(
        session,
        {rating.rated_by_id},
        "rating.answered",
        worded("您的评价有了答复"),
        as_said(words),
        link=f"/claims/{rating.claim_id}",
        now=now,
    )
    return rating


def may_look_into(session: Session, rating: Rating, principal: Principal) -> bool:
    """A deciding seat of that place, and nobody who had a hand in the claim or is concerned in it."""
    seat = principal.seat
    if seat is None or "claim.decide" not in seat.duties or not encloses(seat.division, rating.division):
        return False
    claim = claim_rows.get_claim(session, rating.claim_id)
    own = (
        {rating.rated_by_id} if claim is None else {rating.rated_by_id, claim.subject_id, claim.applicant_id}
    )
    hands = claim_rows.officials_of(session, [rating.claim_id]).get(rating.claim_id, set())
    return principal.subject_id not in hands | own


def remind_of_ratings(session: Session, ports: Ports, *, now: datetime, limit: int = 100) -> int:
    """Tasks whose day has passed are told once more; how many."""
    late = repository.late_tasks(session, business_date(now), limit)
    for rating in late:
        rating.reminded_at = now
        claim = claim_rows.get_claim(session, rating.claim_id)
        if claim is not None:
            _tell_seats(session, ports, claim, rating, now=now)
    return len(late)


def _tell_seats(session: Session, ports: Ports, claim: Claim, rating: Rating, *, now: datetime) -> None:
    """Those who can look into it: told that there is something, not what."""
    hands = claim_rows.officials_of(session, [claim.id]).get(claim.id, set())
    hands |= {rating.rated_by_id, claim.subject_id, claim.applicant_id}
    holders = {
        one
        for held in ports.people.held_seats(session, now)
        if "claim.decide" in held.seat.duties and encloses(held.seat.division, rating.division)
        for one in held.holders
    }
    if rating.reminded_at is None:
        title = worded("有一条评价需要核实")
        body = worded("请在 %(due)s 前核实并答复。", due=rating.due_on)
    else:
        title, body = worded("评价核实已超期"), worded("应在 %(due)s 前答复。", due=rating.due_on)
    tell_these(session, holders - hands, "rating.task", title, body, link="/zhengtong/ratings", now=now)
