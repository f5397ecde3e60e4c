"""Relations in columns: what a condition asks of a subject's members becomes a few columns of the subject's own frame.

Each question has its columns, named by what it asks, so that policies which ask the same share them. They are worked out
beforehand: ``related_columns`` says which a tree needs, ``aggregated`` works them out from the rows of the relation.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import msgspec
import polars as pl

from policy_engine.compile.formulas import written
from policy_engine.compile.names import (
    ROW,
    NotLowerable,
    Place,
    Related,
    find,
    related,
    with_item,
    with_variable,
)
from policy_engine.language import ast
from policy_engine.language.ast import children
from policy_engine.language.lists import ListCall, list_call

UNKNOWN_SUFFIX = "__unknown"
POSSIBLE_SUFFIX = "__possible"
Fold = Literal["any", "all", "count", "sum", "min", "max"]


class RelatedColumn(msgspec.Struct, frozen=True):
    """One question to the rows of a relation. ``kept`` and ``is_open`` say of a row that it counts, or might.

    ``any`` and ``all`` make the column ``name`` and its ``__possible``; the others a whole number of 1/``scale`` and its
    ``__unknown``. In the expressions a row's own columns stand behind ``@.``, its owner's behind the owner's prefix.
    """

    relation: Related
    fold: Fold
    name: str
    scale: int
    is_true: pl.Expr
    is_possible: pl.Expr
    value: pl.Expr | None = None

    @property
    def column(self) -> str:
        """Where it lies in the frame of the one who asks."""
        return self.relation.owner + self.name


def quantified(node: ast.Quantified, place: Place, *, is_negated: bool) -> RelatedColumn:
    """``some`` or ``every``, under its negation. Raises ``NotLowerable``."""
    from policy_engine.compile.polars_conditions import lowered

    relation = related(node.source, place)
    fold: Fold = "any" if (node.quantifier == "some") is not is_negated else "all"
    inside = with_variable(place, relation, node.variable)
    condition = lowered(node.condition, inside, is_negated=is_negated)
    name = _name(relation, fold, is_negated, node.variable, node.condition)
    return RelatedColumn(relation, fold, name, 0, condition.is_true, condition.is_possible)


def is_list_call(node: ast.Expression, place: Place) -> ListCall | None:
    """How a call over a relation reads; None for every other node, and for a mere count of all its rows."""
    call = list_call(node) if isinstance(node, ast.Call) else None
    if call is None or (call.function == "count" and call.condition is None):
        return None
    found = find(call.source, place)
    return call if found is not None and found.binding.type.kind == "list" else None


def aggregate(call: ListCall, place: Place) -> RelatedColumn:
    """``count``, ``sum``, ``min`` or ``max`` of what a filter keeps. Raises ``NotLowerable``."""
    from policy_engine.compile.polars_conditions import condition_to_polars
    from policy_engine.compile.polars_values import KNOWN, number_to_polars

    relation = related(call.source, place)
    inside = with_item(place, relation)
    true = possible = pl.lit(value=True)
    if call.condition is not None:
        condition = condition_to_polars(call.condition, inside)
        true, possible = condition.is_true, condition.is_possible
    fold: Any = call.function
    name = _name(relation, fold, False, "", call.condition, call.value)
    if call.value is None:
        return RelatedColumn(relation, fold, name, 1, true, possible)
    number = number_to_polars(call.value, inside)
    if number.is_unknown is not KNOWN:
        true = true & ~number.is_unknown
    return RelatedColumn(relation, fold, name, number.scale, true, possible, number.value)


def related_columns(nodes: Iterable[ast.Expression], place: Place) -> list[RelatedColumn]:
    """Every column of relations that trees lowered in ``place`` will ask for, each once. Raises ``NotLowerable``."""
    found: dict[str, RelatedColumn] = {}
    for node in nodes:
        for one in _asked(node, place, False):
            found.setdefault(one.column, one)
    return list(found.values())


def _asked(node: ast.Expression, place: Place, is_negated: bool) -> Iterator[RelatedColumn]:
    if isinstance(node, ast.Quantified):
        yield quantified(node, place, is_negated=is_negated)
        return
    call = is_list_call(node, place)
    if call is not None:
        yield aggregate(call, place)
        return
    if isinstance(node, ast.Name | ast.Path):
        found = find(node, place)
        if found is not None and found.binding.definition is not None:
            yield from _asked(found.binding.definition, found.place, is_negated)
        elif found is None and isinstance(node, ast.Path):
            yield from _asked(node.base, place, is_negated)
        return
    if isinstance(node, ast.Call) and node.function == "not":
        is_negated = not is_negated
    for place_in, child in enumerate(children(node)):
        is_asked = isinstance(node, ast.Choice) and place_in == 0
        yield from _asked(child, place, False if is_asked else is_negated)


def aggregated(rows: pl.LazyFrame, owner: str, wanted: Sequence[RelatedColumn]) -> pl.LazyFrame:
    """``owner_id`` with a column and its companion for each question, for owners that have rows.

    ``rows`` are the frame of the relation's kind with its owner's columns behind ``<owner>.``.
    """
    inputs: dict[str, str] = {}
    results: list[pl.Expr] = []
    for one in wanted:
        flags = [one.is_true.alias(one.name), one.is_possible.alias(one.name + POSSIBLE_SUFFIX)]
        parts = flags if one.value is None else [*flags, one.value.alias(_value_of(one))]
        for part in parts:
            inputs |= {column: _source(column, one.relation, owner) for column in part.meta.root_names()}
        results += parts
    prepared = rows.select("owner_id", *(pl.col(source).alias(column) for column, source in inputs.items()))
    judged = prepared.select("owner_id", *results)
    return judged.group_by("owner_id").agg(*(part for one in wanted for part in _folded(one)))


def _source(column: str, relation: Related, owner: str) -> str:
    if column.startswith(ROW):
        return column[len(ROW) :]
    return f"{owner}.{column.removeprefix(relation.owner)}"


def _value_of(one: RelatedColumn) -> str:
    return f"{one.name}__value"


def _folded(one: RelatedColumn) -> Iterator[pl.Expr]:
    true, possible = pl.col(one.name), pl.col(one.name + POSSIBLE_SUFFIX)
    if one.fold in ("any", "all"):
        yield true.any() if one.fold == "any" else true.all()
        yield possible.any() if one.fold == "any" else possible.all()
        return
    if one.value is None:
        yield true.sum().cast(pl.Int64)
    else:
        value = pl.col(_value_of(one))
        kept = value.filter(true)
        folded = {"sum": kept.sum(), "min": kept.min(), "max": kept.max()}[one.fold]
        is_none = ~true.any() | (true & value.is_null()).any()
        yield pl.when(is_none).then(None).otherwise(folded).cast(pl.Int64).alias(one.name)
    yield (possible & ~true).any().alias(one.name + UNKNOWN_SUFFIX)


def of_no_rows(one: RelatedColumn) -> dict[str, pl.Expr]:
    """What the columns of a question say where there is no row to ask."""
    name = one.name
    if one.fold in ("any", "all"):
        nothing = one.fold == "all"
        return {
            name: pl.col(name).fill_null(value=nothing),
            name + POSSIBLE_SUFFIX: pl.col(name + POSSIBLE_SUFFIX).fill_null(value=nothing),
        }
    known = {name + UNKNOWN_SUFFIX: pl.col(name + UNKNOWN_SUFFIX).fill_null(value=False)}
    return {**known, name: pl.col(name).fill_null(0)} if one.fold == "count" else known


def with_related(
    frame: pl.DataFrame, rows: pl.DataFrame, owner: str, wanted: Sequence[RelatedColumn]
) -> pl.DataFrame:
    """The owners' ``frame`` with the columns that its ``rows`` of one kind answer; those it has already stay."""
    new = [one for one in wanted if one.name not in frame.columns]
    if not new:
        return frame
    answers = aggregated(rows.lazy(), owner, new).rename({"owner_id": "subject_id"})
    joined = frame.lazy().join(answers, on="subject_id", how="left", maintain_order="left")
    filled = {name: expression for one in new for name, expression in of_no_rows(one).items()}
    return joined.with_columns(**filled).collect(engine="in-memory")


def row_columns(wanted: Sequence[RelatedColumn], owner: str) -> list[str]:
    """The columns that the rows of a relation must have for these questions."""
    asked = [(one, part) for one in wanted for part in (one.is_true, one.is_possible, one.value)]
    roots = [(one, root) for one, part in asked if part is not None for root in part.meta.root_names()]
    return list(dict.fromkeys(_source(root, one.relation, owner) for one, root in roots))


def _name(relation: Related, *asked: object) -> str:
    """By what is asked and not by where it is written, so that the same question has the same name."""
    text = "|".join(written(one) for one in asked)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{relation.column.removeprefix(relation.owner)}:{digest}"


__all__ = [
    "NotLowerable",
    "RelatedColumn",
    "aggregate",
    "aggregated",
    "is_list_call",
    "quantified",
    "related_columns",
    "row_columns",
    "with_related",
]
