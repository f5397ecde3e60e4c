"""All SQL of the outbox."""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.database import changed_rows, insert, signal
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.outbox.models import OutboxEffect, OutboxMessage
from kernel.prepared import Prepared

SIGNAL = "outbox"
_NEW = ("message_id", "topic", "key", "payload", "enqueued_at", "available_at", "attempts")
_TABLE = cast(sa.Table, OutboxMessage.__table__)
#: Of a message that is held by its row's lock, until the transaction ends.
NO_LEASE = uuid.UUID(int=0)


class Message(msgspec.Struct, frozen=True):
    """What a handler receives. ``attempts`` counts this one; ``lease`` is ``NO_LEASE`` where the row itself is held."""

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
    row = (message_id, topic, key, msgspec.to_builtins(payload), now, available_at or now, 0)
    insert_rows(session, OutboxMessage, _NEW, [row], refers=False)
    if row[5] <= now:  # nobody need look for what is not due yet
        signal(session, SIGNAL, topic.encode())
    return message_id


def enqueue_many(
    session: Session,
    topic: str,
    messages: Sequence[tuple[str, Any]],
    *,
    now: datetime,
    available_at: datetime | None = None,
) -> None:
    """``enqueue`` for many (key, payload) in one statement, in their order."""
    due = available_at or now
    rows = [(new_id(), topic, key, msgspec.to_builtins(payload), now, due, 0) for key, payload in messages]
    if rows:
        insert_rows(session, OutboxMessage, _NEW, rows, refers=False)
        if due <= now:
            signal(session, SIGNAL, topic.encode())


def once(session: Session, handler: str, message_id: uuid.UUID) -> bool:
    """True the first time only: call it in the transaction of the effect and do nothing when it says False."""
    statement = insert(session, OutboxEffect).values(handler=handler, message_id=message_id)
    inserted = statement.on_conflict_do_nothing().returning(OutboxEffect.message_id)
    return session.execute(inserted).first() is not None


class LeaseLost(RuntimeError):
    """A handler came too late: its messages are another worker's."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Of a message that could not be done: when to try again, or since when it is a dead letter, and why; how often it
    has failed (0: nothing was wrong, and what failed before is over)."""

    attempts: int
    again_at: datetime | None = None
    dead_at: datetime | None = None
    error: str | None


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
    apart_from: Collection[str] = (),
    new_lease: Callable[[], uuid.UUID] = new_id,
) -> list[Message]:
    """Lease the next messages whose turn it is. Other workers pass over them until the lease runs out."""
    asked = {**_asked(now, restraint, apart_from), "most": limit}
    chosen: list[Message] = []
    room = restraint.room
    for row in _DUE.rows(session, asked):
        if row.topic in restraint.topics:
            if room == 0:
                continue
            room -= 1
        chosen.append(_about_to_be_done(row))
    return lease_all(session, chosen, lease=new_lease(), until=now + lease_for)


def lease_all(
    session: Session, messages: Sequence[Message], *, lease: uuid.UUID, until: datetime
) -> list[Message]:
    """What is taken together may bear one lease: each is settled by its number as well."""
    if not messages:
        return []
    leased = {"numbers": [one.number for one in messages], "lease": lease, "until": until}
    _LEASED.change(session, leased)
    return [msgspec.structs.replace(one, lease=lease) for one in messages]


def has_due(
    session: Session, *, now: datetime, restraint: Restraint = UNRESTRAINED, apart_from: Collection[str] = ()
) -> bool:
    """Whether ``claim`` would find anything."""
    return _IS_DUE.scalar(session, _asked(now, restraint, apart_from)) is not None


def _asked(now: datetime, restraint: Restraint, apart_from: Collection[str]) -> dict[str, Any]:
    return {"now": now, "closed": [*apart_from, *(restraint.topics if restraint.room == 0 else ())]}


def _undone_in_turn(topic: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        topic,
        _TABLE.c.done_at.is_(None),
        _TABLE.c.dead_at.is_(None),
        _TABLE.c.available_at <= sa.bindparam("now", type_=_TABLE.c.available_at.type),
        sa.or_(
            _TABLE.c.leased_until.is_(None),
            _TABLE.c.leased_until < sa.bindparam("now", type_=_TABLE.c.leased_until.type),
        ),
        _is_first_of_key(),
    )


def _is_first_of_key() -> sa.ColumnElement[bool]:
    """Asked by the index for each candidate. As NOT EXISTS, PostgreSQL made a join of it that went through the whole table
    whenever it had counted the undone while there were many."""
    undone = _TABLE.alias("undone")
    first = sa.select(undone.c.number).where(undone.c.key == _TABLE.c.key, undone.c.done_at.is_(None))
    return _TABLE.c.number == first.order_by(undone.c.number).limit(1).scalar_subquery()


# Written out once: a worker asks them many times a second.
_NEXT = sa.select(
    _TABLE.c.number,
    _TABLE.c.message_id,
    _TABLE.c.topic,
    _TABLE.c.key,
    _TABLE.c.payload,
    _TABLE.c.attempts,
)
_TAKEN = Prepared(
    _NEXT.where(*_undone_in_turn(_TABLE.c.topic == sa.bindparam("topic")))
    .order_by(_TABLE.c.available_at, _TABLE.c.number)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True),
    flushes=False,
)
_IS_OPEN = _TABLE.c.topic.not_in(sa.bindparam("closed", expanding=True))
_DUE = Prepared(
    _NEXT.where(*_undone_in_turn(_IS_OPEN))
    .order_by(_TABLE.c.number)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True),
    flushes=False,
)
_IS_DUE = Prepared(sa.select(_TABLE.c.number).where(*_undone_in_turn(_IS_OPEN)).limit(1), flushes=False)
_ON_ANY = _TABLE.c.topic.in_(sa.bindparam("topics", expanding=True))
_ANY_DUE = Prepared(sa.select(_TABLE.c.number).where(*_undone_in_turn(_ON_ANY)).limit(1), flushes=False)
_THESE = _TABLE.c.number.in_(sa.bindparam("numbers", expanding=True))
_LEASED = Prepared(
    sa.update(_TABLE)
    .where(_THESE)
    .values(
        attempts=_TABLE.c.attempts + 1,
        lease=sa.bindparam("lease", type_=_TABLE.c.lease.type),
        leased_until=sa.bindparam("until", type_=_TABLE.c.leased_until.type),
    ),
    flushes=False,
)
_FINISHED = Prepared(
    sa.update(_TABLE)
    .where(_THESE, _TABLE.c.lease.in_(sa.bindparam("leases", expanding=True)))
    .values(done_at=sa.bindparam("now", type_=_TABLE.c.done_at.type), leased_until=None, error=None),
    flushes=False,
)
_DONE = Prepared(
    sa.update(_TABLE)
    .where(_THESE)
    .values(
        done_at=sa.bindparam("now", type_=_TABLE.c.done_at.type),
        attempts=_TABLE.c.attempts + 1,
        lease=None,
        leased_until=None,
        error=None,
    ),
    flushes=False,
)


def has_due_on(session: Session, topics: Collection[str], *, now: datetime) -> bool:
    """Whether ``take`` would find anything."""
    return _ANY_DUE.scalar(session, {"topics": list(topics), "now": now}) is not None


def take(session: Session, topic: str, *, now: datetime, most: int) -> list[Message]:
    """The next messages of a topic whose turn it is, in order, held by their rows until the transaction ends.

    Nothing is written: whoever takes them does them and says ``finish_all`` in this very transaction. Other workers
    pass over them meanwhile.
    """
    rows = _TAKEN.rows(session, {"topic": topic, "now": now, "most": most})
    return sorted(map(_about_to_be_done, rows), key=lambda one: one.number)


def _about_to_be_done(row: Sequence[Any]) -> Message:
    """``attempts`` counts the try to come."""
    return Message(*row[:5], attempts=row[5] + 1, lease=NO_LEASE)


def take_again(session: Session, message: Message) -> bool:
    """Hold a message once more, alone; False when it is not its turn: somebody else has dealt with it or is about to, or
    one before it could not be done."""
    held = sa.select(_TABLE.c.number).where(
        *_is_as_taken(message), _TABLE.c.dead_at.is_(None), _is_first_of_key()
    )
    return session.scalar(held.with_for_update(skip_locked=True)) is not None


def finish_all(session: Session, messages: Iterable[Message], *, now: datetime) -> None:
    """Mark as done what this transaction took."""
    _DONE.change(session, {"numbers": [one.number for one in messages], "now": now})


def fail_taken(session: Session, message: Message, failure: Failure) -> None:
    """``fail`` for what was taken without a lease, unless somebody has dealt with it since."""
    session.execute(sa.update(_TABLE).where(*_is_as_taken(message)).values(**_columns_of(failure)))


def _is_as_taken(message: Message) -> tuple[sa.ColumnElement[bool], ...]:
    """Undone, and tried by nobody since. (A number alone says nothing: one that was rolled back is given anew.)"""
    return (
        _TABLE.c.message_id == message.message_id,
        _TABLE.c.attempts == message.attempts - 1,
        _TABLE.c.done_at.is_(None),
    )


def _columns_of(failure: Failure) -> dict[str, Any]:
    columns: dict[str, Any] = {"attempts": failure.attempts, "error": failure.error}
    if failure.again_at is None:
        return columns | {"dead_at": failure.dead_at}
    return columns | {"available_at": failure.again_at}


def renew(session: Session, messages: Sequence[Message], *, until: datetime) -> None:
    """Keep the leases of what is still under way; what is being marked done at this moment needs none."""
    held = (
        sa.select(_TABLE.c.number)
        .where(
            _TABLE.c.number.in_([one.number for one in messages]),
            _TABLE.c.lease.in_(_leases_of(messages)),
            _TABLE.c.done_at.is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    session.execute(sa.update(_TABLE).where(_TABLE.c.number.in_(held)).values(leased_until=until))


def keys_waiting(session: Session, topic: str) -> set[str]:
    """The keys of a topic with messages that are not done: queued, under way, put off, or dead letters."""
    statement = sa.select(OutboxMessage.key).where(
        OutboxMessage.topic == topic, OutboxMessage.done_at.is_(None)
    )
    return set(session.scalars(statement.distinct()))


def finish(session: Session, messages: Sequence[Message], *, now: datetime) -> int:
    """Mark as done, but for those whose lease another worker holds by now; how many are."""
    done = {"numbers": [one.number for one in messages], "leases": _leases_of(messages), "now": now}
    return _FINISHED.change(session, done)


def mark_done(session: Session, messages: Sequence[Message], *, now: datetime) -> None:
    """``finish`` in the transaction of their effect, as the last thing in it, so that it happens once.

    Raises ``LeaseLost``, which undoes it, where another worker does them by now.
    """
    session.flush()
    if messages and finish(session, messages, now=now) != len(messages):
        raise LeaseLost(f"{messages[0].topic}: another worker took over some of {len(messages)} messages")


def _leases_of(messages: Sequence[Message]) -> list[uuid.UUID]:
    return list({one.lease for one in messages})


def give_back(session: Session, messages: Sequence[Message], *, now: datetime) -> None:
    """What was leased and not begun is anybody's."""
    held = sa.update(_TABLE).where(
        _TABLE.c.number.in_([one.number for one in messages]), _TABLE.c.lease.in_(_leases_of(messages))
    )
    session.connection().execute(held.values(leased_until=None, available_at=now, error=None))


def fail(session: Session, messages: Sequence[Message], failure: Failure) -> None:
    """Later once more, or given up: a dead letter, which keeps its key waiting until an official replays or drops it."""
    held = sa.update(_TABLE).where(
        _TABLE.c.number.in_([one.number for one in messages]), _TABLE.c.lease.in_(_leases_of(messages))
    )
    session.connection().execute(held.values(leased_until=None, **_columns_of(failure)))


def release_leases(session: Session) -> None:
    """Make every leased message available at once. Only where no other worker can be alive."""
    held = sa.update(OutboxMessage).where(
        OutboxMessage.leased_until.is_not(None), OutboxMessage.done_at.is_(None)
    )
    session.execute(held.values(leased_until=None, lease=None))


def dead_letters(
    session: Session, limit: int = 100, *, topic: str = "", offset: int = 0
) -> list[OutboxMessage]:
    """The oldest first; of one topic, or of all."""
    statement = sa.select(OutboxMessage).where(*_is_dead(topic))
    return list(session.scalars(statement.order_by(OutboxMessage.number).limit(limit).offset(offset)))


def dead_by_topic(session: Session) -> list[tuple[str, int]]:
    """How many of each topic."""
    statement = sa.select(OutboxMessage.topic, sa.func.count()).where(*_is_dead(""))
    rows = session.execute(statement.group_by(OutboxMessage.topic).order_by(OutboxMessage.topic))
    return [(topic, int(count)) for topic, count in rows]


def _is_dead(topic: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        OutboxMessage.dead_at.is_not(None),
        OutboxMessage.done_at.is_(None),
    ]
    return [*found, OutboxMessage.topic == topic] if topic else found


def replay(session: Session, message_id: uuid.UUID, *, now: datetime) -> None:
    """Try a dead letter again, with all its tries before it, but not as the first: what it did may have arrived. Raises
    ``NotFound`` when it is not one."""
    statement = (
        sa.update(OutboxMessage)
        .where(
            OutboxMessage.message_id == message_id,
            OutboxMessage.dead_at.is_not(None),
            OutboxMessage.done_at.is_(None),
        )
        .values(dead_at=None, attempts=1, available_at=now, error=None)
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
