"""Objections to facts, and who does not want to be found by policies."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class FactObjection(Base):
    """``told`` is [] for unknown, [value] otherwise, as it stood; the person's words are sealed."""

    __tablename__ = "fact_objection"
    __table_args__ = (
        sa.Index("ix_fact_objection_source", "source", "state", "due_on"),
        sa.Index(
            "uq_fact_objection_open",
            "subject_id",
            "attribute",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigNumber, index=True)
    attribute: Mapped[str] = mapped_column(sa.String(80))
    source: Mapped[str] = mapped_column(sa.String(40))
    division: Mapped[str] = mapped_column(sa.String(9))
    told: Mapped[list[Any]] = mapped_column(JsonDocument)
    words_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    state: Mapped[str] = mapped_column(sa.String(10))
    raised_by: Mapped[int] = mapped_column(BigNumber)
    #: self | guardian | proxy | institution | enterprise
    raised_as: Mapped[str] = mapped_column(sa.String(12), default="self", server_default="self")
    withdrawn_by: Mapped[int | None] = mapped_column(BigNumber)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date] = mapped_column(sa.Date)
    answer: Mapped[str | None] = mapped_column(sa.String(1000))
    answered_by: Mapped[int | None] = mapped_column(BigNumber)
    answered_seat: Mapped[str | None] = mapped_column(sa.String(60))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FindingChoice(Base):
    """Each time somebody chose whether policies look for a subject: who, as what, when; the newest one stands."""

    __tablename__ = "finding_choice"
    __table_args__ = (sa.Index("ix_finding_choice_subject_id", "subject_id", "chosen_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigNumber)
    is_quiet: Mapped[bool]
    chosen_by: Mapped[int] = mapped_column(BigNumber)
    chosen_as: Mapped[str] = mapped_column(sa.String(12))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QuietSubject(Base):
    """Who asked not to be found: no offer is made and nothing is pushed; applications work as for everybody."""

    __tablename__ = "quiet_subject"

    subject_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
