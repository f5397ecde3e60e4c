"""One row for each file a department handed in, and one for each of its cells that could not be taken."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class FactFile(Base):
    """``rows_done`` commits with the facts of those rows: after a kill the next row is the first one not taken.

    ``bytes_done`` of ``size`` is for the progress bar. ``outcomes`` counts facts by what became of them.
    """

    __tablename__ = "fact_file"
    __table_args__ = (sa.UniqueConstraint("source", "digest", "observed_on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(200))
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    size: Mapped[int] = mapped_column(BigNumber)
    observed_on: Mapped[date] = mapped_column(sa.Date)
    state: Mapped[str] = mapped_column(sa.String(10))
    problem: Mapped[str | None] = mapped_column(sa.String(500))
    rows_done: Mapped[int] = mapped_column(BigNumber, default=0)
    bytes_done: Mapped[int] = mapped_column(BigNumber, default=0)
    rejected: Mapped[int] = mapped_column(BigNumber, default=0)
    outcomes: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    registered_by: Mapped[int | None] = mapped_column(BigNumber)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FactFileReject(Base):
    """``column`` is the heading as the file has it; the cell itself is sealed, it may be about somebody."""

    __tablename__ = "fact_file_reject"

    file_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    column: Mapped[str] = mapped_column(sa.String(80))
    what: Mapped[str] = mapped_column(sa.String(200))
    mend: Mapped[str] = mapped_column(sa.String(300))
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
