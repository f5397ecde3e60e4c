"""How the time of a whole match grows with the city: two hundred made policies over ever more residents."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.cities import AS_OF, RESIDENTS, generated, peak_rss_mib
from benchmarks.made_policies import published_made
from benchmarks.plain_policies import plain_policies
from benchmarks.rivals.polars_by_hand import HandMade
from policy_engine.matching.bulk import match_city
from policy_engine.profiles.snapshot import from_directory

#: Parts of the largest city: 25 thousand, 80 thousand … of 2.5 million.
PARTS = (100, 31, 10, 3, 1)
ROUNDS = 3


def measure(residents: int = RESIDENTS, rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """Medians. ``microseconds`` a resident would be the same at every size if growth were exactly linear.

    What does not grow, lowering two hundred policies, shows in small cities; ``growth`` is the time's factor since the
    size before, divided by the residents' factor: above one is worse than linear.
    """
    published = published_made()
    policies = plain_policies(published)
    before: tuple[int, float] | None = None
    for part in PARTS:
        with generated(max(residents // part, 1)) as folder:
            snapshot = from_directory(folder)
        count = snapshot.frames["person"].height
        ours: list[float] = []
        hand: list[float] = []
        for _ in range(rounds):
            start = time.perf_counter()
            match_city(snapshot, published, AS_OF)
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            HandMade(snapshot, policies, AS_OF, "in-memory").match(policies)
            hand.append(time.perf_counter() - start)
        seconds = statistics.median(ours)
        yield {
            "benchmark": "growth_of_the_city",
            "residents": count,
            "policies": len(policies),
            "seconds": round(seconds, 3),
            "microseconds": round(seconds / count * 1e6, 2),
            "growth": None if before is None else round(seconds / before[1] / (count / before[0]), 2),
            "polars_by_hand_seconds": round(statistics.median(hand), 3),
            "ratio": round(seconds / statistics.median(hand), 2),
            "peak_rss_mib": peak_rss_mib(),
        }
        before = (count, seconds)
