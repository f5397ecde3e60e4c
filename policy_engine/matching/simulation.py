"""A draft against what is in force, over the whole city, before anybody publishes it: who gains, loses, stays, and the cost.

Nothing is written: both sides are matched on the same snapshot and compared.
"""

from collections.abc import Iterator, Mapping
from datetime import date

import msgspec
import polars as pl

from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.scopes import changed_standards
from policy_engine.matching.bulk import BulkResult, match_city
from policy_engine.matching.full_year import PAYMENTS_A_YEAR, yearly_cost
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.snapshot import Snapshot

#: Where each kind of subject belongs, for the split by county.
PLACE: Mapping[EntityKind, str] = {
    "person": "hukou_division",
    "household": "hukou_division",
    "firm": "registered_division",
}
#: Lower ends of the age bands, in full years.
AGE_BANDS = (0, 3, 16, 35, 60, 80)
_COUNTY_DIGITS = 6


def age_band(key: str) -> tuple[int, int | None]:
    """The first and the last age of a band in ``Simulation.ages``; None where it has no end."""
    first = int(key)
    later = [end for end in AGE_BANDS if end > first]
    return first, later[0] - 1 if later else None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two compared. ``cost_fen`` is for one period, ``yearly_fen`` for the payments of a full year that the
    policy's limits and yearly caps let pass, ``held_back_fen`` what they keep back of it."""

    version: int | None
    eligible: int
    unknown: int
    cost_fen: int
    yearly_fen: int
    defects: int
    held_back_fen: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Within a group: those newly eligible, no longer eligible, and eligible as before, some of them with more or less.

    ``cost_before_fen`` and ``cost_after_fen`` are for one period.
    """

    key: str
    gains: int
    loses: int
    stays: int
    raised: int
    lowered: int
    cost_before_fen: int
    cost_after_fen: int


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Subjects who are eligible under the draft and under another policy too."""

    policy_id: str
    title: str
    title_en: str
    subjects: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """``before`` is what is in force (version null: nothing is), ``after`` the draft with the changed standards."""

    policy_id: str
    title: str
    as_of: date
    facts_sequence: int
    population: int
    period: str
    standards: Mapping[str, int]
    before: Side
    after: Side
    whole: Change
    divisions: tuple[Change, ...]
    ages: tuple[Change, ...]
    overlaps: tuple[Overlap, ...]


_NOBODY = Change(key="", gains=0, loses=0, stays=0, raised=0, lowered=0, cost_before_fen=0, cost_after_fen=0)


def simulate(
    snapshot: Snapshot,
    present: PublishedSet,
    proposed: PublishedSet,
    document: PolicyDocument,
    *,
    as_of: date,
    standards: Mapping[str, int] | None = None,
    has_overlaps: bool = True,
) -> Simulation:
    """Match ``document`` as it stands in ``proposed`` against the version in ``present``, everybody counted.

    ``standards``: names of dated standards and their change in per mille, for the proposed side alone.
    Raises ``NotLowerable`` for a condition that has no columnar form, ``KeyError`` for a name that is no standard.
    """
    changes = dict(standards or {})
    tables = changed_standards(as_of, changes) if changes else None
    names = [document.id]
    before = match_city(snapshot, present, as_of, policies=names)
    after = match_city(snapshot, proposed, as_of, policies=names, standards=tables)
    moved = _moved(before.eligible, after.eligible)
    in_force = next((one for one in present.effective_on(as_of) if one.document.id == document.id), None)
    old = None if in_force is None else in_force.document
    return Simulation(
        policy_id=document.id,
        title=document.title,
        as_of=as_of,
        facts_sequence=snapshot.sequence,
        population=snapshot.frames[document.entity].height,
        period=_period(document),
        standards=changes,
        before=_side(old, before, document.id, snapshot),
        after=_side(document, after, document.id, snapshot),
        whole=next(_changes(moved.with_columns(group=pl.lit(""))), _NOBODY),
        divisions=tuple(_changes(_by_county(snapshot, document.audience, moved))),
        ages=tuple(_changes(_by_age(snapshot, document, moved, as_of))),
        overlaps=_overlaps(snapshot, proposed, document, after, as_of) if has_overlaps else (),
    )


def shadow_figures(found: Simulation) -> dict[str, int | str | None]:
    """What of a simulation is kept with the hand of whoever saw it before approving."""
    return {
        "as_of": found.as_of.isoformat(),
        "facts_sequence": found.facts_sequence,
        "gains": found.whole.gains,
        "loses": found.whole.loses,
        "stays": found.whole.stays,
        "unknown": found.after.unknown,
        "defects": found.after.defects,
        "yearly_before_fen": found.before.yearly_fen,
        "yearly_after_fen": found.after.yearly_fen,
    }


def _period(document: PolicyDocument) -> str:
    return document.benefit.period if document.benefit is not None else "none"


def _side(document: PolicyDocument | None, found: BulkResult, policy_id: str, snapshot: Snapshot) -> Side:
    cost = int(found.eligible["amount_fen"].sum() or 0)
    payments = PAYMENTS_A_YEAR.get(_period(document), 0) if document is not None else 0
    yearly = 0 if document is None or not payments else yearly_cost(document, found.eligible, snapshot)
    return Side(
        version=None if document is None else document.version,
        eligible=found.eligible.height,
        unknown=found.unknown.height,
        cost_fen=cost,
        yearly_fen=yearly,
        defects=found.defects.get(policy_id, 0),
        held_back_fen=cost * payments - yearly,
    )


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """One row for each subject and unit on either side, with both amounts and on which sides it is."""
    keys = ["subject_id", "unit_id"]
    left = before.select(*keys, was=pl.lit(value=True), old="amount_fen")
    right = after.select(*keys, will=pl.lit(value=True), new="amount_fen")
    joined = left.join(right, on=keys, how="full", coalesce=True)
    return joined.with_columns(
        pl.col("was", "will").fill_null(value=False), pl.col("old", "new").fill_null(0)
    )


def _changes(moved: pl.DataFrame) -> Iterator[Change]:
    """By ``group``, in the order of the groups."""
    was, will, old, new = (pl.col(name) for name in ("was", "will", "old", "new"))
    both = was & will
    counted = (
        moved.group_by("group")
        .agg(
            gains=(will & ~was).sum(),
            loses=(was & ~will).sum(),
            stays=both.sum(),
            raised=(both & (new > old)).sum(),
            lowered=(both & (new < old)).sum(),
            cost_before_fen=old.sum(),
            cost_after_fen=new.sum(),
        )
        .sort("group", nulls_last=True)
    )
    for row in counted.iter_rows(named=True):
        yield Change(key=row.pop("group") or "", **row)


def _by_county(snapshot: Snapshot, audience: EntityKind, moved: pl.DataFrame) -> pl.DataFrame:
    county = pl.col(PLACE[audience]).cast(pl.String).str.slice(0, _COUNTY_DIGITS).alias("group")
    return moved.join(snapshot.frames[audience].select("subject_id", county), on="subject_id", how="left")


def _by_age(snapshot: Snapshot, document: PolicyDocument, moved: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Bands by the age of the subject, named by their lower ends; only people have one."""
    if document.audience != "person":
        return moved.clear().with_columns(group=pl.lit(""))
    born = pl.col("birth_date")
    has_had_birthday = (born.dt.month() < as_of.month) | (
        (born.dt.month() == as_of.month) & (born.dt.day() <= as_of.day)
    )
    age = as_of.year - born.dt.year() - (~has_had_birthday).cast(pl.Int32)
    band: pl.Expr = pl.lit(f"{AGE_BANDS[0]:02}")
    for end in AGE_BANDS[1:]:
        band = pl.when(age >= end).then(pl.lit(f"{end:02}")).otherwise(band)
    ages = snapshot.frames["person"].select("subject_id", band.alias("group"))
    return moved.join(ages, on="subject_id", how="left")


def _overlaps(
    snapshot: Snapshot, proposed: PublishedSet, document: PolicyDocument, after: BulkResult, as_of: date
) -> tuple[Overlap, ...]:
    """With every other policy of the same audience that gives something, the most shared first."""
    others = {
        one.document.id: one.document
        for one in proposed.effective_on(as_of)
        if one.document.id != document.id
        and one.document.audience == document.audience
        and one.document.benefit is not None
    }
    if not others or after.eligible.is_empty():
        return ()
    reached = after.eligible.select("subject_id").unique()
    found = match_city(snapshot, proposed, as_of, policies=list(others))
    shared = (
        found.eligible.select("policy_id", "subject_id")
        .unique()
        .join(reached, on="subject_id", how="semi")
        .group_by("policy_id")
        .len("subjects")
        .sort("subjects", "policy_id", descending=[True, False])
    )
    return tuple(
        Overlap(
            policy_id=policy_id,
            title=others[policy_id].title,
            title_en=others[policy_id].title_en,
            subjects=subjects,
        )
        for policy_id, subjects in shared.iter_rows()
    )
