"""Changes of a few plain objects are written as SQLAlchemy would have written them, on both databases."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from kernel.house import House
from kernel.ids import new_id
from kernel.outbox import OutboxMessage

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def messages(session: Session, count: int) -> list[OutboxMessage]:
    made = [
        OutboxMessage(
            message_id=new_id(),
            topic="t",
            key=f"k{number}",
            payload={"n": number},
            enqueued_at=NOON,
            available_at=NOON,
        )
        for number in range(count)
    ]
    session.add_all(made)
    session.flush()
    return made


def stored(session: Session) -> list[tuple[object, ...]]:
    said = (OutboxMessage.topic, OutboxMessage.payload, OutboxMessage.done_at, OutboxMessage.error)
    return [
        tuple(row) for row in session.connection().execute(sa.select(*said).order_by(OutboxMessage.number))
    ]


@pytest.mark.parametrize("count", [1, 3, 9])
def test_what_changed_is_written_and_nothing_else(any_house: House, count: int) -> None:
    with any_house.database.write() as session:
        made = messages(session, count)
        for one in made:
            one.payload, one.done_at, one.topic = {"词": "引号'\"%", "n": one.number}, NOON, "t"
        session.flush()
        assert not session.dirty
        expected = [("t", {"词": "引号'\"%", "n": one.number}, NOON, None) for one in made]
        assert stored(session) == expected
    with any_house.database.read() as session:
        assert stored(session) == expected


def test_a_change_and_a_new_object_are_both_written(any_house: House) -> None:
    with any_house.database.write() as session:
        (first,) = messages(session, 1)
        first.topic = "u"
        messages(session, 1)
        assert [row[0] for row in stored(session)] == ["u", "t"]


def test_an_expression_is_worked_out_by_the_database(any_house: House) -> None:
    with any_house.database.write() as session:
        (first,) = messages(session, 1)
        first.topic = sa.func.upper("u")
        session.flush()
        assert first.topic == "U"


def test_a_savepoint_that_is_taken_back_takes_the_object_back(any_house: House) -> None:
    with any_house.database.write() as session:
        (first,) = messages(session, 1)
        nested = session.begin_nested()
        first.topic = "u"
        session.flush()
        nested.rollback()
        assert first.topic == "t"
        first.topic = "v"
    with any_house.database.read() as session:
        assert [row[0] for row in stored(session)] == ["v"]


def test_a_row_that_is_gone_is_an_error(any_house: House) -> None:
    with any_house.database.write() as session:
        (first,) = messages(session, 1)
        session.connection().execute(sa.delete(OutboxMessage))
        first.topic = "u"
        with pytest.raises(StaleDataError):
            session.flush()
        session.expunge(first)
