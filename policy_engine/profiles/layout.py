"""How the catalogue's attributes lie in frames: one column per base attribute, a companion where facts are unknown.

Null means absent, unless the companion ``<column>__unknown`` says that nobody told us. A companion stands in a frame
only when at least one of its rows is unknown.
"""

from collections.abc import Sequence

import polars as pl

from policy_engine.catalogue import Attribute, Entity, encloses
from policy_engine.catalogue.attributes import EntityKind

UNKNOWN_SUFFIX = "__unknown"
#: File and frame names by kind of subject.
FRAME_NAMES: dict[EntityKind, str] = {
    "person": "persons",
    "household": "households",
    "firm": "firms",
    "hire": "hires",
    "loan": "loans",
    "home": "homes",
    "project": "projects",
}
#: Beside whose owner a hire's or loan's row says whom it is about.
ABOUT_COLUMN = "person_id"
#: Numbers of a loaded city, and of every hire, loan, home and project: one number space, a thousand million for each kind.
FIRST_ID: dict[EntityKind, int] = {kind: place * 10**9 + 1 for place, kind in enumerate(FRAME_NAMES, 1)}
#: Which facts say where a subject is dealt with, the first that lies in the city; items go with their owner.
DIVISION_KEYS: dict[EntityKind, tuple[str, ...]] = {
    "person": ("hukou_division", "residence_division"),
    "household": ("hukou_division",),
    "firm": ("registered_division",),
    "hire": (),
    "loan": (),
    "home": (),
    "project": (),
}
CITY = "420200"
_TYPES: dict[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "money": pl.Int64(),
    "ratio": pl.Int64(),
    "text": pl.String(),
    "enum": pl.String(),
    "division": pl.String(),
    "date": pl.Date(),
}


def column_type(attribute: Attribute) -> pl.DataType:
    return _TYPES[attribute.type]


def division_among(places: Sequence[object], otherwise: str) -> str:
    """Where a subject is dealt with: the first place inside the city, else ``otherwise``."""
    inside = (place for place in places if isinstance(place, str) and encloses(CITY, place))
    return next(inside, otherwise)


def column_types(entity: Entity) -> dict[str, pl.DataType]:
    """The columns of an entity's base attributes in the catalogue's order, as files hold them."""
    return {attribute.key: column_type(attribute) for attribute in entity.base_attributes}


def frame_types(entity: Entity) -> dict[str, pl.DataType]:
    """The same in memory: texts that many subjects share are categories, a quarter of the size and quick to compare."""
    return {
        one.key: pl.Categorical() if one.type in ("enum", "division") else column_type(one)
        for one in entity.base_attributes
    }
