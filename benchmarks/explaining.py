"""One subject against one policy: the verdict alone beside the verdict with its full explanation."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.cities import AS_OF, generated, published_library
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.explanation import explain
from policy_engine.profiles.snapshot import from_directory
from tests.policy_engine.matching.town import families

RESIDENTS = 600
HOMES = 60
ROUNDS = 3


def measure() -> Iterator[dict[str, Any]]:
    """Milliseconds a policy and subject, by verdict; ``ratio`` is explained / judged."""
    published = published_library()
    taken: dict[str, list[tuple[float, float]]] = {"eligible": [], "ineligible": [], "unknown": []}
    with generated(RESIDENTS) as city:
        homes = [one for one in families(from_directory(city)) if one.owner.kind == "household"][:HOMES]
    for family in homes:
        case = FamilyCase(family, published, AS_OF)
        for policy, subject in case.policies_on():
            verdict = case.judge(policy, subject).verdict
            judged = _median(lambda: case.judge(policy, subject))  # noqa: B023  called at once
            explained = _median(lambda: explain(case, policy, subject))  # noqa: B023
            taken[verdict].append((judged, explained))
    for verdict, pairs in taken.items():
        if len(pairs) > 1:
            judged, explained = (statistics.median(one) for one in zip(*pairs, strict=True))
            yield {
                "benchmark": "explaining",
                "verdict": verdict,
                "pairs": len(pairs),
                "median_ms": round(explained, 3),
                "p99_ms": round(statistics.quantiles([one[1] for one in pairs], n=100)[98], 3),
                "judged_median_ms": round(judged, 3),
                "ratio": round(explained / judged, 2),
            }


def _median(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)
