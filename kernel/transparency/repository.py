"""All SQL of the log."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import merge_rows
from kernel.database import insert
from kernel.transparency.models import LogEntry, LogHead, LogTile

#: One sequencer at a time on PostgreSQL: the number of its lock, the same in every process.
_LOCK = 0x646F6E6763_6875
_AT_ONCE = 500


def take_turn(session: Session) -> bool:
    """Whether this transaction is the one that appends. On SQLite a writer is alone as it is."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))))


def has_pending(session: Session) -> bool:
    return (
        session.scalar(sa.select(LogEntry.number).where(LogEntry.leaf_index.is_(None)).limit(1)) is not None
    )


def place_pending(session: Session, size: int, limit: int) -> list[bytes]:
    """Give the oldest entries that wait the places from ``size`` on; their commitments in that order."""
    waiting = (
        sa.select(
            LogEntry.number,
            (sa.func.row_number().over(order_by=LogEntry.number) - 1 + size).label("place"),
        )
        .where(LogEntry.leaf_index.is_(None))
        .order_by(LogEntry.number)
        .limit(limit)
        .subquery()
    )
    placed = (
        sa.update(LogEntry)
        .where(LogEntry.number == waiting.c.number)
        .values(leaf_index=waiting.c.place)
        .returning(LogEntry.leaf_index, LogEntry.commitment)
        .execution_options(synchronize_session=False)
    )
    rows = sorted((row[0], row[1]) for row in session.execute(placed))
    return [row[1] for row in rows]


def tiles(session: Session, places: Collection[int]) -> dict[int, bytes]:
    """Those of the tiles that there are."""
    wanted = sorted(places)
    found: dict[int, bytes] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        chosen = sa.select(LogTile.place, LogTile.hashes).where(
            LogTile.place.in_(wanted[start : start + _AT_ONCE])
        )
        found.update({row[0]: row[1] for row in session.execute(chosen)})
    return found


def keep_tiles(session: Session, changed: Mapping[int, bytes]) -> None:
    statement = insert(session, LogTile)
    statement = statement.on_conflict_do_update(
        index_elements=["place"], set_={"hashes": statement.excluded.hashes}
    )
    merge_rows(session, LogTile, statement, ("place", "hashes"), sorted(changed.items()))


def latest_head(session: Session) -> LogHead | None:
    return session.scalar(sa.select(LogHead).order_by(LogHead.size.desc()).limit(1))


def head_of(session: Session, size: int) -> LogHead | None:
    return session.get(LogHead, size)


def heads(session: Session) -> Iterator[LogHead]:
    """All of them, the smallest first."""
    every = sa.select(LogHead).order_by(LogHead.size)
    return iter(session.scalars(every.execution_options(yield_per=1000)))


def entry_of(session: Session, kind: str, record_id: uuid.UUID) -> LogEntry | None:
    statement = sa.select(LogEntry).where(LogEntry.record_id == record_id, LogEntry.kind == kind)
    return session.scalar(statement)


def commitments(session: Session, start: int, count: int) -> list[bytes]:
    """Of the leaves from ``start`` on; empty where something is missing, so that no place is told wrongly."""
    chosen = (
        sa.select(LogEntry.leaf_index, LogEntry.commitment)
        .where(LogEntry.leaf_index >= start, LogEntry.leaf_index < start + count)
        .order_by(LogEntry.leaf_index)
    )
    rows = session.execute(chosen).all()
    is_dense = all(row[0] == start + offset for offset, row in enumerate(rows))
    return [row[1] for row in rows] if is_dense else []


def entries(session: Session, start: int, count: int) -> Sequence[LogEntry]:
    """Those with a place from ``start`` on below ``start + count``, in order."""
    chosen = sa.select(LogEntry).where(LogEntry.leaf_index >= start, LogEntry.leaf_index < start + count)
    return session.scalars(chosen.order_by(LogEntry.leaf_index)).all()


def pending(session: Session, limit: int) -> Sequence[LogEntry]:
    waiting = sa.select(LogEntry).where(LogEntry.leaf_index.is_(None))
    return session.scalars(waiting.order_by(LogEntry.number).limit(limit)).all()


def recorded_among(session: Session, kind: str, record_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these records the log knows."""
    known = sa.select(LogEntry.record_id).where(LogEntry.kind == kind, LogEntry.record_id.in_(record_ids))
    return set(session.scalars(known))


def highest_leaf(session: Session) -> int | None:
    return session.scalar(sa.select(sa.func.max(LogEntry.leaf_index)))


def is_empty(session: Session) -> bool:
    return session.scalar(sa.select(LogEntry.number).limit(1)) is None
