"""All SQL of reports."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert
from policy_engine.delivery.reports.models import Report


def keep(session: Session, name: str, content: bytes, *, now: datetime) -> None:
    """In the place of what was kept under this name; whoever made the same at the same time kept the same."""
    statement = insert(session, Report).values(name=name, made_at=now, content=content)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"made_at": now, "content": statement.excluded.content}
        )
    )


def made_at(session: Session, name: str) -> datetime | None:
    return session.scalar(sa.select(Report.made_at).where(Report.name == name))


def content_of(session: Session, name: str) -> bytes | None:
    return session.scalar(sa.select(Report.content).where(Report.name == name))
