"""The whole city at once: every policy as Polars expressions over the columnar snapshot, statuses stratum by stratum."""

from collections.abc import Collection, Iterable
from datetime import date

import msgspec
import polars as pl

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.scopes import relation_path, scope_of
from policy_engine.compile import COUNT_SUFFIX, UNKNOWN_SUFFIX
from policy_engine.compile.names import Place
from policy_engine.compile.polars_conditions import PolarsCondition, all_of, condition_to_polars
from policy_engine.language import Scope
from policy_engine.matching.bulk_amounts import amount_to_polars
from policy_engine.policies.amounts import tree
from policy_engine.policies.checking import bindings
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.snapshot import Snapshot

#: Kinds in the order in which their columns can stand beside others: owners first.
OWNERS: tuple[EntityKind, ...] = ("household", "firm")
OWNED: dict[EntityKind, EntityKind] = {"person": "household", "hire": "firm", "loan": "firm"}


class BulkResult(msgspec.Struct, frozen=True):
    """``eligible``: policy_id, subject_id, unit_id, amount_fen (null for a status); ``unknown`` without amounts."""

    eligible: pl.DataFrame
    unknown: pl.DataFrame
    defects: dict[str, int]


class City:
    """A snapshot made ready for one day: absences filled, owners' columns beside their members'."""

    def __init__(self, snapshot: Snapshot, as_of: date, published: PublishedSet) -> None:
        self.as_of = as_of
        self._statuses = bindings(published.statuses)
        self._scopes: dict[EntityKind, Scope] = {}
        self.frames: dict[EntityKind, pl.DataFrame] = {}
        for kind in (*OWNERS, *OWNED):
            self.frames[kind] = self._prepared(kind, snapshot)

    def scope(self, kind: EntityKind) -> Scope:
        if kind not in self._scopes:
            self._scopes[kind] = scope_of(kind, self.as_of, self._statuses)
        return self._scopes[kind]

    def add_status(self, kind: EntityKind, name: str, condition: PolarsCondition) -> None:
        """Put a status beside the facts of its kind, and beside those whom its subjects own."""
        frame = self.frames[kind].with_columns(
            condition.is_true.alias(name), condition.is_unknown.alias(name + UNKNOWN_SUFFIX)
        )
        self.frames[kind] = frame
        for owned, owner in OWNED.items():
            if owner == kind:
                columns = [name, name + UNKNOWN_SUFFIX]
                self.frames[owned] = self._beside_owner(self.frames[owned], frame, owner, columns)

    def _prepared(self, kind: EntityKind, snapshot: Snapshot) -> pl.DataFrame:
        frame = _with_companions(kind, snapshot.frames[kind])
        for relation in catalogue().entities[kind].relations.values():
            if relation.many:
                counts = snapshot.frames[relation.to].group_by("owner_id").len()
                column = relation_path(relation) + COUNT_SUFFIX
                frame = frame.join(
                    counts.select(subject_id="owner_id", **{column: "len"}),
                    on="subject_id",
                    how="left",
                    maintain_order="left",
                ).with_columns(pl.col(column).fill_null(0).cast(pl.Int64))
        if kind in OWNED:
            owner = self.frames[OWNED[kind]]
            columns = [name for name in owner.columns if name not in ("subject_id", "owner_id")]
            frame = self._beside_owner(frame, owner, OWNED[kind], columns)
        return frame

    @staticmethod
    def _beside_owner(
        frame: pl.DataFrame, owner: pl.DataFrame, kind: EntityKind, columns: Collection[str]
    ) -> pl.DataFrame:
        beside = owner.select(owner_id="subject_id", **{f"{kind}.{name}": name for name in columns})
        return frame.join(beside, on="owner_id", how="left", maintain_order="left")


def match_city(
    snapshot: Snapshot,
    published: PublishedSet,
    as_of: date,
    *,
    policies: Collection[str] | None = None,
    is_rollout_kept: bool = False,
) -> BulkResult:
    """Every policy in force (or those named, with the statuses under them) over the whole city.

    Raises ``NotLowerable`` for a condition that has no columnar form. With ``is_rollout_kept`` only those are matched
    whom the roll-out has reached.
    """
    city = City(snapshot, as_of, published)
    eligible: list[pl.DataFrame] = []
    unknown: list[pl.DataFrame] = []
    defects: dict[str, int] = {}
    for policy in published.effective_on(as_of):
        is_status = policy.document.is_computed_status
        if policies is not None and policy.document.id not in policies and not is_status:
            continue
        verdicts = _verdicts(city, policy, is_rollout_kept)
        if policies is None or policy.document.id in policies:
            eligible.append(_rows(policy, verdicts.filter("eligible"), ["amount_fen"]))
            unknown.append(_rows(policy, verdicts.filter("unknown"), []))
            defects[policy.document.id] = int(verdicts["defect"].sum())
    return BulkResult(
        pl.concat(eligible) if eligible else _NO_MATCHES,
        pl.concat(unknown) if unknown else _NO_MATCHES.drop("amount_fen"),
        defects,
    )


def condition_of(texts: Iterable[str], place: Place) -> PolarsCondition:
    """All clauses of a policy as one condition."""
    return all_of([condition_to_polars(tree(text), place) for text in texts])


def _verdicts(city: City, policy: PublishedPolicy, is_rollout_kept: bool) -> pl.DataFrame:
    document = policy.document
    kind = document.entity
    place = Place.of(city.scope(kind))
    condition = condition_of([clause.condition for clause in document.eligibility], place)
    if document.is_computed_status:
        city.add_status(kind, f"status:{document.id}", condition)
    numbers = [pl.col("subject_id"), pl.col("owner_id")]
    if document.benefit is None:
        columns = [
            condition.is_true.alias("eligible"),
            condition.is_unknown.alias("unknown"),
            pl.lit(value=False).alias("defect"),
            pl.lit(None, pl.Int64).alias("amount_fen"),
        ]
    else:
        amount = amount_to_polars(document.benefit, place)
        has_amount = (~amount.is_unknown & (amount.value > 0)).fill_null(value=False)
        columns = [
            (condition.is_true & has_amount).alias("eligible"),
            (condition.is_unknown | (condition.is_true & amount.is_unknown)).alias("unknown"),
            (condition.is_true & ~amount.is_unknown & ~has_amount).alias("defect"),
            pl.when(has_amount).then(amount.value).otherwise(None).alias("amount_fen"),
        ]
    found = city.frames[kind].select(*numbers, *columns)
    if is_rollout_kept and (policy.bucket_from, policy.bucket_to) != (0, 1000):
        reached = [policy.covers(number) for number in _audience(kind, found).to_list()]
        found = found.filter(pl.Series(reached, dtype=pl.Boolean))
    return found


def _audience(kind: EntityKind, frame: pl.DataFrame) -> pl.Series:
    return frame["owner_id" if kind in ("hire", "loan") else "subject_id"]


def _rows(policy: PublishedPolicy, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    kind = policy.document.entity
    return frame.select(
        pl.lit(policy.document.id).alias("policy_id"),
        _audience(kind, frame).alias("subject_id"),
        pl.col("subject_id").alias("unit_id"),
        *columns,
    )


def _with_companions(kind: EntityKind, frame: pl.DataFrame) -> pl.DataFrame:
    """Absence as the catalogue says, and a companion for every fact: what nobody lacks is unknown where it is null."""
    columns = []
    for attribute in catalogue().entities[kind].base_attributes:
        key, flag = attribute.key, attribute.key + UNKNOWN_SUFFIX
        unknown = pl.col(flag) if flag in frame.columns else pl.lit(value=False)
        if not attribute.may_be_absent:
            unknown = unknown | pl.col(key).is_null()
        columns.append(unknown.alias(flag))
        if attribute.may_be_absent and attribute.absent is not None:
            columns.append(pl.col(key).fill_null(attribute.absent).alias(key))
    return frame.with_columns(columns)


_NO_MATCHES = pl.DataFrame(
    schema={"policy_id": pl.String, "subject_id": pl.Int64, "unit_id": pl.Int64, "amount_fen": pl.Int64}
)
__all__ = ["BulkResult", "City", "condition_of", "match_city"]
