"""Putting a demand before six banks: state, history, clocks, notices and the audit, one commit; beside its bare rows."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portals.tables
from benchmarks.bare_insert import seconds_to_insert
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.settings import Settings
from portals.financing.demands import service
from portals.financing.demands.schemas import Actor, Candidate, Wish
from portals.financing.institutions import institutions

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DEMANDS = 300
BANKS = [code for code, one in institutions().items() if one.kind == "bank"]
_WISH = Wish(amount_fen=50_000_000, term_months=12, purpose="working_capital")


def measure(demands: int = DEMANDS) -> Iterator[dict[str, Any]]:
    """Milliseconds of one posting with its commit on disk; the rival inserts the applications and events alone."""
    assert portals.tables.METADATA is not None
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True)
        house = open_house(settings, FixedClock(NOW))
        house.database.create_all()
        taken = [_post(house, 10_000 + number) for number in range(demands)]
        rows = {"financing_application": demands * len(BANKS)}
        bare = seconds_to_insert(house.database, rows, len(BANKS)) / demands
        house.database.close()
        house.ephemeral.close()
    median = statistics.median(taken)
    yield {
        "benchmark": "financing_posting",
        "banks": len(BANKS),
        "demands": demands,
        "median_ms": round(median * 1000, 2),
        "p99_ms": round(statistics.quantiles(taken, n=100)[98] * 1000, 2),
        "bare_rows_ms": round(bare * 1000, 2),
        "ratio": round(median / bare, 1),
    }


def _post(house: House, firm_id: int) -> float:
    by = Actor(side="firm", firm_id=firm_id, subject_id=1)
    with house.database.write() as session:
        demand = service.draft(session, _WISH, by=by, division="420203", now=NOW)
        service.authorised(session, demand, by=by, now=NOW)
        demand_id = demand.id
    candidates = [
        Candidate(bank_code=code, product_id=code, product_version=1, verdict="eligible", limit_fen=10**8)
        for code in BANKS
    ]
    start = time.perf_counter()
    with house.database.write() as session:
        asked = service.post(session, demand_id, candidates, by=by, now=NOW)
        assert len(asked) == len(BANKS)
    return time.perf_counter() - start
