"""All SQL of locked accounts."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.locking.models import AccountLock
from kernel.database import lock


def lock_row(session: Session, lock_id: uuid.UUID) -> AccountLock | None:
    return lock(session, AccountLock, lock_id)


def latest(session: Session, limit: int) -> Sequence[AccountLock]:
    """What waits for a second person first, then the newest."""
    is_over = sa.case((AccountLock.state == "proposed", 0), else_=1)
    statement = sa.select(AccountLock).order_by(is_over, AccountLock.proposed_at.desc(), AccountLock.lock_id)
    return session.scalars(statement.limit(limit)).all()
