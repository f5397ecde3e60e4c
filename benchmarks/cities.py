"""What the matching benchmarks share: a generated city of the size that ``DONGCHU_BENCH_RESIDENTS`` asks for, and time."""

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from policy_engine.catalogue import catalogue
from policy_engine.policies.checking import standing_of
from policy_engine.policies.library import library
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.city import generate

AS_OF = date(2026, 11, 23)
RESIDENTS = int(os.environ.get("DONGCHU_BENCH_RESIDENTS", "2500000"))


@contextmanager
def generated(residents: int) -> Iterator[Path]:
    """A city with a firm for every ten residents, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        generate(residents, max(residents // 10, 1), 1, Path(folder), as_of=AS_OF)
        yield Path(folder)


def published_library() -> PublishedSet:
    return publish_documents((one.document, standing_of(one.document, catalogue())) for one in library())


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """The median of some rounds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def peak_rss_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
