"""Messages commit with the row, keep their order, and have their effect once."""

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import NotFound, OutsideTimeout
from kernel.house import House
from kernel.ids import new_id
from kernel.outbox import (
    Message,
    OutboxMessage,
    Schedule,
    TryLater,
    Worker,
    dead_letters,
    enqueue,
    once,
    replay,
)
from kernel.outbox.presence import Presence
from kernel.outbox.repository import claim, finish, purge


def _enqueue(house: House, topic: str, key: str, **payload: object) -> None:
    with house.database.write() as session:
        enqueue(session, topic, key, payload, now=house.clock.now())


def test_messages_of_one_key_are_done_in_order(any_house: House) -> None:
    seen: list[int] = []
    for number in range(20):
        _enqueue(any_house, "count", "household:1", number=number)
    worker = Worker(
        any_house.database, any_house.clock, {"count": lambda m: seen.append(m.payload["number"])}
    )
    worker.run_until_idle()
    assert seen == list(range(20))


def test_two_workers_never_hold_the_same_message(any_house: House) -> None:
    for number in range(10):
        _enqueue(any_house, "count", f"household:{number}")
    now = any_house.clock.now()
    with any_house.database.write() as session:
        first = claim(session, now=now, lease_for=timedelta(minutes=1), limit=6)
    with any_house.database.write() as session:
        second = claim(session, now=now, lease_for=timedelta(minutes=1), limit=100)
    assert len(first) == 6
    assert len(second) == 4
    assert not {m.number for m in first} & {m.number for m in second}


def test_a_lease_that_ran_out_is_taken_over_and_the_late_one_cannot_finish(
    house: House, clock: FixedClock
) -> None:
    _enqueue(house, "count", "household:1")
    with house.database.write() as session:
        [late] = claim(session, now=clock.now(), lease_for=timedelta(seconds=10), limit=1)
    clock.move(timedelta(seconds=11))
    with house.database.write() as session:
        [again] = claim(session, now=clock.now(), lease_for=timedelta(seconds=10), limit=1)
    assert again.number == late.number
    with house.database.write() as session:
        finish(session, [late], now=clock.now())
    with house.database.read() as session:
        assert session.scalar(sa.select(OutboxMessage.done_at)) is None


def test_a_failing_message_is_retried_later_and_holds_back_its_key_only(
    house: House, clock: FixedClock
) -> None:
    done: list[str] = []
    is_broken = True

    def work(message: Message) -> None:
        if message.key == "a" and is_broken:
            raise OSError("the other side is down")
        done.append(message.key)

    for key in ("a", "a", "b"):
        _enqueue(house, "work", key)
    worker = Worker(house.database, clock, {"work": work})
    worker.run_until_idle()
    assert done == ["b"]
    is_broken = False
    clock.move(timedelta(minutes=1))
    worker.run_until_idle()
    assert done == ["b", "a", "a"]


def test_a_message_that_never_succeeds_becomes_a_dead_letter_that_can_be_replayed(
    house: House, clock: FixedClock
) -> None:
    calls: list[int] = []

    def work(message: Message) -> None:
        calls.append(message.attempts)
        if len(calls) <= 12:
            raise ValueError("no")

    _enqueue(house, "work", "a")
    worker = Worker(house.database, clock, {"work": work})
    for _ in range(20):
        worker.run_until_idle()
        clock.move(timedelta(minutes=20))
    with house.database.read() as session:
        [letter] = dead_letters(session)
    assert letter.error == "ValueError: no"
    with house.database.write() as session:
        replay(session, letter.message_id, now=clock.now())
    worker.run_until_idle()
    assert calls[-1] == 2  # not the first try: what was done before may have had its effect
    with house.database.read() as session:
        assert dead_letters(session) == []


def test_replaying_what_is_not_dead_is_refused(house: House) -> None:
    _enqueue(house, "work", "a")
    with house.database.write() as session:
        message_id = session.scalar(sa.select(OutboxMessage.message_id))
        assert message_id is not None
        with pytest.raises(NotFound):
            replay(session, message_id, now=house.clock.now())


def test_try_later_does_not_count_towards_giving_up(house: House, clock: FixedClock) -> None:
    calls = 0

    def work(_message: Message) -> None:
        nonlocal calls
        calls += 1
        if calls < 30:
            raise TryLater(timedelta(seconds=5))

    _enqueue(house, "poll", "a")
    worker = Worker(house.database, clock, {"poll": work})
    for _ in range(30):
        worker.run_until_idle()
        clock.move(timedelta(seconds=6))
    assert calls == 30
    with house.database.read() as session:
        assert session.scalar(sa.select(OutboxMessage.done_at)) is not None


def test_who_was_asked_again_for_long_is_not_buried_for_one_failure(house: House, clock: FixedClock) -> None:
    """An order is asked after for a quarter of an hour, and then the treasury times out once."""
    rounds = 0

    def poll(_message: Message) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 30:
            raise OutsideTimeout("no answer")
        if rounds < 32:
            raise TryLater(timedelta(seconds=5))

    _enqueue(house, "poll", "payment:1")
    worker = Worker(house.database, clock, {"poll": poll})
    for _ in range(40):
        worker.run_until_idle()
        clock.move(timedelta(seconds=5))
    with house.database.read() as session:
        assert dead_letters(session) == []
        assert session.scalars(sa.select(OutboxMessage.done_at)).one() is not None


def test_an_effect_happens_once_for_each_handler(any_house: House) -> None:
    _enqueue(any_house, "work", "a")
    with any_house.database.write() as session:
        message_id = session.scalar(sa.select(OutboxMessage.message_id))
        assert message_id is not None
        assert once(session, "pay", message_id)
        assert not once(session, "pay", message_id)
        assert once(session, "tell", message_id)


def test_a_message_of_a_rolled_back_change_never_existed(any_house: House) -> None:
    def fail() -> None:
        with any_house.database.write() as session:
            enqueue(session, "work", "a", {}, now=any_house.clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert Worker(any_house.database, any_house.clock, {}).run_until_idle() == 0


def test_a_running_worker_is_woken_by_the_commit(house: House) -> None:
    import threading

    done = threading.Event()
    worker = Worker(house.database, house.clock, {"work": lambda _m: done.set()}, schedules=[])
    house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        _enqueue(house, "work", "a")
        assert done.wait(60)
    finally:
        worker.stop()


def test_what_a_killed_worker_had_in_hand_is_done_at_once_by_the_next(house: House) -> None:
    import threading

    _enqueue(house, "work", "a")
    with house.database.write() as session:
        assert len(claim(session, now=house.clock.now(), lease_for=timedelta(hours=1), limit=1)) == 1
    done = threading.Event()
    worker = Worker(house.database, house.clock, {"work": lambda _m: done.set()})
    worker.start()
    try:
        assert done.wait(60)
    finally:
        worker.stop()


def test_a_schedule_enqueues_its_topic_again_and_again(house: House, clock: FixedClock) -> None:
    import threading

    ticks = threading.Semaphore(0)
    worker = Worker(
        house.database,
        clock,
        {"tick": lambda _m: ticks.release()},
        schedules=[Schedule("tick", timedelta(seconds=5))],
    )
    worker.start()
    try:
        assert ticks.acquire(timeout=60)
        _wait_until_noted(house)  # a tick that is not noted yet lets the next one pass
        clock.move(timedelta(seconds=6))
        assert ticks.acquire(timeout=60)
    finally:
        worker.stop()


def _wait_until_noted(house: House) -> None:
    give_up = time.monotonic() + 60
    undone = sa.select(OutboxMessage.number).where(OutboxMessage.done_at.is_(None))
    while time.monotonic() < give_up:
        with house.database.read() as session:
            if session.scalar(undone) is None:
                return
        time.sleep(0.01)
    raise AssertionError("a message was not noted as done within a minute")


def test_done_messages_are_purged_a_bounded_number_at_a_time(house: House, clock: FixedClock) -> None:
    for number in range(5):
        _enqueue(house, "work", f"{number}")
    Worker(house.database, clock, {"work": lambda _m: None}).run_until_idle()
    clock.move(timedelta(days=8))
    with house.database.write() as session:
        assert purge(session, before=clock.now(), limit=3) == 3
        assert purge(session, before=clock.now(), limit=3) == 2


def test_a_free_thread_takes_a_new_message_while_another_is_busy(any_house: House) -> None:
    import threading

    let_go, done = threading.Event(), threading.Event()

    def slow(_message: Message) -> None:
        let_go.wait(30)

    def quick(_message: Message) -> None:
        done.set()

    worker = Worker(any_house.database, any_house.clock, {"slow": slow, "quick": quick})
    any_house.ephemeral.subscribe("outbox", worker.wake)
    _enqueue(any_house, "slow", "a")
    worker.start()
    try:
        _enqueue(any_house, "quick", "b")
        assert done.wait(20)
    finally:
        let_go.set()
        worker.stop()


def test_long_works_leave_a_thread_free(house: House) -> None:
    import threading

    let_go, begun, done = threading.Event(), threading.Semaphore(0), threading.Event()

    def long(_message: Message) -> None:
        begun.release()
        let_go.wait(30)

    for key in ("a", "b"):
        _enqueue(house, "long", key)
    worker = Worker(
        house.database, house.clock, {"long": long, "quick": lambda _m: done.set()}, long_topics=("long",)
    )
    house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        assert begun.acquire(timeout=20)
        _enqueue(house, "quick", "c")
        assert done.wait(20)
        assert not begun.acquire(blocking=False), "the second long work waits"
        let_go.set()
        assert begun.acquire(timeout=20)
    finally:
        let_go.set()
        worker.stop()


def test_a_long_handler_keeps_its_lease(house: House, clock: FixedClock) -> None:
    import threading

    let_go, begun = threading.Event(), threading.Semaphore(0)

    def work(_message: Message) -> None:
        begun.release()
        let_go.wait(30)

    _enqueue(house, "long", "a")
    worker = Worker(house.database, clock, {"long": work})
    house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        assert begun.acquire(timeout=20)
        for _ in range(4):
            clock.move(timedelta(seconds=25))
            worker.wake()
            with house.database.read() as session:
                seen = session.scalar(sa.select(OutboxMessage.leased_until))
            for _ in range(2000):
                if seen is not None and seen > clock.now():
                    break
                threading.Event().wait(0.01)
                with house.database.read() as session:
                    seen = session.scalar(sa.select(OutboxMessage.leased_until))
            assert seen is not None
            assert seen > clock.now()
        assert not begun.acquire(blocking=False), "nobody else took it"
    finally:
        let_go.set()
        worker.stop()
    with house.database.read() as session:
        assert session.scalar(sa.select(OutboxMessage.done_at)) is not None


def test_what_was_not_begun_goes_back_when_the_worker_stops(house: House) -> None:
    import threading

    let_go, begun = threading.Event(), threading.Event()

    def work(_message: Message) -> None:
        begun.set()
        let_go.wait(30)

    for key in ("a", "b"):
        _enqueue(house, "work", key)
    worker = Worker(house.database, house.clock, {"work": work}, threads=1)
    worker.start()
    assert begun.wait(20)
    threading.Timer(0.2, let_go.set).start()
    worker.stop()
    with house.database.read() as session:
        left = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.done_at.is_(None))).all()
        assert [(one.key, one.leased_until) for one in left] == [("b", None)]


@pytest.mark.postgres
def test_what_a_killed_worker_had_in_hand_is_taken_over_at_once(postgres_house: House) -> None:
    """While its connection lives nobody touches it, though others look; nor a lease that does not say whose it is."""
    database, now = postgres_house.database, postgres_house.clock.now()
    killed, other = Presence(database.engine), Presence(database.engine)
    killed.keep()
    other.keep()
    minute = timedelta(minutes=1)
    for number, lease in enumerate((killed.lease, new_id)):
        _enqueue(postgres_house, "count", f"household:{number}")
        with database.write() as session:
            assert len(claim(session, now=now, lease_for=minute, limit=1, new_lease=lease)) == 1
    assert other.keep() == 0
    killed.close()
    deadline = time.monotonic() + 30
    while other.keep() == 0:  # the server notices the end of a connection in its own time
        assert time.monotonic() < deadline
    with database.write() as session:
        [again] = claim(session, now=now, lease_for=minute, limit=10)
    assert (again.key, again.attempts) == ("household:0", 2)
    other.close()
