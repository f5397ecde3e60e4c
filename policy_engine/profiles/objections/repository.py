"""All SQL of objections and of quiet subjects."""

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among
from kernel.database import insert
from kernel.prepared import Prepared
from policy_engine.profiles.objections.models import FactObjection, FindingChoice, QuietSubject

MOST = 500
_FEW_QUIET = Prepared(
    sa.select(QuietSubject.subject_id).where(
        QuietSubject.subject_id.in_(sa.bindparam("subject_ids", expanding=True))
    )
)


def get(session: Session, objection_id: uuid.UUID, *, for_update: bool = False) -> FactObjection | None:
    return session.get(FactObjection, objection_id, with_for_update=for_update)


def open_on(session: Session, subject_id: int, attribute: str) -> FactObjection | None:
    return session.scalar(
        sa.select(FactObjection).where(
            FactObjection.subject_id == subject_id,
            FactObjection.attribute == attribute,
            FactObjection.state == "open",
        )
    )


def of_subject(session: Session, subject_id: int) -> list[FactObjection]:
    """The newest first."""
    statement = sa.select(FactObjection).where(FactObjection.subject_id == subject_id)
    return list(session.scalars(statement.order_by(FactObjection.raised_at.desc())))


def open_of(session: Session, sources: Collection[str], division: str) -> list[FactObjection]:
    """What waits for these sources in a division (its code without trailing zeros), the most urgent first."""
    statement = sa.select(FactObjection).where(
        FactObjection.state == "open",
        FactObjection.source.in_(sources),
        FactObjection.division.startswith(division, autoescape=True),
    )
    return list(
        session.scalars(statement.order_by(FactObjection.due_on, FactObjection.raised_at).limit(MOST))
    )


def quiet_among(session: Session, subject_ids: Collection[int]) -> frozenset[int]:
    """Which of these do not want to be found."""
    if len(subject_ids) <= FEW:
        return frozenset(_FEW_QUIET.scalars(session, {"subject_ids": list(subject_ids)}))
    quiet = QuietSubject.subject_id
    return frozenset(session.scalars(sa.select(quiet).where(among(session, quiet, subject_ids))))


def add_quiet(session: Session, subject_id: int, *, now: datetime) -> None:
    statement = insert(session, QuietSubject).values(subject_id=subject_id, since=now)
    session.execute(statement.on_conflict_do_nothing())


def last_choice(session: Session, subject_id: int) -> FindingChoice | None:
    statement = sa.select(FindingChoice).where(FindingChoice.subject_id == subject_id)
    newest = statement.order_by(FindingChoice.chosen_at.desc(), FindingChoice.id.desc()).limit(1)
    return session.scalars(newest).first()


def remove_quiet(session: Session, subject_id: int) -> None:
    session.execute(sa.delete(QuietSubject).where(QuietSubject.subject_id == subject_id))
