"""All SQL of means checks."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.means.models import MeansCheck, MeansConsent, MeansInquiry

OPEN = ("authorising", "asking")


def get_check(session: Session, check_id: uuid.UUID) -> MeansCheck | None:
    return session.get(MeansCheck, check_id)


def lock_check(session: Session, check_id: uuid.UUID) -> MeansCheck | None:
    return session.get(MeansCheck, check_id, with_for_update=True, populate_existing=True)


def of_claim(session: Session, claim_id: uuid.UUID) -> list[MeansCheck]:
    """The newest first."""
    statement = sa.select(MeansCheck).where(MeansCheck.claim_id == claim_id)
    return list(session.scalars(statement.order_by(MeansCheck.opened_at.desc(), MeansCheck.id.desc())))


def in_division(session: Session, division: str, limit: int) -> Sequence[MeansCheck]:
    """Open ones first, the nearest deadline first."""
    statement = sa.select(MeansCheck).where(MeansCheck.division.between(*bounds_of(division)))
    is_over = sa.case((MeansCheck.state.in_(OPEN), 0), else_=1)
    return session.scalars(statement.order_by(is_over, MeansCheck.due_on, MeansCheck.id).limit(limit)).all()


def checks_of_member(session: Session, subject_id: int) -> Sequence[MeansCheck]:
    statement = (
        sa.select(MeansCheck)
        .join(MeansConsent, MeansConsent.check_id == MeansCheck.id)
        .where(MeansConsent.subject_id == subject_id)
    )
    return session.scalars(statement.order_by(MeansCheck.opened_at.desc())).all()


def consents(session: Session, check_id: uuid.UUID) -> list[MeansConsent]:
    statement = sa.select(MeansConsent).where(MeansConsent.check_id == check_id)
    return list(session.scalars(statement.order_by(MeansConsent.subject_id)))


def inquiries(session: Session, check_id: uuid.UUID) -> list[MeansInquiry]:
    statement = sa.select(MeansInquiry).where(MeansInquiry.check_id == check_id)
    return list(session.scalars(statement.order_by(MeansInquiry.subject_id, MeansInquiry.source)))


def get_inquiry(session: Session, inquiry_id: uuid.UUID) -> MeansInquiry | None:
    return session.get(MeansInquiry, inquiry_id, populate_existing=True)


def forget_inquiries(session: Session, check_id: uuid.UUID) -> None:
    session.execute(sa.delete(MeansInquiry).where(MeansInquiry.check_id == check_id))


def overdue(
    session: Session, states: Collection[str], on: date, limit: int, *, unreminded: bool
) -> list[MeansCheck]:
    """Open in these states and due before ``on``; locked."""
    statement = sa.select(MeansCheck).where(MeansCheck.state.in_(states), MeansCheck.due_on < on)
    if unreminded:
        statement = statement.where(MeansCheck.reminded_at.is_(None))
    return list(
        session.scalars(statement.order_by(MeansCheck.id).limit(limit).with_for_update(skip_locked=True))
    )


def ended_terms(session: Session, on: date, limit: int) -> list[MeansCheck]:
    statement = sa.select(MeansCheck).where(MeansCheck.state == "done", MeansCheck.valid_until_on < on)
    return list(
        session.scalars(statement.order_by(MeansCheck.id).limit(limit).with_for_update(skip_locked=True))
    )
