"""All SQL of the trail pages that the packages below do not offer."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import AuditEvent


def chain_counts(session: Session) -> tuple[int, int]:
    """How many audit rows are chained, and how many wait to be."""
    chained = session.scalar(sa.select(sa.func.max(AuditEvent.position))) or 0
    waiting = session.scalar(sa.select(sa.func.count()).where(AuditEvent.position.is_(None))) or 0
    return chained, waiting
