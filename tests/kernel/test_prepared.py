"""A prepared statement says what SQLAlchemy would, in the session's own transaction, on both databases."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.database import lock
from kernel.house import House
from kernel.outbox import OutboxEffect, OutboxMessage
from kernel.prepared import Prepared, PreparedObjects

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
COLUMNS = ("message_id", "topic", "key", "payload", "enqueued_at", "available_at", "attempts")
IDS = tuple(uuid.UUID(int=number) for number in range(1, 30))
_AMONG = (
    sa.select(OutboxMessage)
    .where(
        OutboxMessage.message_id.in_(sa.bindparam("ids", expanding=True)),
        OutboxMessage.topic.in_(("t", "u")),
        OutboxMessage.enqueued_at <= sa.bindparam("until"),
    )
    .order_by(OutboxMessage.number)
)
_VALUES = sa.select(
    OutboxMessage.message_id,
    OutboxMessage.payload,
    OutboxMessage.enqueued_at,
    OutboxMessage.payload["n"].as_integer(),
    sa.exists().where(OutboxEffect.message_id == OutboxMessage.message_id),
).where(OutboxMessage.message_id.in_(sa.bindparam("ids", expanding=True)))
AMONG, VALUES = PreparedObjects(_AMONG), Prepared(_VALUES.order_by(OutboxMessage.number))
RENAME = Prepared(
    sa.update(OutboxMessage)
    .where(OutboxMessage.key == sa.bindparam("whose"))
    .values(topic=sa.bindparam("to"))
)


def keep(session: Session, ids: tuple[uuid.UUID, ...] = IDS) -> None:
    rows = [(one, "t", f"k{one.int}", {"n": one.int, "词": "引号'\"%"}, NOON, NOON, 0) for one in ids]
    insert_rows(session, OutboxMessage, COLUMNS, rows)


@pytest.mark.parametrize("count", [0, 1, 3, len(IDS)])
def test_rows_are_those_that_sqlalchemy_reads(any_house: House, count: int) -> None:
    asked = {"ids": list(IDS[:count])}
    with any_house.database.write() as session:
        keep(session)
        assert VALUES.rows(session, asked) == VALUES.rows(session, asked)  # written, and written before
        found = VALUES.rows(session, asked)
        ordinary = session.execute(_VALUES.order_by(OutboxMessage.number), asked).all()
        assert [tuple(row) for row in found] == [tuple(row) for row in ordinary]
        assert len(found) == count
        assert VALUES.scalars(session, asked) == list(IDS[:count])
        assert VALUES.scalar(session, asked) == (IDS[0] if count else None)


def test_objects_are_the_sessions_own(any_house: House) -> None:
    asked: dict[str, Any] = {"ids": list(IDS[:3]), "until": NOON}
    with any_house.database.write() as session:
        keep(session)
        found = AMONG.all(session, asked)
        assert found == list(session.scalars(_AMONG, asked))  # the same objects
        assert found[0].payload == {"n": 1, "词": "引号'\"%"}
        assert not session.dirty
        found[0].topic = "u"
        assert [one.topic for one in AMONG.all(session, asked)] == ["u", "t", "t"]
    with any_house.database.read() as session:
        assert [one.topic for one in AMONG.all(session, asked)] == ["u", "t", "t"]


def test_a_locked_row_is_as_it_is_now(any_house: House) -> None:
    with any_house.database.write() as session:
        keep(session)
        number = session.scalars(sa.select(OutboxMessage.number).limit(1)).one()
        row = lock(session, OutboxMessage, number)
        assert row is not None
        assert RENAME.change(session, {"whose": row.key, "to": "u"}) == 1
        assert row.topic == "t"
        assert lock(session, OutboxMessage, number) is row
        assert row.topic == "u"
        assert lock(session, OutboxMessage, 10**9) is None


def test_what_the_session_holds_back_is_written_first(any_house: House) -> None:
    unhurried = Prepared(_VALUES, flushes=False)
    with any_house.database.write() as session:
        session.add(
            OutboxMessage(
                message_id=IDS[0], topic="t", key="k", payload={"n": 1}, enqueued_at=NOON, available_at=NOON
            )
        )
        assert unhurried.rows(session, {"ids": [IDS[0]]}) == []
        assert VALUES.scalars(session, {"ids": [IDS[0]]}) == [IDS[0]]


def test_a_savepoint_takes_it_back(any_house: House) -> None:
    with any_house.database.write() as session:
        keep(session)
        nested = session.begin_nested()
        assert RENAME.change(session, {"whose": "k1", "to": "u"}) == 1
        nested.rollback()
        topics = session.scalars(sa.select(OutboxMessage.topic).distinct()).all()
        assert topics == ["t"]


def test_an_error_is_sqlalchemys(any_house: House) -> None:
    with any_house.database.write() as session:
        keep(session)
        with pytest.raises(IntegrityError), session.begin_nested():
            keep(session, IDS[:1])
        assert len(VALUES.rows(session, {"ids": list(IDS)})) == len(IDS)


def test_whoever_listens_to_the_engine_hears_it(any_house: House) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    engine = any_house.database.engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        with any_house.database.write() as session:
            keep(session, IDS[:2])
            assert RENAME.change(session, {"whose": "k1", "to": "u"}) == 1
            assert VALUES.scalars(session, {"ids": list(IDS)}) == list(IDS[:2])
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    assert [one.split()[0] for one in heard] == ["INSERT", "UPDATE", "SELECT"]
