"""Facts that change while a policy is published or the city is matched are never missed, on both databases."""

import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.clock import FixedClock
from kernel.house import House
from policy_engine.delivery import rematching
from policy_engine.policies.service import TOPIC as ROLLOUT
from policy_engine.policies.states import FULL_PERMILLE
from policy_engine.profiles.service import FACTS_CHANGED
from tests.policy_engine.matching.town import (
    CARED_ELDER,
    CARED_HOME,
    CHAINED,
    ELDER,
    ELDER_ALLOWANCE,
    next_version,
)
from tests.policy_engine.matching.works import Works

HOMES = range(100, 700, 100)
BIRTHS = ["1940-01-01", "1955-05-05", "1990-01-01", "2026-11-20"]


@pytest.fixture
def works(any_house: House, clock: FixedClock) -> Works:
    """Six homes of two, and the two lower statuses in force."""
    works = Works(any_house, clock)
    for home in HOMES:
        works.add("household", home, home, hukou_division="420222100", is_dibao=False, monthly_income=120_000)
        works.add("person", home + 1, home, birth_date="1950-05-05")
        works.add("person", home + 2, home, birth_date="1990-01-01")
    for document in (ELDER, CARED_HOME):
        works.publish(document, permille=FULL_PERMILLE)
    works.work()
    return works


def changing(works: Works, seed: int, rounds: int) -> None:
    """Somebody is older or younger than was thought, or moves; what follows is worked off between."""
    dice = random.Random(seed)  # noqa: S311
    for _ in range(rounds):
        home = dice.choice(HOMES)
        match dice.randrange(4):
            case 0:
                works.say(home, "household.is_dibao", dice.choice([True, False]))
            case 1:
                works.move(home + 2, dice.choice(HOMES))
            case _:
                works.say(home + dice.choice([1, 2]), "person.birth_date", dice.choice(BIRTHS))


def working(works: Works, is_over: threading.Event) -> None:
    while not is_over.is_set():
        works.work_a_while()


def together(*jobs: Callable[[], None]) -> None:
    """All at once; raises what any of them raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def test_facts_that_change_while_policies_are_published(works: Works) -> None:
    is_over = threading.Event()

    def publishing() -> None:
        try:
            for document in (CARED_ELDER, ELDER_ALLOWANCE):
                works.publish(document)
                works.widen(document.id, document.version)
                changing(works, 7, 5)
        finally:
            is_over.set()

    together(
        publishing,
        lambda: changing(works, 1, 25),
        lambda: working(works, is_over),
        lambda: working(works, is_over),
    )
    works.work()
    assert works.kept() == works.recomputed()
    assert works.standing_offers().keys() <= works.kept().keys()


def test_facts_that_change_between_the_snapshot_and_the_writing(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the worst moment: the city has been matched, nothing is written yet, and another worker is through with them."""
    news_of = rematching.bulk_news
    seeds = itertools.count(20)

    def interrupted(*arguments: object) -> object:
        news = news_of(*arguments)  # type: ignore[arg-type]
        changing(works, next(seeds), 6)
        works.work_off(FACTS_CHANGED)
        return news

    monkeypatch.setattr(rematching, "bulk_news", interrupted)
    for document in CHAINED[2:]:
        works.publish(document, permille=FULL_PERMILLE)
        works.work()
    monkeypatch.undo()
    works.work()
    assert works.kept() == works.recomputed()
    assert works.night().drifted is None
    assert works.night().drifted == 0


def test_a_publication_in_the_middle_of_another_match_begins_it_again(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was worked out by the older version of a status is not written after the newer."""
    news_of = rematching.bulk_news
    later = [next_version(ELDER, 2)]

    def interrupted(*arguments: object) -> object:
        news = news_of(*arguments)  # type: ignore[arg-type]
        if later:
            works.publish(later.pop(), permille=FULL_PERMILLE)
            works.widen("elder", 2)
            works.work_off(ROLLOUT)
        return news

    works.publish(CARED_ELDER, permille=FULL_PERMILLE)
    monkeypatch.setattr(rematching, "bulk_news", interrupted)
    works.work()
    assert works.kept() == works.recomputed()
    assert {outcome[0] for key, outcome in works.kept().items() if key[0] == "elder"} == {2}
