"""The whole city at once: every policy as Polars expressions over the columnar snapshot, statuses stratum by stratum.

What the policies of a stratum ask is gathered first: each leaf of their conditions is worked out once for a kind of
subject, verdicts are put together from those as columns of bits, and amounts are looked at only where they are wanted.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import groupby

import msgspec
import polars as pl

from policy_engine.catalogue.attributes import EntityKind
from policy_engine.compile import UNKNOWN_SUFFIX
from policy_engine.compile.formulas import Formula, Joined, Leaf, formula, leaves
from policy_engine.compile.polars_conditions import PolarsCondition, folded
from policy_engine.language import TableFunction
from policy_engine.matching.bulk_amounts import AmountSteps
from policy_engine.matching.bulk_city import City, Truth
from policy_engine.matching.bulk_columns import ENGINE
from policy_engine.policies.amounts import tree
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.policies.rollout import BUCKETS
from policy_engine.profiles.snapshot import Snapshot

#: What a match is, in columns: a city has many, of few policies.
MATCHES = {
    "policy_id": pl.Categorical,
    "subject_id": pl.Int64,
    "unit_id": pl.Int64,
    "amount_fen": pl.Int64,
}
#: One policy and whether it is matched for everybody, or only for those whom its version has reached.
Matched = tuple[PublishedPolicy, bool]
#: A policy, what its clauses say of everybody, and whom its version has reached (None: all).
Judged = tuple[PublishedPolicy, Truth, pl.Series | None]


class BulkResult(msgspec.Struct, frozen=True, dict=True):
    """``eligible``: policy_id, subject_id, unit_id, amount_fen (null for a status). Who is unknown is only counted until
    somebody asks for ``unknown``."""

    eligible: pl.DataFrame
    unknown_rows: pl.LazyFrame
    unknown_count: int
    defects: dict[str, int]

    @classmethod
    def of(cls, eligible: pl.DataFrame, unknown: pl.DataFrame, defects: dict[str, int]) -> "BulkResult":
        """One whose rows are all known."""
        rows = eligible.cast({"policy_id": MATCHES["policy_id"]})
        others = unknown.cast({"policy_id": MATCHES["policy_id"]})
        return cls(rows, others.lazy(), unknown.height, defects)

    @cached_property
    def unknown(self) -> pl.DataFrame:
        """policy_id, subject_id, unit_id."""
        return self.unknown_rows.collect(engine=ENGINE)


def match_city(
    snapshot: Snapshot,
    published: PublishedSet,
    as_of: date,
    *,
    policies: Collection[str] | None = None,
    is_rollout_kept: bool = False,
    standards: Mapping[str, TableFunction] | None = None,
    city: City | None = None,
) -> BulkResult:
    """Every policy in force (or those named, with the statuses under them) over the whole city.

    ``standards`` take the place of those of the day: for questions of what if. ``city`` is one made ready before.

    Raises ``NotLowerable`` for a condition that has no columnar form. While a new version is rolled out beside an older
    one the newest is matched for everybody, or each for its own subjects with ``is_rollout_kept``.
    """
    city = city or City(snapshot, as_of, published, standards)
    in_force = _matched(published, as_of, is_rollout_kept=is_rollout_kept)
    by_id = {policy.document.id: policy.document for policy, _ in in_force}
    asked = [one for one in by_id.values() if policies is None or one.id in policies]
    needed = with_statuses_below(asked, by_id, published.statuses)
    found: list[PolicyRows] = []
    wanted = [one for one in in_force if one[0].document.id in needed]
    for _, stratum in groupby(wanted, key=lambda one: one[0].stratum):
        found += _match_stratum(city, list(stratum))
    return _together(one for one in found if policies is None or one.policy_id in policies)


def match_policy(city: City, policy: PublishedPolicy, *, is_for_everybody: bool = True) -> BulkResult:
    """One policy over a city made ready; a status is put there for those that stand on it. Raises ``NotLowerable``."""
    return _together(_match_stratum(city, [(policy, is_for_everybody)]))


class PolicyRows(msgspec.Struct, frozen=True):
    """What one policy comes to; ``unknown`` is not looked up before it is asked for."""

    policy_id: str
    eligible: pl.DataFrame
    unknown: pl.LazyFrame
    unknown_count: int
    defects: int


def _together(found: Iterable[PolicyRows]) -> BulkResult:
    rows = list(found)

    def named(one: PolicyRows) -> pl.Expr:
        return pl.lit(one.policy_id, pl.Categorical).alias("policy_id")

    return BulkResult(
        pl.concat([_NO_MATCHES, *(one.eligible.select(named(one), pl.all()) for one in rows)]),
        pl.concat(
            [
                _NO_MATCHES.lazy().drop("amount_fen"),
                *(one.unknown.select(named(one), pl.all()) for one in rows),
            ]
        ),
        sum(one.unknown_count for one in rows),
        {one.policy_id: one.defects for one in rows},
    )


def _matched(published: PublishedSet, as_of: date, *, is_rollout_kept: bool) -> list[Matched]:
    if is_rollout_kept:
        return published.matched_on(as_of)
    in_force = published.effective_on(as_of)
    newest = {one.document.id: one.document.version for one in in_force}
    return [(one, True) for one in in_force if one.document.version == newest[one.document.id]]


def _match_stratum(city: City, policies: Sequence[Matched]) -> list[PolicyRows]:
    """Policies that do not stand on each other; their statuses are put into the city."""
    by_kind: dict[EntityKind, list[Matched]] = {}
    for one in policies:
        by_kind.setdefault(one[0].document.entity, []).append(one)
    found: list[PolicyRows] = []
    judged: list[Judged] = []
    for kind, group in by_kind.items():
        city.relate(kind, [policy.document for policy, _ in group])
        truths = _judged(city, kind, [policy for policy, _ in group])
        reached = [None if is_for_everybody else _reached(city, policy) for policy, is_for_everybody in group]
        judged += [
            (policy, truth, whom) for (policy, _), truth, whom in zip(group, truths, reached, strict=True)
        ]
    found += _rows(city, judged)
    for policy, truth, whom in judged:
        if policy.document.is_computed_status:
            city.put_status(policy.document.entity, policy.document.id, truth, whom)
    return found


def _judged(city: City, kind: EntityKind, policies: Sequence[PublishedPolicy]) -> list[Truth]:
    """All clauses of each policy together, of every subject."""
    place = city.place(kind)
    wholes: list[Formula] = [
        Joined(True, tuple(formula(tree(clause.condition), place) for clause in one.document.eligibility))
        for one in policies
    ]
    settled = city.settle(kind, [leaf for whole in wholes for leaf in leaves(whole)])
    bits: dict[str, pl.Series] = {}

    def named(leaf: Leaf) -> PolarsCondition:
        truth = settled[leaf.key]
        true = pl.col(_bit(bits, truth.is_true))
        return PolarsCondition(true, true if truth.is_known else pl.col(_bit(bits, truth.is_possible)))

    conditions = [folded(whole, named) for whole in wholes]
    columns = [
        part.alias(f"{number}{which}")
        for number, one in enumerate(conditions)
        for which, part in (("", one.is_true), *([] if one.is_known else [("?", one.is_possible)]))
    ]
    together = pl.DataFrame(bits).lazy().select(columns).collect(engine=ENGINE)
    return [
        Truth(true := together[f"{number}"], true if one.is_known else together[f"{number}?"])
        for number, one in enumerate(conditions)
    ]


def _bit(bits: dict[str, pl.Series], column: pl.Series) -> str:
    name = str(id(column))
    bits[name] = column
    return name


def _rows(city: City, judged: Sequence[Judged]) -> Iterator[PolicyRows]:
    """Amounts only where they are wanted: an amount is dear, and few are eligible."""
    steps: list[AmountSteps | None] = []
    plans: list[pl.LazyFrame] = []
    for policy, truth, reached in judged:
        kind, benefit = policy.document.entity, policy.document.benefit
        mask = truth.is_true if reached is None else truth.is_true & reached
        amount = None if benefit is None else AmountSteps(benefit, city.place(kind))
        if amount is None:
            rows = city.numbers(kind, mask).with_columns(amount_fen=pl.lit(None, pl.Int64))
        else:
            flag = [] if amount.is_known else ["amount_fen" + UNKNOWN_SUFFIX]
            facts = city.numbers(kind, mask, amount.columns)
            rows = amount.worked_out(facts).select("subject_id", "unit_id", "amount_fen", *flag)
        steps.append(amount)
        plans.append(rows)
    found = pl.collect_all(plans, engine=ENGINE)
    for (policy, truth, reached), amount, rows in zip(judged, steps, found, strict=True):
        yield _sorted_out(city, policy, truth, reached, amount, rows)


def _sorted_out(
    city: City,
    policy: PublishedPolicy,
    truth: Truth,
    reached: pl.Series | None,
    amount: AmountSteps | None,
    rows: pl.DataFrame,
) -> PolicyRows:
    """An unknown amount makes the verdict unknown; none at all, or nothing, is a defect of the policy."""
    open_rows, open_count = _open(city, policy, truth, reached)
    paid = rows
    if amount is not None and not amount.is_known:
        flag = "amount_fen" + UNKNOWN_SUFFIX
        without = rows.filter(flag).select("subject_id", "unit_id")
        paid = rows.filter(~pl.col(flag)).drop(flag)
        open_rows, open_count = pl.concat([open_rows, without.lazy()]), open_count + without.height
    is_short = amount is not None and not (paid["amount_fen"] > 0).all(ignore_nulls=False)
    eligible = paid.filter(pl.col("amount_fen") > 0) if is_short else paid
    return PolicyRows(policy.document.id, eligible, open_rows, open_count, paid.height - eligible.height)


def _open(
    city: City, policy: PublishedPolicy, truth: Truth, reached: pl.Series | None
) -> tuple[pl.LazyFrame, int]:
    kind = policy.document.entity
    if truth.is_known:
        return city.numbers(kind, truth.is_true).clear(), 0
    mask = truth.is_possible & ~truth.is_true
    mask = mask if reached is None else mask & reached
    return city.numbers(kind, mask), int(mask.sum())


def _reached(city: City, policy: PublishedPolicy) -> pl.Series:
    """Whose bucket lies with this version, row by row."""
    subjects = city.audience(policy.document.entity)
    if (policy.bucket_from, policy.bucket_to) == (0, BUCKETS):
        return pl.repeat(value=True, n=subjects.len(), eager=True)
    return pl.Series([policy.covers(number) for number in subjects.to_list()], dtype=pl.Boolean)


_NO_MATCHES = pl.DataFrame(schema=MATCHES)
__all__ = ["BulkResult", "City", "match_city", "match_policy"]
