"""Requests with their decision, and a row for every access, kept even when it failed."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class ExchangeGrant(Base):
    """``requested`` → ``granted`` | ``refused``; granted → ``ended``; it never lasts beyond ``until_on``."""

    __tablename__ = "exchange_grant"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(sa.String(60))
    owner: Mapped[str] = mapped_column(sa.String(40), index=True)
    department: Mapped[str] = mapped_column(sa.String(60), index=True)
    division: Mapped[str] = mapped_column(sa.String(9))
    fields: Mapped[list[str]] = mapped_column(JsonDocument)
    purpose: Mapped[str] = mapped_column(sa.String(200))
    basis: Mapped[str] = mapped_column(sa.String(200))
    until_on: Mapped[date] = mapped_column(sa.Date)
    state: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    requested_by: Mapped[int] = mapped_column(BigNumber)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(BigNumber)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ExchangeAccess(Base):
    """Written before the question leaves. ``subject_index`` is keyed; the answer itself is not kept."""

    __tablename__ = "exchange_access"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("exchange_grant.id"), index=True)
    subject_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    fields: Mapped[list[str]] = mapped_column(JsonDocument)
    asked_by: Mapped[int] = mapped_column(BigNumber)
    seat: Mapped[str] = mapped_column(sa.String(60))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(sa.String(20))
    receipt: Mapped[str | None] = mapped_column(sa.String(80))
    data_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
