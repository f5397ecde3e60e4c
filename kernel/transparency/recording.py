"""The door for whoever writes a record that must not vanish: the commitment commits with the business change."""

import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.database import changed_rows, signal
from kernel.transparency.commitments import NONCE_BYTES, Content, commitment
from kernel.transparency.models import LogEntry

SIGNAL = "transparency"
ERASURE = "log.erasure"
_COLUMNS = ("kind", "record_id", "nonce", "commitment", "recorded_at")


class Recorded(msgspec.Struct, frozen=True):
    """A record by what it is, its id, and everything it says."""

    kind: str
    record_id: uuid.UUID
    content: Content


def record(session: Session, kind: str, record_id: uuid.UUID, content: Content, *, now: datetime) -> None:
    """Commit to a record in the caller's transaction. ``content`` is everything that must not change unseen; whoever
    checks the log later works it out again from the store (``examination.Source``)."""
    record_many(session, [Recorded(kind, record_id, content)], now=now)


def record_many(
    session: Session,
    records: Sequence[Recorded],
    *,
    now: datetime,
    new_nonce: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """``record`` for thousands."""
    rows = [_row(one, now, new_nonce) for one in records]
    if rows:
        insert_rows(session, LogEntry, _COLUMNS, rows, refers=False)
        signal(session, SIGNAL)


def erase(session: Session, kind: str, record_id: uuid.UUID, *, now: datetime) -> bool:
    """Unlink a record from what the log says of it: the nonce goes, and that it went is itself in the log. Call it with
    the erasure of the record; False when there is nothing (any more) to unlink."""
    held = sa.update(LogEntry).where(
        LogEntry.record_id == record_id, LogEntry.kind == kind, LogEntry.nonce.is_not(None)
    )
    if changed_rows(session, held.values(nonce=None)) == 0:
        return False
    record(session, ERASURE, record_id, erasure_content(record_id), now=now)
    return True


def erasure_content(record_id: uuid.UUID) -> Content:
    return {"record": str(record_id)}


def _row(
    one: Recorded, now: datetime, new_nonce: Callable[[int], bytes]
) -> tuple[str, uuid.UUID, bytes, bytes, datetime]:
    """In the order of the columns."""
    nonce = new_nonce(NONCE_BYTES)
    return one.kind, one.record_id, nonce, commitment(one.kind, one.record_id, one.content, nonce), now
