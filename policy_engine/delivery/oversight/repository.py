"""All SQL of findings."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.oversight.models import Finding


def lock(session: Session, finding_id: uuid.UUID) -> Finding | None:
    return session.get(Finding, finding_id, with_for_update=True, populate_existing=True)


def get(session: Session, finding_id: uuid.UUID) -> Finding | None:
    return session.get(Finding, finding_id)


def lock_by_key(session: Session, question: str, key: str) -> Finding | None:
    statement = sa.select(Finding).where(Finding.question == question, Finding.key == key)
    return session.scalar(statement.with_for_update())


def no_longer_found(session: Session, question: str, today: date) -> None:
    """What was not found today any more; open cases stay open until somebody closes them."""
    session.execute(
        sa.update(Finding)
        .where(Finding.question == question, Finding.last_found_on < today, Finding.is_standing)
        .values(is_standing=False)
    )


def listed(
    session: Session, division: str, *, question: str, state: str, duties: Sequence[str] | None, limit: int
) -> Sequence[Finding]:
    """Inside a division, the nearest deadline first; ``duties`` only those that such a seat answers."""
    statement = sa.select(Finding).where(Finding.division.between(*bounds_of(division)))
    if question:
        statement = statement.where(Finding.question == question)
    if state:
        statement = statement.where(Finding.state == state)
    if duties is not None:
        statement = statement.where(Finding.duty.in_(duties))
    return session.scalars(statement.order_by(Finding.due_on, Finding.id).limit(limit)).all()


def counts(session: Session, division: str) -> dict[tuple[str, str], int]:
    """By question and state."""
    rows = session.execute(
        sa.select(Finding.question, Finding.state, sa.func.count())
        .where(Finding.division.between(*bounds_of(division)))
        .group_by(Finding.question, Finding.state)
    )
    return {(question, state): count for question, state, count in rows}


def late(session: Session, on: date, limit: int) -> list[Finding]:
    """Asked, past their day, not yet reminded of; locked."""
    statement = sa.select(Finding).where(
        Finding.state == "asked", Finding.due_on < on, Finding.reminded_at.is_(None)
    )
    return list(
        session.scalars(statement.order_by(Finding.id).limit(limit).with_for_update(skip_locked=True))
    )
