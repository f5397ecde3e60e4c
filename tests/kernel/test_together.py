"""Messages done many at a time: one transaction for a chunk, one message's failure its own, no effect twice."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import FixedClock
from kernel.house import House
from kernel.notices import notify
from kernel.notices.models import Notice
from kernel.outbox import (
    Handler,
    Message,
    OutboxMessage,
    Together,
    TryLater,
    Worker,
    dead_letters,
    enqueue,
    replay,
)
from kernel.outbox.failing import MOST_ATTEMPTS, Pauses
from kernel.outbox.repository import claim
from kernel.outbox.together import Drain
from kernel.wording import as_said

TOPIC = "tell"


def tell(house: House, session: Session, message: Message) -> None:
    """An effect that the store shows: a notice that bears the message's number."""
    notify(
        session,
        subject_id=1,
        kind="offer",
        title=as_said(str(message.payload["number"])),
        body=as_said(""),
        now=house.clock.now(),
    )


def put(house: House, *numbers: int, topic: str = TOPIC, key: str = "") -> None:
    with house.database.write() as session:
        for number in numbers:
            enqueue(session, topic, key or f"household:{number}", {"number": number}, now=house.clock.now())


def told(house: House) -> list[int]:
    with house.database.read() as session:
        return [int(one) for one in session.scalars(sa.select(Notice.title).order_by(Notice.number))]


def undone(house: House) -> list[OutboxMessage]:
    with house.database.read() as session:
        rows = sa.select(OutboxMessage).where(OutboxMessage.done_at.is_(None))
        return list(session.scalars(rows.order_by(OutboxMessage.number)))


def telling(
    house: House,
    *,
    before: Callable[[Message], None] = lambda _message: None,
    chunks: list[int] | None = None,
) -> Together:
    def effect(session: Session, messages: Sequence[Message]) -> None:
        if chunks is not None:
            chunks.append(len(messages))
        for message in messages:
            tell(house, session, message)
            before(message)

    return Together(house.database, TOPIC, effect)


def drain_of(house: House, **handlers: Together) -> Drain:
    return Drain(house.database, house.clock, handlers, Pauses())


def fail_on(*numbers: int, error: Exception | None = None) -> Callable[[Message], None]:
    def check(message: Message) -> None:
        if message.payload["number"] in numbers:
            raise error or ValueError("no")

    return check


def test_what_is_due_is_done_in_one_transaction(any_house: House) -> None:
    chunks: list[int] = []
    put(any_house, *range(10))
    assert drain_of(any_house, tell=telling(any_house, chunks=chunks)).run_once() == 10
    assert chunks == [10]
    assert told(any_house) == list(range(10))
    assert undone(any_house) == []


def test_one_key_is_done_in_its_order_and_never_twice_in_a_chunk(any_house: House) -> None:
    chunks: list[int] = []
    put(any_house, 1, 2, 3, key="household:1")
    put(any_house, 4, key="household:4")
    worker = Worker(any_house.database, any_house.clock, {TOPIC: telling(any_house, chunks=chunks)})
    assert worker.run_until_idle() == 4
    assert chunks == [2, 1, 1]
    assert [one for one in told(any_house) if one != 4] == [1, 2, 3]


def test_poison_in_the_middle_of_a_chunk_is_alone_a_dead_letter(any_house: House, clock: FixedClock) -> None:
    handler = telling(any_house, before=fail_on(3))
    worker = Worker(any_house.database, clock, {TOPIC: handler})
    put(any_house, *range(6))
    put(any_house, 7, key="household:3")  # waits behind it
    worker.run_until_idle()
    assert told(any_house) == [0, 1, 2, 4, 5]
    for _ in range(MOST_ATTEMPTS):
        clock.move(timedelta(minutes=20))
        worker.run_until_idle()
    with any_house.database.read() as session:
        (letter,) = dead_letters(session)
    assert (letter.payload, letter.attempts, letter.error) == ({"number": 3}, MOST_ATTEMPTS, "ValueError: no")
    assert told(any_house) == [0, 1, 2, 4, 5]
    with any_house.database.write() as session:
        replay(session, letter.message_id, now=clock.now())
    Worker(any_house.database, clock, {TOPIC: telling(any_house)}).run_until_idle()
    assert told(any_house) == [0, 1, 2, 4, 5, 3, 7]
    assert undone(any_house) == []


def test_what_has_failed_before_breaks_no_chunk_again(house: House, clock: FixedClock) -> None:
    chunks: list[int] = []
    worker = Worker(house.database, clock, {TOPIC: telling(house, before=fail_on(0), chunks=chunks)})
    put(house, 0, 1)
    worker.run_until_idle()
    assert chunks == [2, 1, 1]
    put(house, 2, 3)
    clock.move(timedelta(minutes=1))
    chunks.clear()
    worker.run_until_idle()
    assert sorted(chunks) == [1, 2]
    assert told(house) == [1, 2, 3]


def test_to_be_asked_later_is_no_failure(house: House, clock: FixedClock) -> None:
    later = fail_on(1, error=TryLater(timedelta(seconds=5)))
    worker = Worker(house.database, clock, {TOPIC: telling(house, before=later)})
    put(house, 0, 1)
    for _ in range(MOST_ATTEMPTS + 2):
        worker.run_until_idle()
        clock.move(timedelta(seconds=6))
    (waiting,) = undone(house)
    assert (waiting.attempts, waiting.dead_at) == (0, None)
    Worker(house.database, clock, {TOPIC: telling(house)}).run_until_idle()
    assert told(house) == [0, 1]


class Killed(BaseException):
    """As a process ends: nobody catches it, nothing more is written."""


def test_killed_in_the_middle_of_a_chunk_nothing_has_happened_and_the_next_worker_does_it(
    any_house: House,
) -> None:
    def die(message: Message) -> None:
        if message.payload["number"] == 2:
            raise Killed

    put(any_house, *range(5))
    with pytest.raises(Killed):
        drain_of(any_house, tell=telling(any_house, before=die)).run_once()
    assert told(any_house) == []
    assert [one.attempts for one in undone(any_house)] == [0] * 5
    Worker(any_house.database, any_house.clock, {TOPIC: telling(any_house)}).run_until_idle()
    assert told(any_house) == list(range(5))


def test_an_effect_of_before_is_not_had_again(any_house: House, clock: FixedClock) -> None:
    """One was done by its lease and never marked: its effect stands, the others' is had."""
    put(any_house, *range(4))
    handler = telling(any_house)
    with any_house.database.write() as session:
        (leased,) = claim(session, now=clock.now(), lease_for=timedelta(minutes=1), limit=1)
    handler(leased)
    assert told(any_house) == [0]
    worker = Worker(any_house.database, clock, {TOPIC: handler})
    worker.run_until_idle()
    assert told(any_house) == [0, 1, 2, 3]
    clock.move(timedelta(minutes=2))
    worker.run_until_idle()
    assert told(any_house) == [0, 1, 2, 3]
    assert undone(any_house) == []


@pytest.mark.postgres
def test_two_drains_at_once_share_the_work_and_keep_each_keys_order(postgres_house: House) -> None:
    house = postgres_house
    for number in range(60):
        put(house, number, key=f"household:{number % 20}")
    meet = threading.Barrier(2, timeout=60)
    shares: list[int] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            drain, done = drain_of(house, tell=telling(house)), 0
            meet.wait()
            while undone(house):
                done += drain.run_once(8)
            shares.append(done)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert sum(shares) == 60
    seen = told(house)
    assert sorted(seen) == list(range(60))
    for key in range(20):
        assert [one for one in seen if one % 20 == key] == [key, key + 20, key + 40]


def test_what_a_chunk_leads_to_is_done_in_the_same_turn_on_sqlite(house: House) -> None:
    commits: list[int] = []

    def lead(session: Session, messages: Sequence[Message]) -> None:
        commits.append(len(messages))
        for message in messages:
            enqueue(session, TOPIC, message.key, message.payload, now=house.clock.now())

    handlers = {"lead": Together(house.database, "lead", lead), "tell": telling(house)}
    put(house, *range(5), topic="lead")
    drain = Drain(house.database, house.clock, handlers, Pauses(), turn_seconds=60)
    assert drain.run_once() == 10
    assert told(house) == list(range(5))


def test_when_what_follows_fails_what_led_to_it_stays_done(any_house: House, clock: FixedClock) -> None:
    def lead(session: Session, messages: Sequence[Message]) -> None:
        for message in messages:
            enqueue(session, TOPIC, message.key, message.payload, now=clock.now())

    handlers = {
        "lead": Together(any_house.database, "lead", lead),
        TOPIC: telling(any_house, before=fail_on(2)),
    }
    put(any_house, *range(4), topic="lead")
    Worker(any_house.database, clock, handlers).run_until_idle()
    assert sorted(told(any_house)) == [0, 1, 3]
    (waiting,) = undone(any_house)
    assert (waiting.topic, waiting.payload, waiting.attempts) == (TOPIC, {"number": 2}, 1)


def test_a_running_worker_drains_what_is_committed_and_what_waits_behind_it(any_house: House) -> None:
    done = threading.Event()

    def after(_message: Message) -> None:
        done.set()

    handlers: dict[str, Handler] = {TOPIC: telling(any_house), "after": after}
    worker = Worker(any_house.database, any_house.clock, handlers)
    any_house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        put(any_house, 1, key="household:1")
        put(any_house, 2, key="household:1", topic="after")
        assert done.wait(30)
    finally:
        worker.stop()
    assert told(any_house) == [1]
