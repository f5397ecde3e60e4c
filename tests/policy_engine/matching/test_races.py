"""Facts that change while a policy is published or the city is matched are never missed, on both databases."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kernel.clock import FixedClock
from kernel.house import House
from policy_engine.delivery import rematching
from policy_engine.matching import repository
from policy_engine.matching.bulk_news import BulkNews
from policy_engine.policies.service import TOPIC as ROLLOUT
from policy_engine.policies.states import FULL_PERMILLE
from policy_engine.profiles.service import FACTS_CHANGED
from tests.policy_engine.matching.town import (
    CARED_ELDER,
    CARED_HOME,
    ELDER,
    ELDER_ALLOWANCE,
    INSURED_WORKER,
    NOT_ELDER,
    WORKER_GRANT,
    next_version,
)
from tests.policy_engine.matching.works import Works

HOMES = range(100, 700, 100)
FIRM = 9000
BIRTHS = ["1940-01-01", "1955-05-05", "1990-01-01", "2026-11-20"]


@pytest.fixture
def works(any_house: House, clock: FixedClock) -> Works:
    """Six homes of two, one of whom works for a firm, and the lower statuses in force."""
    works = Works(any_house, clock)
    for home in HOMES:
        works.add("household", home, home, hukou_division="420222100", is_dibao=False, monthly_income=120_000)
        works.add("person", home + 1, home, birth_date="1950-05-05")
        works.add("person", home + 2, home, birth_date="1990-01-01")
    works.add("firm", FIRM, FIRM)
    for home in HOMES:
        works.add("hire", FIRM + home, FIRM, about=home + 2, hired_on="2026-01-15", contract_months=12)
    for document in (ELDER, CARED_HOME, INSURED_WORKER):
        works.publish(document, permille=FULL_PERMILLE)
    works.work()
    return works


def changing(works: Works, seed: int, rounds: int) -> None:
    """Somebody is older or younger than was thought, or moves; what follows is worked off between."""
    dice = random.Random(seed)  # noqa: S311
    for _ in range(rounds):
        home = dice.choice(HOMES)
        match dice.randrange(5):
            case 0:
                works.say(home, "household.is_dibao", dice.choice([True, False]))
            case 1:
                works.move(home + 2, dice.choice(HOMES))
            case 2:
                works.say(FIRM + home, "hire.pays_social_insurance", dice.choice([True, False]))
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
            for document in (CARED_ELDER, ELDER_ALLOWANCE, WORKER_GRANT):
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
    turned_away: set[repository.Key] = set()

    def interrupted(*arguments: Any) -> BulkNews:
        news = news_of(*arguments)
        for effect in news.effects[::2]:
            birth = "1940-01-01" if effect.policy_id == NOT_ELDER.id else "1990-01-01"
            works.say(effect.subject_id, "person.birth_date", birth)
            turned_away.add((effect.policy_id, effect.subject_id, effect.unit_id))
        works.work_off(FACTS_CHANGED)
        return news

    monkeypatch.setattr(rematching, "bulk_news", interrupted)
    works.say(HOMES[0], "household.is_dibao", True)
    for document in (CARED_ELDER, NOT_ELDER):
        works.publish(document, permille=FULL_PERMILLE)
        works.work()
    monkeypatch.undo()
    assert works.kept() == works.recomputed()
    assert len(turned_away) >= 2
    assert turned_away.isdisjoint(works.offers_ever())
    assert works.night().drifted is None
    assert works.night().drifted == 0


def test_a_publication_in_the_middle_of_another_match_begins_it_again(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was worked out by the older version of a status is not written after the newer."""
    somebody = HOMES[0] + 1
    works.say(somebody, "person.birth_date", "1963-01-01")
    works.say(HOMES[0], "household.is_dibao", True)
    works.work()
    news_of = rematching.bulk_news
    later = [next_version(ELDER, 2)]

    def interrupted(*arguments: Any) -> BulkNews:
        news = news_of(*arguments)
        if later:
            assert somebody in {one.subject_id for one in news.effects}
            works.publish(later.pop(), permille=FULL_PERMILLE)
            works.widen("elder", 2)
            works.work_off(ROLLOUT)
        return news

    works.publish(CARED_ELDER, permille=FULL_PERMILLE)
    monkeypatch.setattr(rematching, "bulk_news", interrupted)
    works.work()
    assert works.kept() == works.recomputed()
    assert (CARED_ELDER.id, somebody, somebody) not in works.offers_ever() | works.kept().keys()
