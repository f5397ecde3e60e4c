"""All SQL of sign-ins."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.sessions.models import IdentitySession

# Built once: every page of a signed-in browser runs it.
_NEW = sa.insert(IdentitySession)
_BY_ID = sa.select(IdentitySession).where(IdentitySession.sid == sa.bindparam("sid"))


def get(session: Session, sid: uuid.UUID) -> IdentitySession | None:
    return session.scalar(_BY_ID, {"sid": sid})


def add(session: Session, values: dict[str, Any]) -> None:
    """A new sign-in, straight into the table: building an object for it costs more."""
    session.connection().execute(_NEW, values)


def live_of(session: Session, subject_id: int, now: datetime) -> Sequence[IdentitySession]:
    return session.scalars(
        sa.select(IdentitySession)
        .where(
            IdentitySession.subject_id == subject_id,
            IdentitySession.ended_at.is_(None),
            IdentitySession.expires_at > now,
        )
        .order_by(IdentitySession.auth_at.desc())
    ).all()


def end(session: Session, sid: uuid.UUID, *, reason: str, now: datetime) -> None:
    session.execute(
        sa.update(IdentitySession)
        .where(IdentitySession.sid == sid, IdentitySession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


def overdue(session: Session, *, now: datetime, limit: int) -> Sequence[uuid.UUID]:
    """Sign-ins whose time is up and that nobody has ended."""
    return session.scalars(
        sa.select(IdentitySession.sid)
        .where(IdentitySession.ended_at.is_(None), IdentitySession.expires_at <= now)
        .order_by(IdentitySession.expires_at)
        .limit(limit)
    ).all()
