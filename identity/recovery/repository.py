"""All SQL of recovery."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.recovery.models import RecoveryRequest
from kernel.database import changed_rows

WAITING = "waiting"


def add(session: Session, row: RecoveryRequest) -> None:
    session.add(row)
    session.flush()


def waiting_of(session: Session, subject_id: int, now: datetime) -> Sequence[RecoveryRequest]:
    """Those that can still come true, newest first."""
    statement = sa.select(RecoveryRequest).where(
        RecoveryRequest.subject_id == subject_id,
        RecoveryRequest.state == WAITING,
        RecoveryRequest.until_at > now,
    )
    return session.scalars(statement.order_by(RecoveryRequest.asked_at.desc())).all()


def was_stopped(session: Session, subject_id: int, phone_index: bytes, since: datetime) -> bool:
    """Whether the owner has lately stopped this very phone."""
    statement = sa.select(RecoveryRequest.recovery_id).where(
        RecoveryRequest.subject_id == subject_id,
        RecoveryRequest.phone_index == phone_index,
        RecoveryRequest.state == "stopped",
        RecoveryRequest.ended_at >= since,
    )
    return session.scalar(statement.limit(1)) is not None


def asked_since(session: Session, subject_id: int, since: datetime) -> int:
    statement = sa.select(sa.func.count()).where(
        RecoveryRequest.subject_id == subject_id, RecoveryRequest.asked_at >= since
    )
    return session.scalar(statement) or 0


def end(session: Session, recovery_id: uuid.UUID, state: str, now: datetime) -> bool:
    """waiting → ``state``, in one statement: of stopping and finishing at once, one happens."""
    statement = sa.update(RecoveryRequest).where(
        RecoveryRequest.recovery_id == recovery_id, RecoveryRequest.state == WAITING
    )
    return changed_rows(session, statement.values(state=state, ended_at=now)) == 1


def end_others(session: Session, subject_id: int, state: str, now: datetime) -> None:
    session.execute(
        sa.update(RecoveryRequest)
        .where(RecoveryRequest.subject_id == subject_id, RecoveryRequest.state == WAITING)
        .values(state=state, ended_at=now)
    )


def lapse(session: Session, now: datetime, limit: int) -> int:
    """Mark what nobody came back for."""
    over = (
        sa.select(RecoveryRequest.recovery_id)
        .where(RecoveryRequest.state == WAITING, RecoveryRequest.until_at <= now)
        .limit(limit)
    )
    statement = sa.update(RecoveryRequest).where(RecoveryRequest.recovery_id.in_(over))
    return changed_rows(session, statement.values(state="lapsed", ended_at=now))
