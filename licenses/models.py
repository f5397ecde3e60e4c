"""Licences, what was done to them, bulk issues, every use of their data, and the keys that sign them."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class Licence(Base):
    """``content_sealed`` holds the fields and the SD-JWT; it opens only here. ``identifier`` is public knowledge;
    ``status_index`` is its place in the status list. A later version names this one as ``previous_id`` and sets
    ``superseded_at`` here."""

    __tablename__ = "licence"
    __table_args__ = (
        sa.Index("ix_licence_holder_id_type_id", "holder_id", "type_id"),
        sa.Index("ix_licence_state_valid_until", "state", "valid_until"),
    )

    status_index: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True)
    identifier: Mapped[str] = mapped_column(sa.String(120), unique=True)
    type_id: Mapped[str] = mapped_column(sa.String(60))
    schema_version: Mapped[int]
    issuer: Mapped[str] = mapped_column(sa.String(21))
    holder_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(2))
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    number_sealed: Mapped[bytes]
    content_sealed: Mapped[bytes]
    seal: Mapped[bytes]
    previous_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    source_event: Mapped[str | None] = mapped_column(sa.String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LicenceOperation(Base):
    """The history; ``effective_on`` may lie before ``recorded_at`` (撤销 acts retroactively)."""

    __tablename__ = "licence_operation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    operation: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(2))
    reason: Mapped[str] = mapped_column(sa.String(200))
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(100))


class LicenceBatch(Base):
    """A bulk issue: rows ``0 … done`` of the list with this ``digest`` are dealt with; a second run goes on there."""

    __tablename__ = "licence_batch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    type_id: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    actor: Mapped[str] = mapped_column(sa.String(100))
    total: Mapped[int]
    done: Mapped[int]
    issued: Mapped[int]
    unchanged: Mapped[int]
    refusals: Mapped[list[Any]] = mapped_column(JsonDocument)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LicenceUse(Base):
    """Written in the transaction that reads the data, before anything leaves."""

    __tablename__ = "licence_use"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    verifier: Mapped[str] = mapped_column(sa.String(100))
    purpose: Mapped[str] = mapped_column(sa.String(200))
    fields: Mapped[str] = mapped_column(sa.String(400))
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LicenceKey(Base):
    """Signing keys, private parts sealed. ``algorithm`` is ES256 or SM2; the newest active one signs."""

    __tablename__ = "licence_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    algorithm: Mapped[str] = mapped_column(sa.String(10), index=True)
    private_sealed: Mapped[bytes]
    public: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
