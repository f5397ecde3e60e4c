"""One changed fact: through the chain to what is kept, beside judging the whole family anew. Facts are in the store."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

import portals.tables  # noqa: F401  every table of the house
from benchmarks.cities import AS_OF, generated, published_library
from kernel.clock import FixedClock
from kernel.house import open_house
from kernel.settings import Settings
from policy_engine.matching.incremental import Rematched, match_family
from policy_engine.profiles import loading

RESIDENTS = 1_000
FAMILIES = 150
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CHANGED = "person.disability_level"
Change = Callable[[Session, int, int], Rematched]


def measure() -> Iterator[dict[str, Any]]:
    """Milliseconds for one change in a household, with its reads and its write; ``ratio`` is chain / full."""
    published = published_library()

    def chain(session: Session, owner_id: int, person_id: int) -> Rematched:
        return match_family(session, published, owner_id, changed=[(CHANGED, person_id)], as_of=AS_OF)

    def full(session: Session, owner_id: int, _person_id: int) -> Rematched:
        return match_family(session, published, owner_id, changed=None, as_of=AS_OF)

    with tempfile.TemporaryDirectory() as home, generated(RESIDENTS) as city:
        settings = Settings(home=Path(home), database_url=f"sqlite:///{home}/bench.db", is_demo=True)
        house = open_house(settings, FixedClock(NOON))
        house.database.create_all()
        with house.database.write() as session:
            loading.load_city(session, city, vault=house.vault, now=NOON)
        families = _families(city)
        taken: dict[str, list[float]] = {"chain": [], "full": []}
        judged: dict[str, list[int]] = {"chain": [], "full": []}
        for owner_id, person_id in families:
            for name, work in (("full", full), ("chain", chain)):
                with house.database.write() as session:
                    start = time.perf_counter()
                    rematched = work(session, owner_id, person_id)
                    session.flush()
                    taken[name].append((time.perf_counter() - start) * 1000)
                judged[name].append(len(rematched.trail))
        house.database.close()
        house.ephemeral.close()
    chain_ms, full_ms = statistics.median(taken["chain"]), statistics.median(taken["full"])
    yield {
        "benchmark": "incremental_change",
        "policies": len(published.effective_on(AS_OF)),
        "families": len(families),
        "changed": CHANGED,
        "median_ms": round(chain_ms, 2),
        "p99_ms": round(statistics.quantiles(taken["chain"], n=100)[98], 2),
        "judged": statistics.mean(judged["chain"]),
        "full_median_ms": round(full_ms, 2),
        "full_judged": round(statistics.mean(judged["full"]), 1),
        "ratio": round(chain_ms / full_ms, 3),
    }


def _families(city: Path) -> list[tuple[int, int]]:
    """Households, each with one of its people."""
    persons = pl.read_parquet(city / "persons.parquet", columns=["subject_id", "owner_id"])
    return list(
        persons.unique("owner_id", maintain_order=True)
        .select("owner_id", "subject_id")
        .head(FAMILIES)
        .iter_rows()
    )
