"""What may no longer be known: a value goes from the facts and from their history, and only that it was there stays."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.profiles.models import FactHistory
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes


def forget(
    session: Session,
    subject_id: int,
    attributes: Collection[str],
    *,
    source: str,
    event_id: str,
    now: datetime,
) -> None:
    """The facts become unknown, and what this source said of them is struck from the history."""
    unknown = [
        FactChange(
            subject_id=subject_id,
            attribute=attribute,
            source=source,
            event_id=f"{event_id}/forgotten",
            observed_at=now,
        )
        for attribute in attributes
    ]
    apply_changes(session, unknown, now=now)
    session.flush()
    here = sa.and_(FactHistory.subject_id == subject_id, FactHistory.attribute.in_(list(attributes)))
    session.execute(sa.update(FactHistory).where(here, FactHistory.source == source).values(old=[], new=[]))
    # What anybody said next remembers it as the value before.
    session.execute(sa.update(FactHistory).where(here).values(old=[]))
