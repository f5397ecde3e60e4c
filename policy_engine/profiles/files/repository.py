"""All SQL of files of facts."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from policy_engine.profiles.files.models import FactFile, FactFileReject

_REJECT = ("file_id", "row", "place", "column", "what", "mend", "sealed")


def find_same(session: Session, source: str, digest: bytes, observed_on: date) -> FactFile | None:
    return session.scalar(
        sa.select(FactFile).where(
            FactFile.source == source, FactFile.digest == digest, FactFile.observed_on == observed_on
        )
    )


def get(session: Session, file_id: uuid.UUID, *, for_update: bool = False) -> FactFile | None:
    return session.get(FactFile, file_id, with_for_update=for_update)


def add(session: Session, row: FactFile) -> None:
    session.add(row)
    session.flush()


def latest(session: Session, limit: int = 50) -> list[FactFile]:
    return list(session.scalars(sa.select(FactFile).order_by(FactFile.registered_at.desc()).limit(limit)))


def add_rejects(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    insert_rows(session, FactFileReject, _REJECT, rows)


def rejects_of(session: Session, file_id: uuid.UUID, limit: int | None = None) -> Iterator[FactFileReject]:
    """In the order of the file, streamed."""
    statement = (
        sa.select(FactFileReject)
        .where(FactFileReject.file_id == file_id)
        .order_by(FactFileReject.row, FactFileReject.place)
        .execution_options(yield_per=1_000)
    )
    yield from session.scalars(statement if limit is None else statement.limit(limit))
