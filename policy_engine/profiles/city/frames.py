"""Puts drawn columns into the frames the packages agreed on: subject, owner, base attributes, links."""

import numpy as np
import numpy.typing as npt
import polars as pl

from policy_engine.catalogue import Catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS, EntityKind
from policy_engine.profiles.city.drawing import NOBODY, Ints, labels, numbers
from policy_engine.profiles.city.enterprises import Firms, Items
from policy_engine.profiles.city.families import RELATIONS, People
from policy_engine.profiles.layout import FIRST_ID, UNKNOWN_SUFFIX, column_types


def ids(kind: EntityKind, positions: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return positions.astype(np.int64) + FIRST_ID[kind]


def persons(people: People, facts: dict[str, pl.Series], catalogue: Catalogue) -> pl.DataFrame:
    """With the family links that the register of persons takes over: relation to the head, parents, spouse."""
    frame = _frame("person", np.arange(len(people)), ids("household", people.household), facts, catalogue)
    return frame.with_columns(
        relation_to_head=labels(RELATIONS, people.relation),
        father_id=_link(people.father),
        mother_id=_link(people.mother),
        spouse_id=_link(people.spouse),
    )


def households(facts: dict[str, pl.Series], catalogue: Catalogue) -> pl.DataFrame:
    positions = np.arange(len(facts["is_dibao"]))
    return _frame("household", positions, ids("household", positions), facts, catalogue)


def firms(drawn: Firms, facts: dict[str, pl.Series], catalogue: Catalogue) -> pl.DataFrame:
    positions = np.arange(len(drawn))
    frame = _frame("firm", positions, ids("firm", positions), facts, catalogue)
    return frame.with_columns(legal_representative_id=_link(drawn.legal_representative))


def items(kind: EntityKind, drawn: Items, catalogue: Catalogue) -> pl.DataFrame:
    """Hires with the person taken on, loans with the person who signed, homes and projects with nobody."""
    owners = ids(ITEM_OWNERS[kind], drawn.owner)
    frame = _frame(kind, np.arange(len(drawn.owner)), owners, drawn.columns, catalogue)
    return frame.with_columns(person_id=_link(drawn.person))


def _frame(
    kind: EntityKind,
    positions: npt.NDArray[np.integer],
    owners: npt.NDArray[np.int64],
    facts: dict[str, pl.Series],
    catalogue: Catalogue,
) -> pl.DataFrame:
    """Columns in the catalogue's order. What this generator has no notion of is unknown for everybody."""
    columns: dict[str, pl.Series] = {
        "subject_id": pl.Series(ids(kind, positions)),
        "owner_id": pl.Series(owners),
    }
    for name, dtype in column_types(catalogue.entities[kind]).items():
        companion = name + UNKNOWN_SUFFIX
        if name not in facts:
            columns[name] = pl.repeat(None, len(positions), dtype=dtype, eager=True)
            columns[companion] = pl.repeat(True, len(positions), dtype=pl.Boolean, eager=True)
            continue
        columns[name] = facts[name].cast(dtype)
        if companion in facts and facts[companion].any():
            columns[companion] = facts[companion]
    return pl.DataFrame(columns)


def _link(people: Ints) -> pl.Series:
    return numbers(ids("person", people), people != NOBODY)
