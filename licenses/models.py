"""Licences, what was done to them, bulk issues, every use of their data, and the keys that sign them."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime

_REPLACED = "superseded_at IS NOT NULL"


class Licence(Base):
    """``content_sealed`` holds the fields and the SD-JWT; it opens only here. ``identifier`` is public knowledge;
    ``status_index`` is its place in the status list. A later version names this one as ``previous_id`` and sets
    ``superseded_at`` here."""

    __tablename__ = "licence"
    __table_args__ = (
        sa.Index("ix_licence_holder_id_type_id", "holder_id", "type_id"),
        sa.Index("ix_licence_state_valid_until", "state", "valid_until"),
        # Of the few that were replaced only: nobody shall look for a holder's licences among all that were not.
        sa.Index(
            "ix_licence_superseded_at",
            "superseded_at",
            sqlite_where=sa.text(_REPLACED),
            postgresql_where=sa.text(_REPLACED),
        ),
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
    number_sealed: Mapped[bytes] = mapped_column(info={"sealed": "licence/number/{id}"})
    content_sealed: Mapped[bytes] = mapped_column(info={"sealed": "licence/content/{id}"})
    seal: Mapped[bytes]
    previous_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source_event: Mapped[str | None] = mapped_column(sa.String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Of how many days before its last one the holder was told most recently.
    reminded_days: Mapped[int | None]


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
    """Written in the transaction that reads the data, before anything leaves. ``is_verifier_known``: the name is a seat's
    or a registered consumer's, not one that somebody typed."""

    __tablename__ = "licence_use"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    verifier: Mapped[str] = mapped_column(sa.String(100))
    is_verifier_known: Mapped[bool]
    purpose: Mapped[str] = mapped_column(sa.String(200))
    basis: Mapped[str] = mapped_column(sa.String(200))
    fields: Mapped[str] = mapped_column(sa.String(400))
    grant_id: Mapped[uuid.UUID | None]
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LicenceConsumer(Base):
    """A department's system or a mini-app that may ask for fields; ``secret_hash`` is all that is kept of its secret."""

    __tablename__ = "licence_consumer"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    access_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    name: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LicenceEntitlement(Base):
    """What a consumer may ask for: fields of a type, for one purpose, on one legal basis, from when to when."""

    __tablename__ = "licence_entitlement"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    consumer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence_consumer.id"), index=True)
    type_id: Mapped[str] = mapped_column(sa.String(60))
    purpose: Mapped[str] = mapped_column(sa.String(200))
    basis: Mapped[str] = mapped_column(sa.String(200))
    fields: Mapped[list[str]] = mapped_column(JsonDocument)
    since: Mapped[date]
    until: Mapped[date | None]


class LicenceGrant(Base):
    """A consumer's request and the holder's answer to it. ``holder_id`` is empty where nobody bears the number asked
    about: such a request looks like one that nobody answers."""

    __tablename__ = "licence_grant"
    __table_args__ = (sa.Index("ix_licence_grant_holder_id_state", "holder_id", "state"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    entitlement_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("licence_entitlement.id"), index=True)
    holder_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    asked_fields: Mapped[list[str]] = mapped_column(JsonDocument)
    granted_fields: Mapped[list[str]] = mapped_column(JsonDocument)
    duration: Mapped[str | None] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(10))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LicenceStatusList(Base):
    """How often a status in a list has changed: a list that was signed at another revision is signed again."""

    __tablename__ = "licence_status_list"

    family: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]


class LicenceKey(Base):
    """Signing keys, private parts sealed. ``algorithm`` is ES256 (credentials), SM2 (seals), X509 (documents, ``public``
    is the certificate), ROOT (the city's own certification authority) or READER (requests to wallets). A key is published
    at once and signs from ``active_at`` on; the one that became active last signs."""

    __tablename__ = "licence_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    algorithm: Mapped[str] = mapped_column(sa.String(10), index=True)
    private_sealed: Mapped[bytes] = mapped_column(info={"sealed": "licence_key/private/{id}"})
    public: Mapped[str] = mapped_column(sa.Text)
    certificate: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
