"""One changed fact under two hundred policies: read, chain and write apart, beside the whole family by the reference."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import AS_OF, generated
from benchmarks.made_policies import published_made
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.settings import Settings
from policy_engine.matching import repository
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.incremental import Rematch, match_family
from policy_engine.matching.judging import as_before
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles import loading
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes, load_family

RESIDENTS = 1_000
FAMILIES = 60
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CHANGED = {"person.disability_level": "disabled_federation", "person.birth_date": "public_security"}
VALUES = {"person.disability_level": [1, 4], "person.birth_date": ["1950-03-03", "2001-07-07"]}


def measure() -> Iterator[dict[str, Any]]:
    """Milliseconds a change; ``ratio`` is the chain against judging the family anew by the reference evaluator."""
    published = published_made()
    with tempfile.TemporaryDirectory() as home, generated(RESIDENTS) as city:
        settings = Settings(home=Path(home), database_url=f"sqlite:///{home}/bench.db", is_demo=True)
        house = open_house(settings, FixedClock(NOON))
        house.database.create_all()
        with house.database.write() as session:
            loading.load_city(session, city, vault=house.vault, now=NOON)
        families = _families(city)
        for owner_id, _ in families:
            with house.database.write() as session:
                match_family(session, published, owner_id, changed=None, as_of=AS_OF)
        for attribute in CHANGED:
            yield _figure(house, published, families, attribute)
        house.database.close()
        house.ephemeral.close()


def _figure(
    house: House, published: PublishedSet, families: list[tuple[int, int]], attribute: str
) -> dict[str, Any]:
    taken: dict[str, list[float]] = {"read": [], "chain": [], "write": [], "reference": []}
    judged: list[int] = []
    for number, (owner_id, person_id) in enumerate(families * 2):
        with house.database.write() as session:
            sequence = _change(session, attribute, person_id, number)
        with house.database.write() as session:
            judged.append(_rematched(session, published, owner_id, person_id, attribute, sequence, taken))
        if number < len(families):
            with house.database.read() as session:
                taken["reference"].append(_by_the_reference(session, published, owner_id))
    medians = {name: statistics.median(one) for name, one in taken.items()}
    return {
        "benchmark": "incremental_change",
        "policies": len(published.policies),
        "changes": len(taken["chain"]),
        "changed": attribute,
        "judged": round(statistics.mean(judged), 1),
        "chain_median_ms": round(medians["chain"], 3),
        "chain_p99_ms": round(statistics.quantiles(taken["chain"], n=100)[98], 3),
        "read_median_ms": round(medians["read"], 3),
        "write_median_ms": round(medians["write"], 3),
        "reference_median_ms": round(medians["reference"], 2),
        "ratio": round(medians["chain"] / medians["reference"], 4),
    }


def _change(session: Session, attribute: str, person_id: int, number: int) -> int:
    change = FactChange(
        subject_id=person_id,
        attribute=attribute,
        value=VALUES[attribute][(number // FAMILIES) % 2],
        source=CHANGED[attribute],
        event_id=f"bench-{attribute}-{number}",
        observed_at=NOON + timedelta(seconds=number + 1),
    )
    return apply_changes(session, [change], now=NOON).sequence


def _rematched(
    session: Session,
    published: PublishedSet,
    owner_id: int,
    person_id: int,
    attribute: str,
    sequence: int,
    taken: dict[str, list[float]],
) -> int:
    """What ``match_family`` does, its parts timed."""
    start = time.perf_counter()
    family = profiles.load_values(session, owner_id)
    numbers = [one.subject_id for one in family.subjects]
    kept = repository.kept_of(session, numbers)
    former = as_before(family, profiles.replaced_at(session, [sequence], numbers)[sequence])
    read = time.perf_counter()
    work = Rematch(published, family, AS_OF, former)
    trail = work.run([(attribute, person_id)])
    effects = list(work.effects(trail, kept, is_full=False))
    chained = time.perf_counter()
    repository.keep(session, effects)
    session.flush()
    written = time.perf_counter()
    for name, seconds in (("read", read - start), ("chain", chained - read), ("write", written - chained)):
        taken[name].append(seconds * 1000)
    return len(trail)


def _by_the_reference(session: Session, published: PublishedSet, owner_id: int) -> float:
    family = load_family(session, owner_id)
    start = time.perf_counter()
    case = FamilyCase(family, published, AS_OF)
    for policy, subject in case.policies_on():
        case.judge(policy, subject)
    return (time.perf_counter() - start) * 1000


def _families(city: Path) -> list[tuple[int, int]]:
    """Households, each with one of its people."""
    persons = pl.read_parquet(city / "persons.parquet", columns=["subject_id", "owner_id"])
    return list(
        persons.unique("owner_id", maintain_order=True)
        .select("owner_id", "subject_id")
        .head(FAMILIES)
        .iter_rows()
    )
