"""The made policies in Polars as somebody writes them who knows each one: null is unknown, absences filled beforehand.

Polars' own ``&``, ``|`` and ``~`` are three-valued in null, so a verdict is one nullable column: true, false, or unknown.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import polars as pl

from benchmarks.plain_policies import PlainCondition, PlainPolicy, by_stratum, facts_named
from policy_engine.catalogue import Attribute
from policy_engine.profiles.snapshot import Snapshot

Engine = Literal["in-memory", "streaming"]


class Rows(NamedTuple):
    """``subject_id`` with ``amount_fen`` of those eligible, and how many are unknown."""

    eligible: pl.DataFrame
    unknown: int


class HandMade:
    """Homes, and people beside their home's facts; statuses become columns of both, stratum by stratum."""

    def __init__(
        self, snapshot: Snapshot, policies: Sequence[PlainPolicy], as_of: date, engine: Engine
    ) -> None:
        self._engine: Engine = engine
        self._homes = _homes(snapshot, policies).collect(engine=engine)
        people = _people(snapshot, policies, as_of).collect(engine=engine)
        places = self._homes.lazy().select("subject_id").with_row_index("row")
        beside = (
            people.lazy()
            .select("owner_id")
            .join(places, left_on="owner_id", right_on="subject_id", how="left", maintain_order="left")
        )
        self._rows = beside.select("row").collect(engine=engine).to_series()
        self.people = people.hstack(self._beside(self._homes.drop("subject_id")))

    def match(self, policies: Sequence[PlainPolicy]) -> dict[str, Rows]:
        """What each policy comes to, by its id."""
        found: dict[str, Rows] = {}
        for kind, group in by_stratum(policies):
            frame = self._homes if kind == "household" else self.people
            judged = frame.lazy().select(_verdict(one).alias(one.id) for one in group)
            verdicts = judged.collect(engine=self._engine)
            plans = [_eligible(frame, verdicts[one.id], one) for one in group]
            for one, eligible in zip(group, pl.collect_all(plans, engine=self._engine), strict=True):
                found[one.id] = Rows(eligible, verdicts[one.id].null_count())
            self._add(kind, verdicts.select(one.id for one in group if one.is_status))
        return found

    def _add(self, kind: str, statuses: pl.DataFrame) -> None:
        if kind == "person":
            self.people = self.people.hstack(statuses)
        else:
            self._homes = self._homes.hstack(statuses)
            self.people = self.people.hstack(self._beside(statuses))

    def _beside(self, of_homes: pl.DataFrame) -> pl.DataFrame:
        rows = pl.all().gather(self._rows).name.prefix("home.")
        return of_homes.lazy().select(rows).collect(engine=self._engine)


def _eligible(frame: pl.DataFrame, verdict: pl.Series, policy: PlainPolicy) -> pl.LazyFrame:
    if policy.is_status:
        return (
            frame.lazy().select("subject_id").filter(verdict).with_columns(amount_fen=pl.lit(None, pl.Int64))
        )
    large, small = pl.lit(policy.large_home_fen, pl.Int64), pl.lit(policy.small_home_fen, pl.Int64)
    amount = pl.when(pl.col("home.member_count") >= 4).then(large).otherwise(small)
    rows = frame.lazy().select("subject_id", "home.member_count").filter(verdict)
    return rows.select("subject_id", amount_fen=amount)


def _verdict(policy: PlainPolicy) -> pl.Expr:
    return pl.all_horizontal([_holds(one, policy) for one in policy.conditions])


def _holds(condition: PlainCondition, policy: PlainPolicy) -> pl.Expr:
    is_of_home = condition.whose == "household" and policy.kind == "person"
    fact = pl.col(f"home.{condition.column}" if is_of_home else condition.column)
    match condition.test:
        case "is":
            return fact
        case "is not":
            return ~fact
        case "is or is not":
            return fact | ~fact
        case "=":
            return fact == condition.value
        case "!=":
            return fact != condition.value
        case "none or <=":
            return fact.is_null() | (fact <= condition.value)
        case "none or >=":
            return fact.is_null() | (fact >= condition.value)
        case "<=":
            return fact <= condition.value
        case ">=":
            return fact >= condition.value


def _homes(snapshot: Snapshot, policies: Sequence[PlainPolicy]) -> pl.LazyFrame:
    sizes = snapshot.frames["person"].lazy().group_by("owner_id").agg(member_count=pl.len().cast(pl.Int64))
    frame = snapshot.frames["household"]
    homes = frame.lazy().join(
        sizes, left_on="subject_id", right_on="owner_id", how="left", maintain_order="left"
    )
    homes = homes.with_columns(pl.col("member_count").fill_null(0))
    income, size = _told(frame, "monthly_income").fill_null(0), pl.col("member_count")
    known = pl.when(_told_all(frame, "monthly_income")).then((income * 2 + size) // (size * 2))
    homes = homes.with_columns(income_per_head=pl.when(size > 0).then(known))
    facts = [one for one in facts_named(policies, "household") if one.derived is None]
    return homes.select(
        "subject_id", "member_count", "income_per_head", *(_fact(frame, one) for one in facts)
    )


def _people(snapshot: Snapshot, policies: Sequence[PlainPolicy], as_of: date) -> pl.LazyFrame:
    frame, born = snapshot.frames["person"], pl.col("birth_date")
    is_to_come = born.dt.month().cast(pl.Int32) * 32 + born.dt.day() > as_of.month * 32 + as_of.day
    age = as_of.year - born.dt.year() - is_to_come.cast(pl.Int32)
    facts = [one for one in facts_named(policies, "person") if one.derived is None]
    return frame.lazy().select(
        "subject_id", "owner_id", age.cast(pl.Int64).alias("age"), *(_fact(frame, one) for one in facts)
    )


def _fact(frame: pl.DataFrame, attribute: Attribute) -> pl.Expr:
    """Absent as the catalogue says (a text: empty), null where nobody told us."""
    value = pl.col(attribute.key)
    absent = "" if attribute.type == "enum" else attribute.absent
    if attribute.may_be_absent and absent is not None and frame[attribute.key].null_count():
        value = value.fill_null(pl.lit(absent))
    flag = f"{attribute.key}__unknown"
    return pl.when(~pl.col(flag)).then(value).alias(attribute.key) if flag in frame.columns else value


def _told(frame: pl.DataFrame, key: str) -> pl.Expr:
    flag = f"{key}__unknown"
    return pl.when(~pl.col(flag)).then(pl.col(key)) if flag in frame.columns else pl.col(key)


def _told_all(frame: pl.DataFrame, key: str) -> pl.Expr:
    flag = f"{key}__unknown"
    return ~pl.col(flag) if flag in frame.columns else pl.lit(value=True)


__all__ = ["Engine", "HandMade", "Rows"]
