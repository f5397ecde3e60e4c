"""Rows by the thousand are the rows that came one by one, on both databases."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from psycopg import IntegrityError as PostgresRefusal
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.bulk import gathered, insert_object, insert_rows, merge_rows, take_numbers
from kernel.database import insert
from kernel.house import House
from kernel.notices import Notice
from kernel.outbox import OutboxEffect, OutboxMessage
from kernel.transparency.repository import keep_tiles
from kernel.transparency.repository import tiles as log_tiles

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
COLUMNS = ("message_id", "topic", "key", "payload", "enqueued_at", "available_at", "attempts", "error")


def messages(count: int) -> list[tuple[object, ...]]:
    """Every second one shares its values with the one before, and the words have everything that needs quoting."""

    def payload(number: int) -> object:
        return [number][1:] if number % 4 == 1 else {"n": number // 2, "词": "制表\t换行\n引号'\"\\N"}

    return [
        (
            uuid.UUID(int=number),
            "t",
            f"k{number // 2}",
            payload(number),
            NOON,
            NOON + timedelta(microseconds=number // 2),
            number,
            None if number % 3 else "\\N",
        )
        for number in range(count)
    ]


def test_rows_come_out_as_they_went_in(any_house: House) -> None:
    with any_house.database.write() as session:
        insert_rows(session, OutboxMessage, COLUMNS, messages(50))
    with any_house.database.read() as session:
        found = session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.number)).all()
    assert [tuple(getattr(row, name) for name in COLUMNS) for row in found] == messages(50)
    assert {row.done_at for row in found} == {None}


def test_no_rows_are_no_work(any_house: House) -> None:
    with any_house.database.write() as session:
        insert_rows(session, OutboxMessage, COLUMNS, [])
        merge_rows(session, OutboxEffect, insert(session, OutboxEffect), ("handler", "message_id"), [])
        assert len(take_numbers(session, Notice, 0)) == 0


def test_a_row_that_stands_already_undoes_them_all(any_house: House) -> None:
    twice = [*messages(3), messages(1)[0]]
    with pytest.raises((sa.exc.IntegrityError, PostgresRefusal)), any_house.database.write() as session:
        insert_rows(session, OutboxMessage, COLUMNS, twice)
    with any_house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 0


def test_merged_rows_take_the_place_of_others(any_house: House) -> None:
    columns = (*COLUMNS[:-1],)
    for word in ("one", "other"):
        rows = [(row[0], word, *row[2:-1]) for row in messages(4)]
        with any_house.database.write() as session:
            statement = insert(session, OutboxMessage)
            statement = statement.on_conflict_do_update(
                index_elements=["message_id"], set_={"topic": statement.excluded.topic}
            )
            merge_rows(session, OutboxMessage, statement, columns, rows)
    with any_house.database.read() as session:
        found = session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.attempts)).all()
    assert [row.topic for row in found] == ["other"] * 4
    assert [(row.key, row.payload, row.available_at) for row in found] == [
        (row[2], row[3], row[5]) for row in messages(4)
    ]


def test_numbers_taken_are_given_to_nobody_else(any_house: House) -> None:
    def notice(number: int) -> tuple[object, ...]:
        return (number, f"{number:010d}", 1, "offer", "题", "文", NOON)

    columns = ("number", "check_number", "subject_id", "kind", "title", "body", "created_at")
    with any_house.database.write() as session:
        first = take_numbers(session, Notice, 3)
        insert_rows(session, Notice, columns, [notice(number) for number in first])
    with any_house.database.write() as session:
        session.add(
            Notice(check_number="x", subject_id=1, kind="offer", title="题", body="文", created_at=NOON)
        )
        session.flush()
        second = take_numbers(session, Notice, 2)
    with any_house.database.read() as session:
        held = session.scalars(sa.select(Notice.number)).all()
    assert len({*first, *second, *held}) == 6
    assert sorted(first) == list(first)
    assert max(first) < min(second)


def outbox_message(key: str) -> OutboxMessage:
    return OutboxMessage(
        message_id=uuid.uuid5(uuid.NAMESPACE_URL, key),
        topic="t",
        key=key,
        payload={"多": 1},
        enqueued_at=NOON,
        available_at=NOON,
        number=int(key),
    )


def test_an_object_written_at_once_is_the_sessions_own(any_house: House) -> None:
    with any_house.database.write() as session:
        made = outbox_message("7")
        assert insert_object(session, made)
        assert (made.attempts, made.done_at) == (0, None)  # what nobody said is its default, or nothing
        assert session.get(OutboxMessage, 7) is made
        assert not session.dirty
        made.attempts = 3
    with any_house.database.read() as session:
        found = session.get_one(OutboxMessage, 7)
    assert (found.key, found.payload, found.available_at, found.attempts) == ("7", {"多": 1}, NOON, 3)


def test_an_object_in_whose_way_a_row_stands_is_left_alone_or_an_error(any_house: House) -> None:
    with any_house.database.write() as session:
        assert insert_object(session, outbox_message("7"))
        second = outbox_message("7")
        assert not insert_object(session, second, or_nothing=True)
        assert second not in session
    with pytest.raises(IntegrityError), any_house.database.write() as session:
        insert_object(session, outbox_message("7"))


def test_rows_that_refer_to_nothing_leave_what_the_session_holds_back(any_house: House) -> None:
    with any_house.database.write() as session:
        held = outbox_message("100")
        session.add(held)
        insert_rows(session, OutboxMessage, COLUMNS, messages(1), refers=False)
        assert held in session.new
        insert_rows(session, OutboxMessage, COLUMNS, messages(2)[1:])
        assert held not in session.new


def test_bytes_are_merged_as_they_are(any_house: House) -> None:
    tiles = {1: bytes(range(256)) * 4, 2: b'\\"{}' * 240}
    with any_house.database.write() as session:
        keep_tiles(session, tiles)
        keep_tiles(session, {2: tiles[1]})
    with any_house.database.read() as session:
        assert log_tiles(session, [1, 2]) == {1: tiles[1], 2: tiles[1]}


def test_gathered_rows_are_written_at_the_end_or_never(any_house: House) -> None:
    def count(session: Session) -> int:
        return session.connection().scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) or 0

    def keep(session: Session, number: int) -> None:
        insert_rows(session, OutboxMessage, COLUMNS, messages(number + 1)[number:], refers=False)

    def fail_after(work: Callable[[], None], session: Session) -> None:
        with gathered(session, OutboxMessage):
            work()
            raise ValueError("no")

    with any_house.database.write() as session:
        with gathered(session, OutboxMessage):
            keep(session, 0)
            keep(session, 1)
            assert count(session) == 0
        assert count(session) == 2
        with pytest.raises(ValueError, match="no"):
            fail_after(lambda: keep(session, 2), session)
        with gathered(session, OutboxEffect):  # of other models only
            keep(session, 3)
            assert count(session) == 3
