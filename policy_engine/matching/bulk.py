"""The whole city at once: every policy as Polars expressions over the columnar snapshot, statuses stratum by stratum."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import msgspec
import polars as pl

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.loading import KINDS
from policy_engine.catalogue.scopes import relation_path, scope_of
from policy_engine.compile import COUNT_SUFFIX, UNKNOWN_SUFFIX
from policy_engine.compile.names import Place
from policy_engine.compile.polars_conditions import PolarsCondition, all_of, condition_to_polars
from policy_engine.compile.polars_related import RelatedColumn, related_columns, with_related
from policy_engine.language import Scope, TableFunction
from policy_engine.matching.bulk_amounts import with_amount
from policy_engine.policies.amounts import tree
from policy_engine.policies.checking import bindings
from policy_engine.policies.dependencies import statuses_used
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.plans import plan_of
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.policies.rollout import BUCKETS
from policy_engine.profiles.snapshot import Snapshot

#: Whose facts can be read beside one's own.
OWNED: dict[EntityKind, EntityKind] = {"person": "household", "hire": "firm", "loan": "firm"}


class BulkResult(msgspec.Struct, frozen=True):
    """``eligible``: policy_id, subject_id, unit_id, amount_fen (null for a status); ``unknown`` without amounts."""

    eligible: pl.DataFrame
    unknown: pl.DataFrame
    defects: dict[str, int]


class City:
    """A snapshot made ready for one day: absences filled, owners' columns beside their members'."""

    def __init__(
        self,
        snapshot: Snapshot,
        as_of: date,
        published: PublishedSet,
        standards: Mapping[str, TableFunction] | None = None,
    ) -> None:
        self.as_of = as_of
        self._snapshot = snapshot
        self._statuses = bindings(published.statuses)
        self._standards = standards
        in_force = {one.document.id for one in published.effective_on(as_of)}
        self._dormant: dict[EntityKind, list[str]] = {}
        for status in published.statuses:
            if status.policy_id not in in_force:
                self._dormant.setdefault(status.entity, []).append(f"status:{status.policy_id}")
        self._scopes: dict[EntityKind, Scope] = {}
        self._frames: dict[EntityKind, pl.DataFrame] = {}

    def frame(self, kind: EntityKind) -> pl.DataFrame:
        """Made ready when it is first asked for: one policy looks at one kind, and its owners."""
        if kind not in self._frames:
            self._frames[kind] = self._prepared(kind)
        return self._frames[kind]

    def scope(self, kind: EntityKind) -> Scope:
        if kind not in self._scopes:
            self._scopes[kind] = scope_of(kind, self.as_of, self._statuses, standards=self._standards)
        return self._scopes[kind]

    def add_status(
        self, kind: EntityKind, name: str, judged: pl.DataFrame, reached: pl.Series | None = None
    ) -> None:
        """Put a status beside the facts of its kind, and beside those whom its subjects own; or only of the reached."""
        columns = [name, name + UNKNOWN_SUFFIX]
        frame = self.frame(kind)
        true, unknown = judged["is_true"], judged["is_unknown"]
        if reached is not None:
            of_others = frame if name in frame.columns else _unknown_status(frame, name)
            true = true.zip_with(reached, of_others[columns[0]])
            unknown = unknown.zip_with(reached, of_others[columns[1]])
        frame = frame.with_columns(true.alias(columns[0]), unknown.alias(columns[1]))
        self._frames[kind] = frame
        self._put_beside(kind, columns)

    def relate(self, document: PolicyDocument) -> None:
        """Put beside each subject what the document asks of its members. Raises ``NotLowerable``."""
        kind = document.entity
        asked: dict[tuple[str, EntityKind], list[RelatedColumn]] = {}
        for one in related_columns(plan_of(document).trees(), Place.of(self.scope(kind))):
            rows = next(row for row in KINDS if row == one.relation.entity)
            asked.setdefault((one.relation.owner, rows), []).append(one)
        for (prefix, rows), columns in asked.items():
            owner = OWNED[kind] if prefix else kind
            before = set(self.frame(owner).columns)
            frame = with_related(self.frame(owner), self.frame(rows), owner, columns)
            self._frames[owner] = frame
            self._put_beside(owner, [name for name in frame.columns if name not in before])

    def _put_beside(self, owner: EntityKind, columns: Collection[str]) -> None:
        for owned, by in OWNED.items():
            if by == owner and owned in self._frames and columns:
                self._frames[owned] = self._beside_owner(
                    self._frames[owned], self._frames[owner], owner, columns
                )

    def _prepared(self, kind: EntityKind) -> pl.DataFrame:
        frame = _with_companions(kind, self._snapshot.frames[kind])
        for relation in catalogue().entities[kind].relations.values():
            if relation.many:
                counts = self._snapshot.frames[relation.to].group_by("owner_id").len()
                column = relation_path(relation) + COUNT_SUFFIX
                frame = frame.join(
                    counts.select(subject_id="owner_id", **{column: "len"}),
                    on="subject_id",
                    how="left",
                    maintain_order="left",
                ).with_columns(pl.col(column).fill_null(0).cast(pl.Int64))
        for name in self._dormant.get(kind, ()):
            frame = _unknown_status(frame, name)
        if kind in OWNED:
            owner = self.frame(OWNED[kind])
            columns = [name for name in owner.columns if name not in ("subject_id", "owner_id")]
            frame = self._beside_owner(frame, owner, OWNED[kind], columns)
        return frame

    @staticmethod
    def _beside_owner(
        frame: pl.DataFrame, owner: pl.DataFrame, kind: EntityKind, columns: Collection[str]
    ) -> pl.DataFrame:
        beside = owner.select(owner_id="subject_id", **{f"{kind}.{name}": name for name in columns})
        return frame.drop(beside.columns[1:], strict=False).join(
            beside, on="owner_id", how="left", maintain_order="left"
        )


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
    results: list[BulkResult] = []
    in_force = _matched(published, as_of, is_rollout_kept=is_rollout_kept)
    needed = _with_statuses_below([policy for policy, _ in in_force], published, policies)
    for policy, is_for_everybody in in_force:
        if policy.document.id in needed:
            result = match_policy(city, policy, is_for_everybody=is_for_everybody)
            if policies is None or policy.document.id in policies:
                results.append(result)
    return BulkResult(
        pl.concat([_NO_MATCHES, *(one.eligible for one in results)]),
        pl.concat([_NO_MATCHES.drop("amount_fen"), *(one.unknown for one in results)]),
        {policy_id: count for one in results for policy_id, count in one.defects.items()},
    )


def match_policy(city: City, policy: PublishedPolicy, *, is_for_everybody: bool = True) -> BulkResult:
    """One policy over a city made ready; a status is put there for those that stand on it. Raises ``NotLowerable``."""
    document = policy.document
    city.relate(document)
    judged = _judged(city, policy)
    reached = None if is_for_everybody else _reached(policy, judged)
    if document.is_computed_status:
        city.add_status(document.entity, f"status:{document.id}", judged, reached)
    verdicts = _verdicts(city, policy, judged, is_for_everybody=is_for_everybody)
    return BulkResult(
        _rows(policy, verdicts.filter("eligible"), ["amount_fen"]),
        _rows(policy, verdicts.filter("unknown"), []),
        {document.id: int(verdicts["defect"].sum())},
    )


def _with_statuses_below(
    in_force: Sequence[PublishedPolicy], published: PublishedSet, policies: Collection[str] | None
) -> Collection[str]:
    """The policies wanted and, through all strata, those whose statuses they name."""
    by_id = {one.document.id: one.document for one in in_force}
    if policies is None:
        return by_id
    pending, needed = set(policies), set[str]()
    while pending:
        policy_id = pending.pop()
        needed.add(policy_id)
        if policy_id in by_id:
            below = statuses_used(by_id[policy_id], published.statuses)
            pending |= {one.policy_id for one in below} - needed
    return needed


def _matched(
    published: PublishedSet, as_of: date, *, is_rollout_kept: bool
) -> list[tuple[PublishedPolicy, bool]]:
    if is_rollout_kept:
        return published.matched_on(as_of)
    in_force = published.effective_on(as_of)
    newest = {one.document.id: one.document.version for one in in_force}
    return [(one, True) for one in in_force if one.document.version == newest[one.document.id]]


def _judged(city: City, policy: PublishedPolicy) -> pl.DataFrame:
    """Every subject's number with ``is_true`` and ``is_unknown`` of all clauses together, in the order of its frame."""
    kind = policy.document.entity
    place = Place.of(city.scope(kind))
    columns: list[pl.Expr] = []
    clauses: list[PolarsCondition] = []
    for number, clause in enumerate(policy.document.eligibility):
        condition = condition_to_polars(tree(clause.condition), place)
        true, possible = f"__clause{number}", f"__clause{number}__possible"
        columns += [condition.is_true.alias(true), condition.is_possible.alias(possible)]
        clauses.append(PolarsCondition(pl.col(true), pl.col(possible)))
    whole = all_of(clauses)
    return (
        city.frame(kind)
        .lazy()
        .select("subject_id", "owner_id", *columns)
        .select(
            "subject_id", "owner_id", whole.is_true.alias("is_true"), whole.is_unknown.alias("is_unknown")
        )
        .collect()
    )


def _verdicts(
    city: City, policy: PublishedPolicy, judged: pl.DataFrame, *, is_for_everybody: bool
) -> pl.DataFrame:
    """``eligible``, ``unknown``, ``defect`` and ``amount_fen`` of those whom the clauses do not turn away."""
    found = pl.concat([_open_verdicts(judged), _met_verdicts(city, policy, judged)])
    if not is_for_everybody:
        return found.filter(_reached(policy, found))
    return found


def _reached(policy: PublishedPolicy, frame: pl.DataFrame) -> pl.Series:
    """Whose bucket lies with this version, row by row."""
    audience = _audience(policy.document.entity, frame)
    if (policy.bucket_from, policy.bucket_to) == (0, BUCKETS):
        return pl.repeat(value=True, n=frame.height, eager=True)
    return pl.Series([policy.covers(number) for number in audience.to_list()], dtype=pl.Boolean)


def _unknown_status(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Of a status that is not in force nobody knows anything."""
    return frame.with_columns(
        pl.lit(value=False).alias(name), pl.lit(value=True).alias(name + UNKNOWN_SUFFIX)
    )


def _open_verdicts(judged: pl.DataFrame) -> pl.DataFrame:
    no, yes = pl.lit(value=False), pl.lit(value=True)
    numbers = judged.filter("is_unknown").select("subject_id", "owner_id")
    return numbers.with_columns(eligible=no, unknown=yes, defect=no, amount_fen=pl.lit(None, pl.Int64))


def _met_verdicts(city: City, policy: PublishedPolicy, judged: pl.DataFrame) -> pl.DataFrame:
    """Amounts only where they are wanted: an amount is dear, and few are eligible."""
    document = policy.document
    rows = city.frame(document.entity).lazy().filter(judged["is_true"])
    if document.benefit is None:
        yes, no = pl.lit(value=True), pl.lit(value=False)
        nothing = pl.lit(None, pl.Int64)
        verdicts = rows.select(
            "subject_id", "owner_id", eligible=yes, unknown=no, defect=no, amount_fen=nothing
        )
        return verdicts.collect()
    amount, is_open = pl.col("amount_fen"), pl.col("amount_fen" + UNKNOWN_SUFFIX)
    has_amount = (~is_open & (amount > 0)).fill_null(value=False)
    verdicts = with_amount(rows, document.benefit, Place.of(city.scope(document.entity))).select(
        "subject_id",
        "owner_id",
        eligible=has_amount,
        unknown=is_open,
        defect=~is_open & ~has_amount,
        amount_fen=pl.when(has_amount).then(amount),
    )
    return verdicts.collect()


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
__all__ = ["BulkResult", "City", "match_city", "match_policy"]
