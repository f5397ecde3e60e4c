"""Who did what to what, when and for whom: rows that only grow, chained by HMAC-SM3 so that a change or a gap shows.

Rows commit with the business change. A sequencer chains them afterwards in one order, so that writers do not queue.
The key lies outside the database: whoever can write there cannot chain a forged row, and there is no door of ours by
which a row could be changed or deleted, for administrators neither (网络安全法 Art. 21: kept six months at least).
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.bulk import insert_rows
from kernel.crypto import Vault, hmac_sm3, sm3
from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.web.principal import Capacity, Principal

GENESIS = b"\x00" * 32
_NEW = (
    "at",
    "actor_id",
    "actor_name",
    "acting_for",
    "seat_id",
    "capacity",
    "action",
    "object_kind",
    "object_id",
    "detail",
)


class Actor(NamedTuple):
    """A person where no grant stands for them: at the pages of the identity service itself."""

    subject_id: int
    acting_for: int
    capacity: Capacity


class KnownHead(msgspec.Struct, frozen=True, kw_only=True):
    """How far the chain had come when it was last looked at; rows up to ``plain_until`` were chained before the key."""

    position: int
    row_hash: bytes
    plain_until: int = 0


class AuditEvent(Base):
    """``capacity`` is that in which a person acted; ``position`` and the hashes are given by the sequencer."""

    __tablename__ = "audit_event"
    __table_args__ = (sa.Index("ix_audit_event_object", "object_kind", "object_id"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    actor_name: Mapped[str] = mapped_column(sa.String(100))
    acting_for: Mapped[int | None] = mapped_column(sa.BigInteger)
    seat_id: Mapped[str | None] = mapped_column(sa.String(36))
    capacity: Mapped[str | None] = mapped_column(sa.String(16))
    action: Mapped[str] = mapped_column(sa.String(60), index=True)
    object_kind: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str] = mapped_column(sa.String(80))
    detail: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    position: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    previous_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    row_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))


def record(
    session: Session,
    *,
    actor: Principal | Actor | str,
    action: str,
    object_kind: str,
    object_id: object,
    detail: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Add one row to the caller's transaction. ``actor`` is a person, or the name of a component (``"worker"``).

    ``detail`` never holds names, identifiers or secrets: ids, codes, amounts and reasons only.
    """
    actor_id, name, acting_for, capacity, seat_id = _who(actor)
    row = (
        now,
        actor_id,
        name,
        acting_for,
        seat_id,
        capacity,
        action,
        object_kind,
        str(object_id),
        detail or {},
    )
    insert_rows(session, AuditEvent, _NEW, [row], refers=False)


def _who(actor: Principal | Actor | str) -> tuple[int | None, str, int | None, Capacity | None, str | None]:
    """Number, name, for whom, in which capacity, on which seat."""
    if isinstance(actor, str):
        return None, actor, None, None, None
    seat = actor.seat if isinstance(actor, Principal) else None
    return actor.subject_id, "", actor.acting_for, actor.capacity, None if seat is None else str(seat.id)


def seal_chain(session: Session, vault: Vault, *, limit: int = 1000) -> int:
    """Chain the rows that are not yet: called by one sequencer at a time (the worker); how many were chained."""
    key = chain_key(vault)
    position, previous = chain_head(session)
    rows = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.position.is_(None)).order_by(AuditEvent.number).limit(limit)
    ).all()
    for row in rows:
        position += 1
        row.position = position
        row.previous_hash = previous
        row.row_hash = previous = row_hash(row, previous, key)
    return len(rows)


def verify_chain(session: Session, vault: Vault, head: KnownHead | None = None) -> list[str]:
    """Every way in which the chained rows are not as they were written, the row named; empty when all is well.

    ``head`` is what is remembered outside the database of how far the chain had come: without it rows that were
    deleted from the end are not missed.
    """
    findings: list[str] = []
    key = chain_key(vault)
    expected, previous = 1, GENESIS
    plain_until = head.plain_until if head else 0
    rows = sa.select(AuditEvent).where(AuditEvent.position.is_not(None)).order_by(AuditEvent.position)
    for row in session.scalars(rows.execution_options(yield_per=1000)):
        position = row.position or 0
        name = f"row {position} (number {row.number})"
        if position != expected:
            findings.append(f"rows {expected} to {position - 1} are missing")
        elif row.previous_hash != previous:
            findings.append(f"{name} does not follow the row before it: one of them was moved or replaced")
        if row.row_hash != row_hash(
            row, row.previous_hash or GENESIS, None if position <= plain_until else key
        ):
            findings.append(f"{name} was changed")
        if head and position == head.position and row.row_hash != head.row_hash:
            findings.append(f"{name} is not the row that was remembered outside the store")
        expected, previous = position + 1, row.row_hash or GENESIS
    if head and head.position >= expected:
        findings.append(f"rows {expected} to {head.position} are missing from the end")
    return findings


def events_of(session: Session, object_kind: str, object_id: object) -> list[AuditEvent]:
    """The history of one thing, oldest first."""
    statement = sa.select(AuditEvent).where(
        AuditEvent.object_kind == object_kind, AuditEvent.object_id == str(object_id)
    )
    return list(session.scalars(statement.order_by(AuditEvent.number)))


def recent(
    session: Session, *, action: str = "", before: int | None = None, limit: int = 50
) -> list[AuditEvent]:
    """The newest first, for the audit trail page; ``action`` filters by its beginning."""
    statement = sa.select(AuditEvent)
    if action:
        statement = statement.where(AuditEvent.action.startswith(action, autoescape=True))
    if before is not None:
        statement = statement.where(AuditEvent.number < before)
    return list(session.scalars(statement.order_by(AuditEvent.number.desc()).limit(limit)))


def chain_head(session: Session) -> tuple[int, bytes]:
    """The newest position and its hash."""
    last = session.execute(
        sa.select(AuditEvent.position, AuditEvent.row_hash)
        .where(AuditEvent.position.is_not(None))
        .order_by(AuditEvent.position.desc())
        .limit(1)
    ).first()
    return (0, GENESIS) if last is None else (last[0] or 0, last[1] or GENESIS)


def chain_key(vault: Vault) -> bytes:
    return vault.derive_key("audit/chain")


def row_hash(row: AuditEvent, previous: bytes, key: bytes | None) -> bytes:
    """What chains a row to the one before; without a key as the first stores did it, by SM3 alone."""
    content = (
        row.number,
        row.at.isoformat(),
        row.actor_id,
        row.actor_name,
        row.acting_for,
        row.seat_id,
        row.action,
        row.object_kind,
        row.object_id,
        row.detail,
    )
    data = previous + msgspec.json.encode(content, order="sorted")
    return sm3(data) if key is None else hmac_sm3(key, data)
