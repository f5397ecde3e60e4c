"""One demand against 2,000 loan products, and 250,000 firms against 500, each beside the plain way in the same run.

The plain way for one demand is the reference evaluator, product by product; for the city it is our own generated Python, firm by
firm over a sample, reckoned up to the whole. Answers are compared before anything is timed.
"""

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from benchmarks.cities import AS_OF, RESIDENTS, generated, published_library
from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import ELIGIBLE
from policy_engine.matching.reference import families
from policy_engine.policies.judgement import judge_context
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.snapshot import Snapshot, from_directory
from portals.financing.products.document import ProductDocument
from portals.financing.products.library import product_library
from portals.financing.products.matching import Asked, match_demand, match_firms, misfits_of
from portals.financing.products.offered import OfferedSet, offered_set

DEMANDS, SAMPLE = 400, 2_000
_ASKED = Asked(
    amount_fen=50_000_000,
    term_months=12,
    purpose="working_capital",
    collateral=frozenset({"none", "guarantee"}),
)


def made_products(count: int) -> list[ProductDocument]:
    """The library over and over, every one with a limit and thresholds of its own."""
    base = [one.document for one in product_library()]
    dice = random.Random(7)
    found = []
    for number in range(count):
        one = base[number % len(base)]
        months = dice.choice((3, 6, 9, 12, 18, 24, 30, 36))
        own = msgspec.structs.replace(one.eligibility[0], id="own", condition=f"经营月数 >= {months}")
        found.append(
            msgspec.structs.replace(
                one,
                id=f"{one.id}-{number}",
                limit=f"({one.limit}) * {dice.randint(50, 150) / 100:.2f}",
                eligibility=(*one.eligibility, own),
            )
        )
    return found


def measure(residents: int = RESIDENTS) -> Iterator[dict[str, Any]]:
    """Medians. ``ratio`` is the plain way's time over ours."""
    city = published_library()
    with generated(residents) as folder:
        snapshot = from_directory(folder)
    firms = _some_firms(snapshot)
    yield _one_demand(offered_set(made_products(2_000), city), firms)
    yield _whole_city(offered_set(made_products(500), city), snapshot, firms)


def _some_firms(snapshot: Snapshot) -> list[SubjectFacts]:
    kept = snapshot.frames["firm"].sample(SAMPLE, seed=3)["subject_id"].implode()
    frames = {
        kind: frame.filter(frame["owner_id"].is_in(kept)) if kind != "household" else frame.clear()
        for kind, frame in snapshot.frames.items()
    }
    small = Snapshot(frames, 0, snapshot.as_of)
    return [facts_for(one, one.owner.subject_id) for one in families(small) if one.owner.kind == "firm"]


def _one_demand(offered: OfferedSet, firms: list[SubjectFacts]) -> dict[str, Any]:
    start = time.perf_counter()
    offered.on(AS_OF)
    prepared = time.perf_counter() - start
    theirs = []
    for firm in firms[:3]:
        start = time.perf_counter()
        expected = _by_the_reference(offered, firm)
        theirs.append(time.perf_counter() - start)
        found = match_demand(offered, firm, _ASKED, AS_OF)
        assert [(one.verdict, one.limit_fen) for one in found] == expected
    ours = []
    for number in range(DEMANDS):
        start = time.perf_counter()
        match_demand(offered, firms[number % len(firms)], _ASKED, AS_OF)
        ours.append(time.perf_counter() - start)
    return {
        "benchmark": "financing_one_demand",
        "products": len(offered.products),
        "median_ms": round(statistics.median(ours) * 1000, 3),
        "p99_ms": round(statistics.quantiles(ours, n=100)[98] * 1000, 3),
        "reference_ms": round(statistics.median(theirs) * 1000, 1),
        "ratio": round(statistics.median(theirs) / statistics.median(ours), 1),
        "prepared_seconds": round(prepared, 2),
    }


def _by_the_reference(offered: OfferedSet, firm: SubjectFacts) -> list[tuple[str, int | None]]:
    context = context_of(firm, AS_OF, [one.name for one in offered.engine.statuses])
    for policy in offered.engine.policies:
        status = policy.document.status
        if status is not None:
            verdict = judge_context(policy.document, context).verdict
            if verdict != "unknown":
                context[status.name] = verdict == "eligible"
    found = []
    for product in offered.products:
        judged = judge_context(product.policy, context)
        limit_fen = judged.amount_fen if judged.verdict == "eligible" and not judged.defect else None
        misfits = misfits_of(product.document, _ASKED, limit_fen)
        found.append(("ineligible" if judged.defect or misfits else judged.verdict, limit_fen))
    return found


def _whole_city(offered: OfferedSet, snapshot: Snapshot, firms: list[SubjectFacts]) -> dict[str, Any]:
    _products, compiled, places = offered.on(AS_OF)
    judge = compiled.kinds["firm"].judge
    start = time.perf_counter()
    hits = sum(
        answers[place][0] == ELIGIBLE
        for answers in (judge(compiled.row(firm)) for firm in firms)
        for place in places
    )
    plain = (time.perf_counter() - start) / len(firms) * snapshot.frames["firm"].height
    ours: list[float] = []
    worked: list[float] = []
    result = match_firms(offered, snapshot, AS_OF)
    for _round in range(3):
        start, spent = time.perf_counter(), time.process_time()
        result = match_firms(offered, snapshot, AS_OF)
        ours.append(time.perf_counter() - start)
        worked.append(time.process_time() - spent)
    share = result.eligible.height / snapshot.frames["firm"].height / len(offered.products)
    assert abs(share - hits / len(firms) / len(offered.products)) < 0.02
    return {
        "benchmark": "financing_whole_city",
        "firms": snapshot.frames["firm"].height,
        "products": len(offered.products),
        "eligible": result.eligible.height,
        "seconds": round(statistics.median(ours), 3),
        "processor_seconds": round(statistics.median(worked), 3),
        "firm_by_firm_seconds": round(plain, 1),
        "ratio": round(plain / statistics.median(ours), 1),
    }
