"""Two hundred made policies over a fifth of the city, beside SQL written by hand for DuckDB."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.cities import AS_OF, RESIDENTS, generated
from benchmarks.made_policies import published_made
from benchmarks.plain_policies import plain_policies
from benchmarks.rivals.duckdb_sql import InDuckDb
from policy_engine.matching.bulk import BulkResult, match_city
from policy_engine.profiles.snapshot import from_directory

ROUNDS = 3


def measure(residents: int = RESIDENTS // 5, rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """Medians; both have loaded the city beforehand. ``ratio`` is ours / DuckDB's, for the same rows and counts."""
    published = published_made()
    policies = plain_policies(published)
    with generated(residents) as folder:
        snapshot = from_directory(folder)
        rival = InDuckDb(folder, policies, AS_OF)
    result = match_city(snapshot, published, AS_OF)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        match_city(snapshot, published, AS_OF)
        between = time.perf_counter()
        found = rival.match()
        theirs.append(time.perf_counter() - between)
        ours.append(between - start)
        assert found == _counts(result)
    rival.connection.close()
    yield {
        "benchmark": "bulk_beside_duckdb",
        "residents": snapshot.frames["person"].height,
        "policies": len(policies),
        "eligible": result.eligible.height,
        "seconds": round(statistics.median(ours), 3),
        "duckdb_seconds": round(statistics.median(theirs), 3),
        "ratio": round(statistics.median(ours) / statistics.median(theirs), 3),
    }


def _counts(result: BulkResult) -> dict[str, tuple[int, int, int]]:
    """By policy: eligible, their fen, unknown."""
    unknown = dict(result.unknown.group_by("policy_id").len().iter_rows())
    found = {one: (0, 0, unknown.get(one, 0)) for one in result.defects}
    sums = result.eligible.group_by("policy_id").agg(rows="unit_id", fen="amount_fen")
    for policy_id, rows, fen in sums.select(
        "policy_id", sums["rows"].list.len(), sums["fen"].list.sum()
    ).rows():
        found[policy_id] = (rows, fen or 0, unknown.get(policy_id, 0))
    return found
