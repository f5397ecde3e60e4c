"""The two doors of the database."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, lock, signal
from kernel.errors import Unavailable
from kernel.house import House


class Pebble(Base):
    __tablename__ = "test_pebble"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int]


def test_a_write_is_all_or_nothing(any_house: House) -> None:
    def fail_half_way() -> None:
        with any_house.database.write() as session:
            session.add(Pebble(id=uuid.uuid4(), number=1))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with any_house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Pebble)) == 0


def test_a_read_session_refuses_to_change_anything(house: House) -> None:
    with house.database.read() as session:
        session.add(Pebble(id=uuid.uuid4(), number=1))
        with pytest.raises(RuntimeError, match="only reads"):
            session.commit()
        session.expunge_all()


def test_a_write_inside_a_write_is_refused(house: House) -> None:
    with house.database.write(), pytest.raises(RuntimeError, match="inside a write"), house.database.write():
        pass


def test_signals_come_after_the_commit(any_house: House) -> None:
    heard: list[tuple[str, bytes]] = []
    any_house.database.on_signals = heard.extend
    with any_house.database.write() as session:
        signal(session, "bell", b"1")
        assert heard == []
    assert heard == [("bell", b"1")]


def test_a_rollback_signals_nothing(any_house: House) -> None:
    heard: list[tuple[str, bytes]] = []
    any_house.database.on_signals = heard.extend

    def fail() -> None:
        with any_house.database.write() as session:
            signal(session, "bell")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert heard == []


def test_writers_lose_nothing(any_house: House) -> None:
    identity = uuid.uuid4()
    with any_house.database.write() as session:
        session.add(Pebble(id=identity, number=0))

    def count() -> None:
        for _ in range(25):
            with any_house.database.write() as session:
                session.get_one(Pebble, identity, with_for_update=True).number += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_house.database.read() as session:
        assert session.get_one(Pebble, identity).number == 200


def test_a_shut_gate_answers_with_try_again_later(house: House) -> None:
    refused: list[Unavailable] = []

    def knock() -> None:
        try:
            with house.database.write(timeout=0.05):
                pass
        except Unavailable as error:
            refused.append(error)

    with house.database.write():
        thread = threading.Thread(target=knock)
        thread.start()
        thread.join()
    assert refused
    assert refused[0].retry_after
    with house.database.write():  # the gate opens again for the next one
        pass


@pytest.mark.postgres
def test_one_of_two_who_wait_for_each_other_is_asked_to_try_again(postgres_house: House) -> None:
    pebbles = [uuid.uuid4(), uuid.uuid4()]
    with postgres_house.database.write() as session:
        session.add_all(Pebble(id=one, number=0) for one in pebbles)
    both_hold_one = threading.Barrier(2, timeout=60)

    def take(order: list[uuid.UUID]) -> int | None:
        try:
            with postgres_house.database.write() as session:
                for step, pebble in enumerate(order):
                    held = lock(session, Pebble, pebble)
                    assert held is not None
                    held.number += 1
                    if step == 0:
                        both_hold_one.wait()
        except Unavailable as refusal:
            return refusal.retry_after
        return None

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(take, (pebbles, pebbles[::-1])))
    assert sorted(ended, key=str) == [1, None]
    with postgres_house.database.read() as session:
        assert [session.get_one(Pebble, one).number for one in pebbles] == [1, 1]


@pytest.mark.postgres
def test_a_connection_that_died_while_it_rested_is_replaced(
    postgres_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.database.RESTED_SECONDS", 0.0)
    with postgres_house.database.read() as session:
        number = session.scalar(sa.text("SELECT pg_backend_pid()"))
    url = postgres_house.database.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (number,))
    with postgres_house.database.read() as session:
        assert session.scalar(sa.text("SELECT pg_backend_pid()")) != number


def test_a_locked_row_is_as_it_is_now(any_house: House) -> None:
    known, unknown = uuid.uuid4(), uuid.uuid4()
    with any_house.database.write() as session:
        session.add(Pebble(id=known, number=1))
    with any_house.database.write() as session:
        pebble = lock(session, Pebble, known)
        assert pebble is not None
        session.execute(sa.text("UPDATE test_pebble SET number = 2"))
        assert lock(session, Pebble, known) is pebble
        assert pebble.number == 2
        assert lock(session, Pebble, unknown) is None


def test_only_what_would_be_done_again_does_not_wait_for_the_disk(any_house: House) -> None:
    database = any_house.database
    asked = sa.text("PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit")

    def waiting(*, is_redone: bool) -> object:
        with database.write(is_redone=is_redone) as session:
            return session.scalar(asked)

    always = waiting(is_redone=False)
    assert waiting(is_redone=True) == (1 if database.is_sqlite else "off")
    assert waiting(is_redone=False) == always
