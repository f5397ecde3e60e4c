"""Events that arrive together are written in one transaction, and what one of them brings about is nobody else's."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa

from connectors.events import service
from connectors.events.departments import DEPARTMENTS
from connectors.events.gathering import Gathering
from connectors.events.models import ReceivedEvent
from kernel.errors import Conflict, Unavailable
from kernel.house import House
from kernel.outbox import OutboxMessage
from tests.conftest import NOON
from tests.connectors.conftest import certificate, envelope


class Pen:
    """Writes numbers, doubling them; the first writing waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.written: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.begun.set()
        assert self.let_go.wait(30)
        self.written.append(list(numbers))
        if 13 in numbers:
            raise ArithmeticError("13")
        return [Conflict("taken") if one == 9 else 2 * one for one in numbers]


def gathered(pen: Pen, numbers: Sequence[int]) -> list[Future[int]]:
    """The first writes alone, all others wait behind it."""
    gathering: Gathering[int, int] = Gathering(pen)
    waiting: list[Future[int]] = []
    pool = ThreadPoolExecutor(len(numbers) + 1)
    waiting.append(pool.submit(gathering.take, 0))
    assert pen.begun.wait(30)
    for number in numbers:
        waiting.append(pool.submit(gathering.take, number))
        while len(gathering._waiting) < len(waiting) - 1:  # whoever waits shows nowhere else
            threading.Event().wait(0.002)
    pen.let_go.set()
    pool.shutdown(wait=True)
    return waiting


def test_who_comes_while_another_writes_is_written_together_with_the_others() -> None:
    pen = Pen()
    assert [one.result(30) for one in gathered(pen, [1, 2, 3])] == [0, 2, 4, 6]
    assert pen.written == [[0], [1, 2, 3]]


def test_an_answer_that_is_an_error_concerns_one() -> None:
    _, fine, taken = gathered(Pen(), [1, 9])
    assert fine.result(30) == 2
    assert isinstance(taken.exception(30), Conflict)


def test_what_breaks_the_writing_of_all_is_found_by_writing_each_alone() -> None:
    pen = Pen()
    _, first, broken, last = gathered(pen, [1, 13, 2])
    assert (first.result(30), last.result(30)) == (2, 4)
    assert isinstance(broken.exception(30), ArithmeticError)
    assert pen.written == [[0], [1, 13, 2], [1], [13], [2]]


def test_a_gate_that_stays_shut_is_everybodys() -> None:
    calls: list[int] = []

    def shut(numbers: Sequence[int]) -> Sequence[int]:
        calls.append(len(numbers))
        raise Unavailable("later")

    gathering: Gathering[int, int] = Gathering(shut)
    for number in range(2):  # the second finds the way free again
        with pytest.raises(Unavailable):
            gathering.take(number)
    assert calls == [1, 1]


@pytest.fixture
def keep(any_house: House) -> Callable[..., list[service.Receipt | Exception]]:
    def kept(*bodies: bytes) -> list[service.Receipt | Exception]:
        department = DEPARTMENTS["disabled_federation"]
        read = [service.read(any_house.vault, department, one, came_by="push", now=NOON) for one in bodies]
        with any_house.database.write() as session:
            return service.keep(session, read, now=NOON)

    return kept


def test_many_events_are_stored_at_once_each_id_for_the_first_that_came(
    any_house: House, keep: Callable[..., list[service.Receipt | Exception]]
) -> None:
    (known,) = keep(envelope("certificate_issued", certificate("1"), "evt-00000001"))
    answers = keep(
        envelope("certificate_issued", certificate("1"), "evt-00000001"),
        envelope("certificate_issued", certificate("1"), "evt-00000002"),
        envelope("certificate_issued", certificate("1"), "evt-00000002"),
        envelope("certificate_issued", certificate("2"), "evt-00000002"),
        envelope("certificate_issued", certificate("3"), "evt-00000003"),
    )
    again, second, same, other, third = answers
    assert again == known
    assert isinstance(second, service.Receipt)
    assert same == second
    assert isinstance(other, Conflict)
    assert isinstance(third, service.Receipt)
    with any_house.database.read() as session:
        payloads = session.scalars(sa.select(OutboxMessage.payload).order_by(OutboxMessage.number)).all()
        events = service.open_events(session, any_house.vault, payloads)
        assert session.scalar(sa.select(sa.func.count()).select_from(ReceivedEvent)) == 3
    assert [one["event_id"] for one in payloads] == [f"evt-0000000{number}" for number in (1, 2, 3)]
    levels = [
        {change.attribute: change.value for change in one.changes}["person.disability_level"]
        for one in events
    ]
    assert levels == [1, 1, 3]
    assert msgspec.json.encode(second)
