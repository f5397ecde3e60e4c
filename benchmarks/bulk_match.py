"""The whole city at once: the library over every resident, and one policy beside Polars written by hand for it."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from benchmarks.cities import AS_OF, RESIDENTS, generated, peak_rss_mib, published_library, seconds
from policy_engine.matching.bulk import City, match_city, match_policy
from policy_engine.profiles.snapshot import Snapshot, from_directory

#: Six clauses on facts of the person, some of them unknown; a fixed sum.
ONE = "disability-nursing"


def measure() -> Iterator[dict[str, Any]]:
    """Medians of three rounds. ``ratio`` is ours / by hand, for the same ids, amounts and unknown."""
    published = published_library()
    with generated(RESIDENTS) as folder:
        load = seconds(lambda: from_directory(folder), rounds=1)
        snapshot = from_directory(folder)
        size = {
            "residents": snapshot.frames["person"].height,
            "firms": snapshot.frames["firm"].height,
            "policies": len(published.effective_on(AS_OF)),
        }
        result = match_city(snapshot, published, AS_OF)
        whole = seconds(lambda: match_city(snapshot, published, AS_OF))
        yield {
            "benchmark": "bulk_match_library",
            **size,
            "eligible": result.eligible.height,
            "unknown": result.unknown.height,
            "load_seconds": round(load, 3),
            "match_seconds": round(whole, 3),
            "peak_rss_mib": peak_rss_mib(),
        }
        yield {"benchmark": "bulk_match_one_policy", **size, **_one_policy(snapshot)}


def _one_policy(snapshot: Snapshot) -> dict[str, Any]:
    published = published_library()
    policy = published.named(ONE)
    assert policy is not None
    city = City(snapshot, AS_OF, published)
    ours, hand = match_policy(city, policy), by_hand(snapshot.frames["person"])
    assert ours.eligible.select("unit_id", "amount_fen").equals(hand[0])
    assert ours.unknown["unit_id"].equals(hand[1]["unit_id"])
    cold = seconds(lambda: match_city(snapshot, published, AS_OF, policies=[ONE]))
    warm = seconds(lambda: match_policy(city, policy), rounds=7)
    rival = seconds(lambda: by_hand(snapshot.frames["person"]), rounds=7)
    return {
        "policy": ONE,
        "eligible": ours.eligible.height,
        "from_snapshot_ms": round(cold * 1000, 1),
        "ms": round(warm * 1000, 1),
        "by_hand_ms": round(rival * 1000, 1),
        "ratio": round(warm / rival, 2),
    }


def by_hand(persons: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What somebody would write who knows this one policy: eligible with amounts, and unknown."""

    def is_open(column: str) -> pl.Expr:
        flag = f"{column}__unknown"
        return pl.col(flag) if flag in persons.columns else pl.lit(value=False)

    hukou = pl.col("hukou_division")
    clauses = [
        (hukou.cat.starts_with("42").fill_null(value=False), hukou.is_null() | is_open("hukou_division")),
        (pl.col("disability_level").is_in([1, 2]).fill_null(value=False), is_open("disability_level")),
        (pl.col("has_long_term_care_need").fill_null(value=False), is_open("has_long_term_care_need")),
    ]
    clauses += [
        (~pl.col(column).fill_null(value=False), is_open(column))
        for column in ("is_tekun", "receives_injury_care", "is_deceased")
    ]
    met = pl.all_horizontal([holds & ~open_ for holds, open_ in clauses])
    possible = pl.all_horizontal([holds | open_ for holds, open_ in clauses])
    judged = persons.select(unit_id="subject_id", met=met, possible=possible).filter("possible")
    eligible = judged.filter("met").select("unit_id", amount_fen=pl.lit(10_000, pl.Int64))
    return eligible, judged.filter(~pl.col("met")).select("unit_id")
