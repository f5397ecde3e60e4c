"""Issuing, changing and ending a licence is a change of facts: the engine chains on it at once, on both databases."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from identity.registry import service as registry
from kernel.clock import FixedClock
from kernel.house import House
from kernel.outbox import Worker
from licenses import service
from licenses.states import Operation
from policy_engine.policies.library import library
from policy_engine.policies.states import FULL_PERMILLE
from tests.policy_engine.matching.works import Works

HOME = 9_000
NURSING, LIVING = "disability-nursing", "disability-living"


@pytest.fixture
def works(any_house: House, clock: FixedClock) -> Works:
    made = Works(any_house, clock)
    for entry in library():
        if entry.document.id in (NURSING, LIVING):
            made.publish(entry.document, permille=FULL_PERMILLE)
    made.work()
    return made


@pytest.fixture
def person(works: Works) -> int:
    """Needs long-term care and lives alone; nobody has said that she is disabled, or that her home is on relief."""
    with works.house.database.write() as session:
        subject_id = registry.ensure(
            session,
            kind="person",
            name="章小芸",
            identifier_kind="id_number",
            identifier="11010519491231002X",
            vault=works.house.vault,
            now=works.clock.now(),
        )
    works.add("household", HOME, HOME)
    works.add(
        "person",
        subject_id,
        HOME,
        hukou_division="420202007",
        has_long_term_care_need=True,
        is_orphan=False,
        is_tekun=False,
        receives_injury_care=False,
        is_deceased=False,
    )
    works.work()
    return subject_id


def _issue(works: Works, holder_id: int, type_id: str, **fields: object) -> service.Licence:
    licence = _issued(works, holder_id, type_id, **fields)
    works.work()
    return licence


def _issued(works: Works, holder_id: int, type_id: str, **fields: object) -> service.Licence:
    """Committed; what follows is for the worker."""
    with works.house.database.write() as session:
        return service.issue(
            session, works.house, type_id=type_id, holder_id=holder_id, fields=fields, actor="test"
        )


@contextmanager
def _worker_beside(works: Works) -> Iterator[None]:
    """As in a running house: on threads of its own, woken by commits."""
    worker = Worker(works.house.database, works.clock, works.handlers)
    works.house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=60)


def _come_to(works: Works, wanted: set[str]) -> bool:
    """Whether the matches become these; how long that takes is for the benchmarks."""
    deadline = time.monotonic() + 60
    while _policies(works) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return _policies(works) == wanted


def _policies(works: Works) -> set[str]:
    return {policy_id for policy_id, _subject, _unit in works.kept()}


def test_each_act_on_a_licence_moves_the_matches(works: Works, person: int) -> None:
    assert _policies(works) == set()
    _issue(works, person, "disability-certificate", level=1, category="肢体")
    assert _policies(works) == {NURSING}
    _issue(works, person, "disability-certificate", level=3, category="肢体")
    assert _policies(works) == set()
    changed = _issue(works, person, "disability-certificate", level=2, category="肢体")
    assert (_policies(works), changed.identifier.split(".")[-2]) == ({NURSING}, "003")
    with works.house.database.write() as session:
        service.operate(session, works.house, changed.id, Operation.REVOKE, reason="有误", actor="test")
    works.work()
    assert _policies(works) == set()


def test_a_households_certificate_is_held_by_one_of_its_members(works: Works, person: int) -> None:
    _issue(works, person, "disability-certificate", level=1, category="肢体")
    _issue(works, person, "dibao-certificate", from_on="2026-11-01", members=1, amount_fen=80_000)
    assert _policies(works) == {NURSING, LIVING}
    assert works.recomputed() == works.kept()


def test_a_worker_beside_takes_every_act_through_to_the_match(works: Works, person: int) -> None:
    with _worker_beside(works):
        first = _issued(works, person, "disability-certificate", level=1, category="肢体")
        assert _come_to(works, {NURSING})
        for operation, matches in ((Operation.WITHHOLD, set()), (Operation.RETURN, {NURSING})):
            with works.house.database.write() as session:
                service.operate(session, works.house, first.id, operation, reason="核查", actor="test")
            assert _come_to(works, matches)
        _issued(works, person, "disability-certificate", level=3, category="肢体")
        assert _come_to(works, set())
        _issued(works, person, "disability-certificate", level=2, category="肢体")
        assert _come_to(works, {NURSING})
