"""All SQL of the outbox."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from kernel.bulk import insert_rows
from kernel.database import changed_rows, insert, signal
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.outbox.models import OutboxEffect, OutboxMessage

SIGNAL = "outbox"
_NEW = ("message_id", "topic", "key", "payload", "enqueued_at", "available_at", "attempts")


class Message(msgspec.Struct, frozen=True):
    """What a handler receives. ``attempts`` counts this one."""

    number: int
    message_id: uuid.UUID
    topic: str
    key: str
    payload: dict[str, Any]
    attempts: int
    lease: uuid.UUID


def enqueue(
    session: Session,
    topic: str,
    key: str,
    payload: Any,
    *,
    now: datetime,
    available_at: datetime | None = None,
) -> uuid.UUID:
    """Add a message that commits with the caller's rows; ``payload`` is anything msgspec can write as an object.

    Messages with one ``key`` (``household:17``) are done in order, one at a time; different keys in any order.
    """
    message_id = new_id()
    session.execute(
        sa.insert(OutboxMessage).values(
            message_id=message_id,
            topic=topic,
            key=key,
            payload=msgspec.to_builtins(payload),
            enqueued_at=now,
            available_at=available_at or now,
            attempts=0,
        )
    )
    signal(session, SIGNAL)
    return message_id


def enqueue_many(session: Session, topic: str, messages: Sequence[tuple[str, Any]], *, now: datetime) -> None:
    """``enqueue`` for many (key, payload) in one statement, in their order."""
    rows = [(new_id(), topic, key, msgspec.to_builtins(payload), now, now, 0) for key, payload in messages]
    if rows:
        insert_rows(session, OutboxMessage, _NEW, rows)
        signal(session, SIGNAL)


def once(session: Session, handler: str, message_id: uuid.UUID) -> bool:
    """True the first time only: call it in the transaction of the effect and do nothing when it says False."""
    statement = insert(session, OutboxEffect).values(handler=handler, message_id=message_id)
    inserted = statement.on_conflict_do_nothing().returning(OutboxEffect.message_id)
    return session.execute(inserted).first() is not None


class Restraint(msgspec.Struct, frozen=True):
    """Of messages on these topics at most ``room`` are wanted."""

    topics: Collection[str] = ()
    room: int = 0


UNRESTRAINED = Restraint()


def claim(
    session: Session,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    restraint: Restraint = UNRESTRAINED,
) -> list[Message]:
    """Lease the next messages whose turn it is. Other workers pass over them until the lease runs out."""
    message = OutboxMessage
    due = (
        sa.select(message)
        .where(*_is_due(now, restraint))
        .order_by(message.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed: list[Message] = []
    room = restraint.room
    for row in session.scalars(due):
        if row.topic in restraint.topics:
            if room == 0:
                continue
            room -= 1
        row.attempts += 1
        lease = row.lease = new_id()
        row.leased_until = now + lease_for
        claimed.append(
            Message(row.number, row.message_id, row.topic, row.key, row.payload, row.attempts, lease)
        )
    return claimed


def has_due(session: Session, *, now: datetime, restraint: Restraint = UNRESTRAINED) -> bool:
    """Whether ``claim`` would find anything."""
    found = sa.select(OutboxMessage.number).where(*_is_due(now, restraint))
    return session.scalar(found.limit(1)) is not None


def renew(session: Session, messages: Sequence[Message], *, until: datetime) -> None:
    """Keep the leases of what is still under way."""
    leases = [one.lease for one in messages]
    held = sa.update(OutboxMessage).where(OutboxMessage.lease.in_(leases), OutboxMessage.done_at.is_(None))
    session.execute(
        held.where(OutboxMessage.number.in_([one.number for one in messages])).values(leased_until=until)
    )


def _is_due(now: datetime, restraint: Restraint) -> tuple[sa.ColumnElement[bool], ...]:
    """Undone, not dead, its time come, in nobody's hands, and the first of its key."""
    message, earlier = OutboxMessage, aliased(OutboxMessage)
    is_first_of_key = ~sa.exists().where(
        earlier.key == message.key, earlier.number < message.number, earlier.done_at.is_(None)
    )
    return (
        message.done_at.is_(None),
        message.dead_at.is_(None),
        message.available_at <= now,
        sa.or_(message.leased_until.is_(None), message.leased_until < now),
        *(
            (message.topic.not_in(sorted(restraint.topics)),)
            if restraint.topics and restraint.room == 0
            else ()
        ),
        is_first_of_key,
    )


def keys_waiting(session: Session, topic: str) -> set[str]:
    """The keys of a topic with messages that are not done: queued, under way, put off, or dead letters."""
    statement = sa.select(OutboxMessage.key).where(
        OutboxMessage.topic == topic, OutboxMessage.done_at.is_(None)
    )
    return set(session.scalars(statement.distinct()))


def finish(session: Session, message: Message, *, now: datetime) -> None:
    """Mark as done, unless another worker holds the lease by now."""
    _settle(session, message, done_at=now, leased_until=None, error=None)


def postpone(session: Session, message: Message, *, until: datetime, error: str | None) -> None:
    _settle(session, message, available_at=until, leased_until=None, error=error)


def ask_again(session: Session, message: Message, *, at: datetime, why: str | None) -> None:
    """Nothing was wrong: what failed before is over, and does not count towards giving up."""
    _settle(session, message, available_at=at, leased_until=None, error=why, attempts=0)


def bury(session: Session, message: Message, *, now: datetime, error: str) -> None:
    """Give up: a dead letter, which keeps its key waiting until an official replays or drops it."""
    _settle(session, message, dead_at=now, leased_until=None, error=error)


def release_leases(session: Session) -> None:
    """Make every leased message available at once. Only where no other worker can be alive."""
    held = sa.update(OutboxMessage).where(
        OutboxMessage.leased_until.is_not(None), OutboxMessage.done_at.is_(None)
    )
    session.execute(held.values(leased_until=None, lease=None))


def dead_letters(session: Session, limit: int = 100) -> list[OutboxMessage]:
    statement = sa.select(OutboxMessage).where(
        OutboxMessage.dead_at.is_not(None), OutboxMessage.done_at.is_(None)
    )
    return list(session.scalars(statement.order_by(OutboxMessage.number).limit(limit)))


def replay(session: Session, message_id: uuid.UUID, *, now: datetime) -> None:
    """Try a dead letter again from the start. Raises ``NotFound`` when it is not one."""
    statement = (
        sa.update(OutboxMessage)
        .where(
            OutboxMessage.message_id == message_id,
            OutboxMessage.dead_at.is_not(None),
            OutboxMessage.done_at.is_(None),
        )
        .values(dead_at=None, attempts=0, available_at=now, error=None)
    )
    if changed_rows(session, statement) == 0:
        raise NotFound("没有这条积压的任务，可能已经重新办理。")
    signal(session, SIGNAL)


def drop(session: Session, message_id: uuid.UUID, *, now: datetime) -> None:
    """Give a dead letter up for good: what waits behind it on its key goes on. Raises ``NotFound`` when it is none."""
    statement = (
        sa.update(OutboxMessage)
        .where(
            OutboxMessage.message_id == message_id,
            OutboxMessage.dead_at.is_not(None),
            OutboxMessage.done_at.is_(None),
        )
        .values(done_at=now)
    )
    if changed_rows(session, statement) == 0:
        raise NotFound("没有这条积压的任务，可能已经重新办理。")
    signal(session, SIGNAL)


def has_undone(session: Session, key: str) -> bool:
    return (
        session.scalar(
            sa.select(sa.exists().where(OutboxMessage.key == key, OutboxMessage.done_at.is_(None)))
        )
        is True
    )


def purge(session: Session, *, before: datetime, limit: int = 1000) -> int:
    """Delete messages done before an instant, a bounded number at a time; returns how many."""
    old = sa.select(OutboxMessage.number).where(OutboxMessage.done_at < before).limit(limit)
    return changed_rows(session, sa.delete(OutboxMessage).where(OutboxMessage.number.in_(old)))


def _settle(session: Session, message: Message, **values: Any) -> None:
    session.execute(
        sa.update(OutboxMessage)
        .where(OutboxMessage.number == message.number, OutboxMessage.lease == message.lease)
        .values(**values)
    )
