"""Single columns of a city made ready: absences as the catalogue says, owners by their rows, members counted."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import polars as pl

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind
from policy_engine.catalogue.scopes import relation_path
from policy_engine.compile import COUNT_SUFFIX, UNKNOWN_SUFFIX
from policy_engine.language import ast
from policy_engine.language.ast import children
from policy_engine.language.lists import list_call

#: Columns lie in memory already: cut into pieces for the streaming engine they take several times as long.
ENGINE: Literal["in-memory"] = "in-memory"
#: Whose facts can be read beside one's own.
OWNED: dict[EntityKind, EntityKind] = {"person": "household", "employment": "person", **ITEM_OWNERS}


def key_of(name: str) -> str:
    """The fact that a column or its companion is of."""
    return name.removesuffix(UNKNOWN_SUFFIX)


def base_column(attribute: Attribute | None, name: str, frame: pl.DataFrame) -> pl.Expr:
    """A fact or its companion: what nobody lacks is unknown where it is null. Texts of few kinds become categories."""
    if attribute is None:
        return pl.col(name)
    if name.endswith(UNKNOWN_SUFFIX):
        told = pl.col(name) if name in frame.columns else pl.lit(value=False)
        return (told if attribute.may_be_absent else told | pl.col(attribute.key).is_null()).alias(name)
    value = pl.col(name)
    if attribute.may_be_absent and attribute.absent is not None and frame[name].null_count():
        value = value.fill_null(attribute.absent)
    return value.cast(pl.Categorical) if attribute.type in ("enum", "division") else value


def owner_rows(owner_ids: pl.Series, subjects: pl.Series) -> pl.Series:
    """The row of each one's owner; null where there is none. Numbers without gaps need no search."""
    count = subjects.len()
    if count and subjects.is_sorted() and subjects[-1] - subjects[0] == count - 1:
        row = pl.col("owner_id") - subjects[0]
        rows = (
            pl.DataFrame({"owner_id": owner_ids})
            .lazy()
            .select(row=pl.when(row.is_between(0, count - 1)).then(row))
        )
        return rows.collect(engine=ENGINE)["row"].cast(pl.UInt32)
    places = pl.LazyFrame({"owner_id": subjects}).with_row_index("row")
    joined = pl.LazyFrame({"owner_id": owner_ids}).join(
        places, on="owner_id", how="left", maintain_order="left"
    )
    return joined.collect(engine=ENGINE)["row"]


def member_counts(frames: Mapping[EntityKind, pl.DataFrame], kind: EntityKind, name: str) -> pl.Series:
    """How many rows each subject has in the relation that the column counts."""
    relations = catalogue().entities[kind].relations.values()
    relation = next(one for one in relations if relation_path(one) + COUNT_SUFFIX == name)
    subjects = frames[kind]["subject_id"]
    rows = owner_rows(frames[relation.to]["owner_id"], subjects).drop_nulls()
    return pl.Series(name, np.bincount(rows.to_numpy(), minlength=subjects.len()), dtype=pl.Int64)


def by_day(dates: pl.Series, expression: pl.Expr) -> pl.Series:
    """What hangs on one date alone, worked out once for each day there is and not for each subject."""
    days = dates.to_physical()
    first, last = days.min(), days.max()
    if not isinstance(first, int) or not isinstance(last, int) or last - first > dates.len():
        return dates.to_frame().select(expression).to_series()
    calendar = pl.Series(dates.name, [*range(first, last + 1), None], dtype=pl.Int32).cast(pl.Date)
    found = calendar.to_frame().select(expression).to_series()
    return found.gather((days - first).fill_null(last - first + 1))


def is_plain(definition: ast.Expression) -> bool:
    """Whether a number is unknown exactly where a fact that it names is: no branches, and no rows to ask."""
    if isinstance(definition, ast.Choice | ast.Quantified):
        return False
    call = list_call(definition) if isinstance(definition, ast.Call) else None
    if call is not None and (call.function != "count" or call.condition is not None):
        return False
    return all(is_plain(child) for child in children(definition))
