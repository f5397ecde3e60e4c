"""Ratings as those may read them who gave them, who look into them, and who want the figures."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.ratings import repository
from policy_engine.delivery.ratings.figures import RatingFigures, figures_of
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.ratings.schemas import RatingTask, RatingView
from policy_engine.delivery.ratings.service import FINISHED
from policy_engine.delivery.views.parts import clock_left, head_of

MOST_LISTED = 300


def own_rating(session: Session, claim: Claim) -> RatingView | None:
    """For the claim's own people only: no seat is ever given it."""
    rating = repository.of_claim(session, claim.id)
    if rating is None:
        return None
    return RatingView(
        grade=rating.grade,
        words=rating.words,
        rated_at=rating.rated_at,
        answer_due_on=rating.due_on,
        answer=rating.answer or "",
        answered_by=post_names(session).said(rating.answered_by_seat or ""),
        answered_at=rating.answered_at,
    )


def may_rate(claim: Claim, rating: RatingView | None, relation: str) -> bool:
    return claim.state in FINISHED and rating is None and relation != "counter"


def rating_tasks(
    session: Session, ports: Ports, principal: Principal, *, state: str, now: datetime
) -> list[RatingTask]:
    """Bad ratings for this seat to look into (``task``), or that were (``answered``); never of one's own work."""
    seat = principal.seat
    if seat is None or "claim.decide" not in seat.duties:
        raise Forbidden(_("核实评价不属于您所在席位的职责。"))
    found = repository.tasks_for(session, seat.division, principal.subject_id, state, MOST_LISTED)
    return [
        _task(session, ports, rating, claim, now)
        for rating, claim in found
        if principal.subject_id not in (rating.rated_by_id, claim.subject_id, claim.applicant_id)
    ]


def rating_task(
    session: Session, ports: Ports, rating_id: uuid.UUID, principal: Principal, *, now: datetime
) -> RatingTask:
    for state in ("task", "answered"):
        for one in rating_tasks(session, ports, principal, state=state, now=now):
            if one.id == rating_id:
                return one
    raise NotFound(_("没有找到您要的内容。"))


def rating_figures(session: Session, division: str, *, now: datetime) -> list[RatingFigures]:
    """Added up, without groups so small that somebody could be guessed."""
    return figures_of(repository.tallies(session, division, business_date(now)))


def _task(session: Session, ports: Ports, rating: Rating, claim: Claim, now: datetime) -> RatingTask:
    is_open = rating.state == "task"
    return RatingTask(
        id=rating.id,
        case_number=claim.case_number or "",
        policy=head_of(ports.terms(session, claim.policy_id, claim.policy_version)),
        department=post_names(session).said(rating.department),
        division=rating.division,
        grade=rating.grade,
        words=rating.words,
        caller=ports.people.name_of(session, rating.rated_by_id) if rating.may_be_called else "",
        rated_at=rating.rated_at,
        due_on=rating.due_on,
        working_days_left=clock_left(rating.due_on, business_date(now)) if is_open else None,
        state=rating.state,
        is_founded=rating.is_founded,
        answer=rating.answer or "",
        answered_by=post_names(session).said(rating.answered_by_seat or ""),
    )
