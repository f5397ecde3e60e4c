"""Two hundred made policies over the whole city, beside Polars written by hand for the same truth and amounts."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from benchmarks.cities import AS_OF, RESIDENTS, generated, peak_rss_mib
from benchmarks.made_policies import changed, published_made
from benchmarks.plain_policies import PlainPolicy, plain_policies
from benchmarks.rivals.polars_by_hand import Engine, HandMade, Rows
from policy_engine.matching.bulk import BulkResult, City, match_city, match_policy
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.snapshot import Snapshot, from_directory

ROUNDS = 5
CHANGES = 15
ENGINES: tuple[Engine, ...] = ("in-memory", "streaming")


def measure(residents: int = RESIDENTS, rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """Medians of five rounds, columns made ready within them. ``ratio`` is ours / the quickest by hand.

    ``peak_rss_mib`` is ours with the loaded city in it: it is read before a rival has run.
    """
    published = published_made()
    policies = plain_policies(published)
    with generated(residents) as folder:
        snapshot = from_directory(folder)
        match_city(snapshot, published, AS_OF)
        peak = peak_rss_mib()
        rivals = {engine: _by_hand(snapshot, policies, engine) for engine in ENGINES}
        ours = {"ours": lambda: match_city(snapshot, published, AS_OF)}
        taken = _medians({**ours, **rivals}, rounds)
        result = match_city(snapshot, published, AS_OF)
        eligible, unknown = result.eligible.height, result.unknown_count
        _compare(result, HandMade(snapshot, policies, AS_OF, "in-memory").match(policies))
        del result
        hand = min(taken[engine] for engine in ENGINES)
        yield {
            "benchmark": "bulk_two_hundred_policies",
            "residents": snapshot.frames["person"].height,
            "policies": len(policies),
            "eligible": eligible,
            "unknown": unknown,
            "seconds": round(taken["ours"], 3),
            "polars_by_hand_seconds": {engine: round(taken[engine], 3) for engine in ENGINES},
            "ratio": round(taken["ours"] / hand, 2),
            "peak_rss_mib": peak,
        }
        yield _one_changed(snapshot, published, policies)


def _by_hand(snapshot: Snapshot, policies: tuple[PlainPolicy, ...], engine: Engine) -> Callable[[], object]:
    return lambda: HandMade(snapshot, policies, AS_OF, engine).match(policies)


def _medians(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Medians, the works taking turns, so that what else runs on the machine burdens them alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(_seconds(work))
    return {name: statistics.median(one) for name, one in taken.items()}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _compare(result: BulkResult, hand: dict[str, Rows]) -> None:
    """The same ids and amounts, row by row, and as many unknown."""
    unknown = dict(result.unknown.group_by("policy_id").len().iter_rows())
    for policy_id, rows in hand.items():
        ours = result.eligible.filter(policy_id=policy_id).select("subject_id", "amount_fen")
        assert ours.equals(rows.eligible), policy_id
        assert unknown.get(policy_id, 0) == rows.unknown, policy_id


def _one_changed(
    snapshot: Snapshot, published: PublishedSet, policies: tuple[PlainPolicy, ...]
) -> dict[str, Any]:
    """A policy with new conditions over a city that is ready: columns and statuses stand, as they do by hand."""
    city = City(snapshot, AS_OF, published)
    city.derive(one.document for one in published.policies)
    match_city(snapshot, published, AS_OF, city=city)
    hand = HandMade(snapshot, policies, AS_OF, "in-memory")
    hand.match(policies)
    dice = random.Random(2)
    taken: dict[str, list[float]] = {"ours": [], "hand": []}
    for policy in [one for one in published.policies if one.document.benefit is not None][:CHANGES]:
        document = changed(policy.document, dice)
        new = msgspec.structs.replace(policy, document=document)
        (plain,) = _plain_of(published, new)
        taken["ours"].append(_seconds(lambda: match_policy(city, new)))  # noqa: B023  called at once
        taken["hand"].append(_seconds(lambda: hand.match([plain])))  # noqa: B023
        _compare(match_policy(city, new), hand.match([plain]))
    ours, by_hand = statistics.median(taken["ours"]), statistics.median(taken["hand"])
    return {
        "benchmark": "bulk_one_changed_policy",
        "residents": snapshot.frames["person"].height,
        "changes": CHANGES,
        "median_ms": round(ours * 1000, 2),
        "worst_ms": round(max(taken["ours"]) * 1000, 2),
        "polars_by_hand_ms": round(by_hand * 1000, 2),
        "ratio": round(ours / by_hand, 2),
    }


def _plain_of(published: PublishedSet, policy: PublishedPolicy) -> list[PlainPolicy]:
    others = tuple(one for one in published.policies if one.document.id != policy.document.id)
    whole = plain_policies(msgspec.structs.replace(published, policies=(*others, policy)))
    return [one for one in whole if one.id == policy.document.id]
