"""The city made ready for one day, column by column as policies ask for them, and every leaf of a condition worked out once.

A column is made when something names it first: absences filled, texts of few kinds as categories, what is computed from
one's own facts, the owner's facts beside its members'. A fact that nobody lacks is told to the compiler as known.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec
import polars as pl

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, VIEWS, EntityKind
from policy_engine.catalogue.loading import ALL_KINDS
from policy_engine.catalogue.scopes import scope_of
from policy_engine.compile import COUNT_SUFFIX, UNKNOWN_SUFFIX, number_to_polars
from policy_engine.compile.formulas import Leaf
from policy_engine.compile.names import Place, find
from policy_engine.compile.polars_conditions import leaf_to_polars
from policy_engine.compile.polars_related import RelatedColumn, related_columns, row_columns, with_related
from policy_engine.compile.polars_values import KNOWN
from policy_engine.language import Scope, TableFunction, ast
from policy_engine.language.ast import children
from policy_engine.language.types import Binding, Named
from policy_engine.matching.bulk_columns import (
    ENGINE,
    OWNED,
    base_column,
    by_day,
    is_plain,
    key_of,
    member_counts,
    owner_rows,
)
from policy_engine.matching.network import attributes_behind
from policy_engine.policies.checking import bindings
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.plans import plan_of
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.snapshot import Snapshot, employments

_STATUS = "status:"
_AUDIENCE: dict[EntityKind, str] = {
    kind: "owner_id" if kind in ITEM_OWNERS else "subject_id" for kind in ALL_KINDS
}


def read_by(published: PublishedSet, policy_ids: Collection[str]) -> frozenset[Attribute]:
    """Every fact that these policies and the statuses under them read, in all their versions in force."""
    by_id = {one.document.id: one.document for one in published.policies}
    asked = [one.document for one in published.policies if one.document.id in policy_ids]
    needed = with_statuses_below(asked, by_id, published.statuses)
    documents = (one.document for one in published.policies if one.document.id in needed)
    return frozenset(fact for one in documents for fact in attributes_behind(one))


def brings(snapshot: Snapshot, wanted: Collection[Attribute]) -> bool:
    """Whether a snapshot has all of these facts: it may have been taken for policies that read others."""
    return all(one.key in snapshot.frames[VIEWS.get(one.entity, one.entity)].columns for one in wanted)


class Truth(msgspec.Struct, frozen=True):
    """Of every subject, in the order of its frame. The same series twice where nothing is unknown."""

    is_true: pl.Series
    is_possible: pl.Series

    @property
    def is_known(self) -> bool:
        return self.is_true is self.is_possible


class City:
    """A snapshot as columns for one day. Statuses are put into it stratum by stratum."""

    def __init__(
        self,
        snapshot: Snapshot,
        as_of: date,
        published: PublishedSet,
        standards: Mapping[str, TableFunction] | None = None,
    ) -> None:
        self.as_of = as_of
        self._frames: dict[EntityKind, pl.DataFrame] = {
            **snapshot.frames,
            "employment": employments(snapshot.frames["hire"]),
        }
        self._statuses = bindings(published.statuses)
        self._standards = standards
        self._scopes: dict[EntityKind, Scope] = {}
        self._columns: dict[EntityKind, dict[str, pl.Series]] = {kind: {} for kind in ALL_KINDS}
        self._leaves: dict[EntityKind, dict[str, Truth]] = {kind: {} for kind in ALL_KINDS}
        self._owner_rows: dict[EntityKind, pl.Series] = {}

    def place(self, kind: EntityKind) -> Place:
        """Where conditions on one kind of subject are lowered, as much as is known of its facts by now."""
        if kind not in self._scopes:
            self._scopes[kind] = self._scope(kind)
        return Place.of(self._scopes[kind])

    def derive(self, documents: Iterable[PolicyDocument]) -> None:
        """Make the columns that the documents name, which would else be made when somebody first asks for them."""
        named: dict[EntityKind, dict[str, None]] = {kind: {} for kind in ALL_KINDS}
        for document in documents:
            place = self.place(document.entity)
            trees = plan_of(document).trees()
            named[document.entity] |= dict.fromkeys(column for one in trees for column in _named(one, place))
        for kind, columns in named.items():
            self.ready(kind, columns)

    def ready(self, kind: EntityKind, names: Iterable[str]) -> pl.DataFrame:
        """The columns named, made when they are asked for first."""
        wanted = list(dict.fromkeys(names))
        columns = self._columns[kind]
        missing = [name for name in wanted if name not in columns]
        if missing:
            self._make(kind, missing)
        return pl.DataFrame({name: columns[name] for name in wanted})

    def audience(self, kind: EntityKind) -> pl.Series:
        """Whose each row is: what is paid for a hire or a loan is paid to its firm."""
        return self.ready(kind, [_AUDIENCE[kind]]).to_series()

    def numbers(self, kind: EntityKind, mask: pl.Series, facts: Iterable[str] = ()) -> pl.LazyFrame:
        """``subject_id`` and ``unit_id`` of the rows that the mask keeps, beside the facts named."""
        rows = self.ready(kind, ["subject_id", _AUDIENCE[kind], *facts]).lazy().filter(mask)
        return rows.select(*facts, subject_id=pl.col(_AUDIENCE[kind]), unit_id=pl.col("subject_id"))

    def settle(self, kind: EntityKind, leaves: Iterable[Leaf]) -> Mapping[str, Truth]:
        """What each leaf comes to, by its key; those asked before are not asked again. Raises ``NotLowerable``."""
        found = self._leaves[kind]
        new = {leaf.key: leaf for leaf in leaves}
        asked = {key: leaf_to_polars(leaf) for key, leaf in new.items() if key not in found}
        if not asked:
            return found
        columns: list[pl.Expr] = []
        for number, condition in enumerate(asked.values()):
            columns.append(condition.is_true.alias(f"{number}"))
            if not condition.is_known:
                columns.append(condition.is_possible.alias(f"{number}?"))
        judged = self.selected(kind, columns)
        for number, key in enumerate(asked):
            true = judged[f"{number}"]
            found[key] = Truth(true, judged[f"{number}?"] if f"{number}?" in judged.columns else true)
        return found

    def selected(self, kind: EntityKind, columns: Sequence[pl.Expr]) -> pl.DataFrame:
        """Expressions over the columns that they name, one row for each subject."""
        roots = [root for column in columns for root in column.meta.root_names()]
        frame = self.ready(kind, ["subject_id", *roots])
        return frame.lazy().select(pl.col("subject_id").alias("#"), *columns).collect(engine=ENGINE).drop("#")

    def put_status(
        self, kind: EntityKind, policy_id: str, truth: Truth, reached: pl.Series | None = None
    ) -> None:
        """A status beside the facts of its kind; with ``reached`` only of those whom this version has reached."""
        name = f"{_STATUS}{policy_id}"
        true, unknown = truth.is_true, truth.is_possible & ~truth.is_true
        if reached is not None:
            others = self.ready(kind, (name, name + UNKNOWN_SUFFIX))
            true = true.zip_with(reached, others[name])
            unknown = unknown.zip_with(reached, others[name + UNKNOWN_SUFFIX])
        self._put(kind, {name: true, name + UNKNOWN_SUFFIX: unknown})

    def relate(self, kind: EntityKind, documents: Iterable[PolicyDocument]) -> None:
        """Put beside each subject what the documents ask of its members. Raises ``NotLowerable``."""
        place = self.place(kind)
        trees = [tree for one in documents for tree in plan_of(one).trees()]
        asked: dict[tuple[str, EntityKind], list[RelatedColumn]] = {}
        for one in related_columns(trees, place):
            rows = next(row for row in ALL_KINDS if row == one.relation.entity)
            asked.setdefault((one.relation.owner, rows), []).append(one)
        for (prefix, rows), columns in asked.items():
            owner = OWNED[kind] if prefix else kind
            new = [one for one in columns if one.name not in self._columns[owner]]
            if new:
                members = self.ready(rows, ["owner_id", *row_columns(new, owner)])
                answered = with_related(self.ready(owner, ["subject_id"]), members, owner, new)
                self._put(owner, answered.drop("subject_id").to_dict())

    def _put(self, kind: EntityKind, columns: Mapping[str, pl.Series]) -> None:
        """Also in place of former ones, and then what stood beside members goes too."""
        self._columns[kind].update(columns)
        for owned, owner in OWNED.items():
            if owner == kind:
                for name in columns:
                    self._columns[owned].pop(f"{kind}.{name}", None)
        self._scopes.clear()

    def _scope(self, kind: EntityKind) -> Scope:
        """Names that lead to columns: what nobody lacks is known, and what is computed of one's own facts is a column."""
        raw = scope_of(kind, self.as_of, self._statuses, standards=self._standards)
        entities = {one: Scope(self._settled(one, inner, raw)) for one, inner in raw.entities.items()}
        if kind in OWNED and self._rows_of_owners(kind).null_count():
            entities[OWNED[kind]] = raw.entities[OWNED[kind]]
        return Scope(self._settled(kind, raw, raw), entities)

    def _settled(self, entity: str, scope: Scope, root: Scope) -> dict[str, Named]:
        known = self._known(entity, scope)
        names = dict(known)
        place = Place.of(Scope(known, root.entities))
        for name, one in known.items():
            if (
                isinstance(one, Binding)
                and one.path
                and one.definition is not None
                and is_plain(one.definition)
            ):
                is_open = number_to_polars(one.definition, place).is_unknown is not KNOWN
                names[name] = Binding(one.type, one.path, is_nullable=True, may_be_unknown=is_open)
        return names

    def _known(self, entity: str, scope: Scope) -> dict[str, Named]:
        """With what is computed still as its definition."""
        kind = next(one for one in ALL_KINDS if one == entity)
        return {
            name: msgspec.structs.replace(one, may_be_unknown=self._is_open(kind, one.path))
            if isinstance(one, Binding) and one.path and one.definition is None
            else one
            for name, one in scope.names.items()
        }

    def _is_open(self, kind: EntityKind, path: str) -> bool:
        """Whether nobody told us the fact of at least one subject."""
        if path.startswith(_STATUS):
            flag = self._columns[kind].get(path + UNKNOWN_SUFFIX)
            return flag is None or bool(flag.any())
        attribute = catalogue().entities[kind].attributes.get(path)
        if attribute is None:
            return True
        frame = self._frames[kind]
        if path not in frame.columns:
            return True  # it was not brought, because nobody asks for it
        flag_name = path + UNKNOWN_SUFFIX
        is_missing = not attribute.may_be_absent and frame[path].null_count() > 0
        return is_missing or (flag_name in frame.columns and bool(frame[flag_name].any()))

    def _make(self, kind: EntityKind, names: Sequence[str]) -> None:
        columns, frame = self._columns[kind], self._frames[kind]
        attributes = catalogue().entities[kind].attributes
        prefix = f"{OWNED[kind]}." if kind in OWNED else None
        beside: list[str] = []
        derived: dict[str, Attribute] = {}
        base: list[pl.Expr] = []
        for name in names:
            attribute = attributes.get(key_of(name))
            if prefix is not None and name.startswith(prefix):
                beside.append(name.removeprefix(prefix))
            elif name.startswith(_STATUS):
                is_flag = name.endswith(UNKNOWN_SUFFIX)
                columns[name] = pl.repeat(is_flag, frame.height, dtype=pl.Boolean, eager=True)
            elif name.endswith(COUNT_SUFFIX):
                columns[name] = member_counts(self._frames, kind, name)
            elif attribute is not None and attribute.derived is not None:
                derived[attribute.key] = attribute
            else:
                base.append(base_column(attribute, name, frame))
        if base:
            made = frame.lazy().select(pl.col("subject_id").alias("#"), *base).collect(engine=ENGINE)
            columns |= made.drop("#").to_dict()
        if beside:
            columns |= self._beside(kind, beside)
        if derived:
            columns |= self._derived(kind, derived.values())

    def _beside(self, kind: EntityKind, names: Sequence[str]) -> dict[str, pl.Series]:
        """The owner's columns, gathered by the row that each owner has; of strays nothing is known."""
        owner = OWNED[kind]
        rows = self._rows_of_owners(kind)
        found = self.ready(owner, names).lazy().select(pl.all().gather(rows)).collect(engine=ENGINE)
        return {
            f"{owner}.{name}": found[name].fill_null(True) if name.endswith(UNKNOWN_SUFFIX) else found[name]
            for name in names
        }

    def _rows_of_owners(self, kind: EntityKind) -> pl.Series:
        if kind not in self._owner_rows:
            frames = self._frames
            self._owner_rows[kind] = owner_rows(frames[kind]["owner_id"], frames[OWNED[kind]]["subject_id"])
        return self._owner_rows[kind]

    def _derived(self, kind: EntityKind, attributes: Iterable[Attribute]) -> dict[str, pl.Series]:
        raw = scope_of(kind, self.as_of, self._statuses, standards=self._standards)
        place = Place.of(Scope(self._known(kind, raw), raw.entities))
        columns: list[pl.Expr] = []
        of_days: dict[str, pl.Series] = {}
        for one in attributes:
            binding = raw.names[one.name]
            definition = binding.definition if isinstance(binding, Binding) else None
            if definition is None:
                continue
            number = number_to_polars(definition, place)
            value = number.at(max(number.scale, one.scale)).alias(one.key)
            roots = value.meta.root_names()
            date_column = self.ready(kind, roots[:1]).to_series() if len(set(roots)) == 1 else None
            if date_column is not None and date_column.dtype == pl.Date:
                of_days[one.key] = by_day(date_column, value)
            else:
                columns.append(value)
            columns.append(number.is_unknown.alias(one.key + UNKNOWN_SUFFIX))
        return {**self.selected(kind, columns).to_dict(), **of_days}


def _named(node: ast.Expression, place: Place) -> Iterator[str]:
    """Columns of facts that a tree names outside its loops."""
    found = find(node, place) if isinstance(node, ast.Name | ast.Path) else None
    if found is not None:
        binding = found.binding
        is_fact = binding.definition is None and binding.type.kind not in ("list", "entity")
        if is_fact and not binding.path.startswith(_STATUS):
            yield found.column
        return
    for child in children(node):
        yield from _named(child, place)


__all__ = ["City", "Truth"]
