"""All SQL of reference rates."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.rates.models import ReferenceRate


def rate_on(session: Session, kind: str, day: date) -> ReferenceRate | None:
    """The rate that held on a day: the last one announced by then; none before the first that is known."""
    return session.scalar(
        sa.select(ReferenceRate)
        .where(ReferenceRate.kind == kind, ReferenceRate.state == "in_force", ReferenceRate.since <= day)
        .order_by(ReferenceRate.since.desc())
        .limit(1)
    )


def of_day(session: Session, kind: str, since: date) -> ReferenceRate | None:
    """The one in force that was announced on exactly this day, held."""
    return session.scalar(
        sa.select(ReferenceRate)
        .where(ReferenceRate.kind == kind, ReferenceRate.state == "in_force", ReferenceRate.since == since)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def lock(session: Session, rate_id: uuid.UUID) -> ReferenceRate | None:
    return session.scalar(
        sa.select(ReferenceRate)
        .where(ReferenceRate.id == rate_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def every(session: Session, *, limit: int = 200) -> Sequence[ReferenceRate]:
    """What waits for the second hand first, then by day, the newest first."""
    waits = sa.case((ReferenceRate.state == "proposed", 0), else_=1)
    return session.scalars(
        sa.select(ReferenceRate)
        .order_by(waits, ReferenceRate.since.desc(), ReferenceRate.kind, ReferenceRate.proposed_at.desc())
        .limit(limit)
    ).all()
