"""Tables of what is known: the present facts of each subject, their whole history, and the events already taken."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class Profile(Base):
    """One person, household, firm, hire or loan.

    ``facts`` is key -> [value, source, observed at, standing, valid from, valid until]; the last three may be left
    off: verified, without limits. A missing key is unknown, a null value absent. ``owner_id`` is the household of a
    person, the firm of a hire or loan, and a household or firm itself; ``about_id`` the person a hire or loan concerns.
    """

    __tablename__ = "profile"

    subject_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(sa.String(16))
    owner_id: Mapped[int] = mapped_column(BigNumber, index=True)
    about_id: Mapped[int | None] = mapped_column(BigNumber, index=True)
    division: Mapped[str] = mapped_column(sa.String(9))
    facts: Mapped[dict[str, list[Any]]] = mapped_column(JsonDocument)
    sequence: Mapped[int] = mapped_column(BigNumber, index=True)


class FactHistory(Base):
    """Append-only. ``old`` and ``new`` are [] for unknown and [value] otherwise; ``outcome`` says whether it counted."""

    __tablename__ = "fact_change"
    __table_args__ = (sa.Index("ix_fact_change_subject", "subject_id", "attribute", "change_id"),)

    change_id: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    sequence: Mapped[int] = mapped_column(BigNumber, index=True)
    subject_id: Mapped[int] = mapped_column(BigNumber)
    attribute: Mapped[str] = mapped_column(sa.String(80))
    old: Mapped[list[Any]] = mapped_column(JsonDocument)
    new: Mapped[list[Any]] = mapped_column(JsonDocument)
    outcome: Mapped[str] = mapped_column(sa.String(16))
    source: Mapped[str] = mapped_column(sa.String(40))
    event_id: Mapped[str] = mapped_column(sa.String(200))
    standing: Mapped[str] = mapped_column(sa.String(10))
    valid_from: Mapped[date | None] = mapped_column(sa.Date)
    valid_until: Mapped[date | None] = mapped_column(sa.Date)
    observed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AppliedEvent(Base):
    """What a source has already told us. A rejected event keeps its reason and has changed nothing."""

    __tablename__ = "applied_event"

    source: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    event_id: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    outcome: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str | None] = mapped_column(sa.Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContractNumber(Base):
    """The number by which a department knows a thing that is nobody: a hire's record, a loan's contract."""

    __tablename__ = "contract_number"

    scheme: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigNumber, index=True)


class FactSequence(Base):
    """One row: the number of the latest change. Taking the next locks it, so numbers commit in order."""

    __tablename__ = "fact_sequence"

    name: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    value: Mapped[int] = mapped_column(BigNumber)
