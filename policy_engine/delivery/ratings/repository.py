"""All SQL of ratings."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims.models import Claim, StageDecision, WrittenDecision
from policy_engine.delivery.ratings.models import Rating


class Tally(NamedTuple):
    """How often one grade was given for the work of one department under one policy."""

    policy_id: str
    department: str
    grade: int
    count: int
    open_tasks: int
    late_tasks: int


def of_claim(session: Session, claim_id: uuid.UUID) -> Rating | None:
    return session.scalar(sa.select(Rating).where(Rating.claim_id == claim_id))


def lock(session: Session, rating_id: uuid.UUID) -> Rating | None:
    return session.get(Rating, rating_id, with_for_update=True, populate_existing=True)


def deciding_department(session: Session, claim_id: uuid.UUID) -> str | None:
    statement = sa.select(WrittenDecision.department).where(WrittenDecision.claim_id == claim_id)
    return session.scalar(statement.order_by(WrittenDecision.served_at.desc(), WrittenDecision.id.desc()))


def tasks_for(
    session: Session, division: str, official_id: int, state: str, limit: int
) -> Sequence[tuple[Rating, Claim]]:
    """Bad ratings inside a division of claims in which this official had no hand, the nearest deadline first."""
    had_a_hand = sa.select(StageDecision.claim_id).where(StageDecision.official_id == official_id)
    rows = session.execute(
        sa.select(Rating, Claim)
        .join(Claim, Claim.id == Rating.claim_id)
        .where(
            Rating.state == state,
            Rating.division.between(*bounds_of(division)),
            Rating.claim_id.not_in(had_a_hand),
        )
        .order_by(Rating.due_on, Rating.id)
        .limit(limit)
    )
    return [(rating, claim) for rating, claim in rows]


def late_tasks(session: Session, on: date, limit: int) -> list[Rating]:
    """Past their day and not yet reminded of; locked."""
    statement = sa.select(Rating).where(
        Rating.state == "task", Rating.due_on < on, Rating.reminded_at.is_(None)
    )
    return list(session.scalars(statement.order_by(Rating.id).limit(limit).with_for_update(skip_locked=True)))


def tallies(session: Session, division: str, today: date) -> list[Tally]:
    """By policy, department and grade, inside a division."""
    is_task = Rating.state == "task"
    rows = session.execute(
        sa.select(
            Rating.policy_id,
            Rating.department,
            Rating.grade,
            sa.func.count(),
            sa.func.sum(sa.case((is_task, 1), else_=0)),
            sa.func.sum(sa.case((sa.and_(is_task, Rating.due_on < today), 1), else_=0)),
        )
        .where(Rating.division.between(*bounds_of(division)))
        .group_by(Rating.policy_id, Rating.department, Rating.grade)
    )
    return [Tally(*row) for row in rows]
