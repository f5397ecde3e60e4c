"""All SQL of incoming events."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from connectors.events.models import PollCursor, ReceivedEvent, RejectedEvent
from kernel.bulk import among, merge_rows
from kernel.database import insert


def add_received(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[uuid.UUID]:
    """Insert rows whose (department, event id) is not there; the ids of those that this call inserted. Safe against
    races."""
    columns = tuple(rows[0])
    statement = insert(session, ReceivedEvent)
    statement = statement.on_conflict_do_nothing(index_elements=["department", "event_id"])
    if len(rows) == 1:
        return set(session.scalars(statement.values(rows[0]).returning(ReceivedEvent.id)))
    merge_rows(session, ReceivedEvent, statement, columns, [tuple(one.values()) for one in rows])
    ids = [one["id"] for one in rows]
    return set(session.scalars(sa.select(ReceivedEvent.id).where(among(session, ReceivedEvent.id, ids))))


def sealed_of(
    session: Session, wanted: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[uuid.UUID, bytes]]:
    """Id and content by (department, event id); those that are not there are left out."""
    found: dict[tuple[str, str], tuple[uuid.UUID, bytes]] = {}
    columns = (ReceivedEvent.event_id, ReceivedEvent.id, ReceivedEvent.sealed)
    for department in {one[0] for one in wanted}:
        event_ids = [one[1] for one in wanted if one[0] == department]
        statement = sa.select(*columns).where(
            ReceivedEvent.department == department, among(session, ReceivedEvent.event_id, event_ids)
        )
        for event_id, row_id, sealed in session.execute(statement):
            found[department, event_id] = row_id, sealed
    return found


def find_received(session: Session, department: str, event_id: str) -> ReceivedEvent | None:
    return session.scalar(
        sa.select(ReceivedEvent).where(
            ReceivedEvent.department == department, ReceivedEvent.event_id == event_id
        )
    )


def add_rejected(session: Session, row: RejectedEvent) -> None:
    session.add(row)
    session.flush()


def find_rejected(session: Session, number: int) -> RejectedEvent | None:
    """Held until the transaction ends, so that two officials do not both take it up."""
    return session.get(RejectedEvent, number, with_for_update=True)


def is_refusal_open(session: Session, department: str, digest: bytes) -> bool:
    """Whether the very same content was refused before and still waits for an official."""
    found = sa.exists().where(
        RejectedEvent.department == department,
        RejectedEvent.digest == digest,
        RejectedEvent.settled_at.is_(None),
    )
    return session.scalar(sa.select(found)) is True


def open_refusals(session: Session, limit: int = 200) -> list[RejectedEvent]:
    """Refused events whose content is kept and that nobody has settled, the oldest first."""
    statement = sa.select(RejectedEvent).where(
        RejectedEvent.sealed.is_not(None), RejectedEvent.settled_at.is_(None)
    )
    return list(session.scalars(statement.order_by(RejectedEvent.number).limit(limit)))


def latest_rejected(session: Session, limit: int = 50) -> list[RejectedEvent]:
    return list(session.scalars(sa.select(RejectedEvent).order_by(RejectedEvent.number.desc()).limit(limit)))


def latest_received(session: Session, limit: int = 50) -> list[ReceivedEvent]:
    return list(session.scalars(sa.select(ReceivedEvent).order_by(ReceivedEvent.id.desc()).limit(limit)))


def cursor_of(session: Session, department: str) -> str:
    """Empty before the first poll: from the beginning."""
    return session.scalar(sa.select(PollCursor.cursor).where(PollCursor.department == department)) or ""


def move_cursor(session: Session, department: str, cursor: str, *, now: datetime) -> None:
    statement = insert(session, PollCursor).values(department=department, cursor=cursor, moved_at=now)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["department"], set_={"cursor": cursor, "moved_at": now}
        )
    )


def note_read(session: Session, departments: Iterable[str], *, now: datetime) -> None:
    """These departments' lists were read to their end: until now nothing is missing."""
    for department in departments:
        statement = insert(session, PollCursor).values(
            department=department, cursor="", moved_at=now, read_at=now
        )
        session.execute(statement.on_conflict_do_update(index_elements=["department"], set_={"read_at": now}))


def read_until(session: Session) -> dict[str, datetime]:
    """By department: until when its list was read without a gap."""
    rows = session.execute(
        sa.select(PollCursor.department, PollCursor.read_at).where(PollCursor.read_at.is_not(None))
    )
    return {department: read_at for department, read_at in rows.all() if read_at is not None}
