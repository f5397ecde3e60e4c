"""Errands to the outside made for many messages at once: one journey, and still each message's own order, try and end."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import OutsideTimeout
from kernel.house import House
from kernel.notices import notify
from kernel.notices.models import Notice
from kernel.outbox import Gathered, Message, OutboxMessage, Settled, TryLater, Worker, enqueue, mark_done
from kernel.wording import as_said

TOPIC = "errand"


def put(house: House, *numbers: int, key: str = "", size: int = 1) -> None:
    with house.database.write() as session:
        for number in numbers:
            payload = {"number": number, "size": size}
            enqueue(session, TOPIC, key or f"payment:{number}", payload, now=house.clock.now())


class Errands:
    """Goes out, comes back, writes a notice for each message and marks it done in the same transaction."""

    def __init__(self, house: House, outside: Callable[[Sequence[Message]], None] = lambda _: None) -> None:
        self.journeys: list[list[int]] = []
        self.tries: list[int] = []
        self._house = house
        self._outside = outside

    def go(self, messages: Sequence[Message]) -> Settled:
        self.journeys.append([one.payload["number"] for one in messages])
        self.tries += [one.attempts for one in messages]
        self._outside(messages)
        now = self._house.clock.now()
        with self._house.database.write() as session:
            for one in messages:
                title, body = as_said(str(one.payload["number"])), as_said("")
                notify(session, subject_id=1, kind="offer", title=title, body=body, now=now)
            mark_done(session, messages, now=now)
        return Settled(marked=frozenset(one.number for one in messages))

    def worker(self, most: int = 50) -> Worker:
        gathered = Gathered(self.go, most=most, size_of=lambda one: one.payload["size"])
        return Worker(self._house.database, self._house.clock, {TOPIC: gathered})


def told(house: House) -> list[int]:
    with house.database.read() as session:
        return [int(one) for one in session.scalars(sa.select(Notice.title).order_by(Notice.number))]


def undone(house: House) -> list[tuple[str, int]]:
    with house.database.read() as session:
        rows = sa.select(OutboxMessage.key, OutboxMessage.attempts).where(OutboxMessage.done_at.is_(None))
        return [(row.key, row.attempts) for row in session.execute(rows.order_by(OutboxMessage.number))]


def test_what_is_due_together_goes_at_once_and_each_key_in_its_order(any_house: House) -> None:
    put(any_house, *range(40))
    put(any_house, 100, 101, key="payment:0")
    errands = Errands(any_house)
    assert errands.worker().run_until_idle() == 42
    assert errands.journeys == [list(range(40)), [100], [101]]
    assert set(errands.tries) == {1}
    assert sorted(told(any_house)) == [*range(40), 100, 101]
    assert undone(any_house) == []


def test_no_more_goes_at_once_than_may(house: House) -> None:
    put(house, 1, size=200)
    put(house, 2, 3, 4, size=80)
    put(house, 5, size=200)
    errands = Errands(house)
    errands.worker(most=200).run_until_idle()
    assert errands.journeys == [[1], [2, 3], [4], [5]]


def test_one_that_cannot_be_done_holds_no_other(any_house: House, clock: FixedClock) -> None:
    def choke(messages: Sequence[Message]) -> None:
        if any(one.payload["number"] == 2 for one in messages):
            raise ValueError("no such account")

    put(any_house, *range(4))
    errands = Errands(any_house, choke)
    errands.worker().run_until_idle()
    assert sorted(told(any_house)) == [0, 1, 3]
    assert undone(any_house) == [("payment:2", 1)]
    assert errands.tries == [1] * 4 + [2] * 4, "whoever goes again is told that it is not the first time"
    put(any_house, 5, 6)
    clock.move(timedelta(minutes=1))
    errands.worker().run_until_idle()
    assert sorted(errands.journeys[5:]) == [[2], [5, 6]]
    assert undone(any_house) == [("payment:2", 2)]


def test_who_is_silent_is_not_asked_once_more_for_each(house: House, clock: FixedClock) -> None:
    is_silent = True

    def silent(_messages: Sequence[Message]) -> None:
        if is_silent:
            raise OutsideTimeout("no answer")

    put(house, *range(5))
    errands = Errands(house, silent)
    errands.worker().run_until_idle()
    assert errands.journeys == [list(range(5))]
    assert [tries for _, tries in undone(house)] == [1] * 5
    is_silent = False
    clock.move(timedelta(minutes=1))
    errands.worker().run_until_idle()
    assert sorted(errands.journeys[1:]) == [[one] for one in range(5)]
    assert sorted(told(house)) == list(range(5))


def test_who_is_to_be_asked_again_goes_with_the_others_again(house: House, clock: FixedClock) -> None:
    put(house, *range(3))
    journeys: list[int] = []

    def ask(messages: Sequence[Message]) -> Settled:
        journeys.append(len(messages))
        again = TryLater(timedelta(seconds=5))
        return Settled(left={one.number: again for one in messages if one.payload["number"] > len(journeys)})

    worker = Worker(house.database, clock, {TOPIC: Gathered(ask, most=50, size_of=lambda _: 1)})
    for _ in range(3):
        worker.run_until_idle()
        clock.move(timedelta(seconds=6))
    assert journeys == [3, 1]
    assert undone(house) == []


def test_whose_lease_was_lost_has_no_effect(house: House, clock: FixedClock) -> None:
    """So slow that another one took over: what the late one would write is undone, and the other's stands."""
    put(house, 1, 2)
    other = Errands(house)

    def be_late(_messages: Sequence[Message]) -> None:
        clock.move(timedelta(minutes=2))
        other.worker().run_until_idle()

    late = Errands(house, be_late)
    late.worker().run_until_idle()
    assert other.tries == [2, 2]
    assert sorted(told(house)) == [1, 2]
    assert undone(house) == []


@pytest.mark.postgres
def test_two_workers_share_the_errands_and_make_none_twice(postgres_house: House) -> None:
    house = postgres_house
    for number in range(60):
        put(house, number, key=f"payment:{number % 20}")
    errands = Errands(house)
    workers = [errands.worker(most=4) for _ in range(2)]
    for worker in workers:
        house.ephemeral.subscribe("outbox", worker.wake)
        worker.start()
    give_up = time.monotonic() + 60
    while undone(house) and time.monotonic() < give_up:
        time.sleep(0.05)
    for worker in workers:
        worker.stop()
    seen = told(house)
    assert sorted(seen) == list(range(60))
    for key in range(20):
        assert [one for one in seen if one % 20 == key] == [key, key + 20, key + 40]
