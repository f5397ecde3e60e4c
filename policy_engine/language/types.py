"""The types of expressions and the names they may use, as the checker and the compilers see them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from policy_engine.language import ast

Kind = Literal["boolean", "number", "string", "date", "months", "entity", "list", "null", "interval"]


class FeelType(msgspec.Struct, frozen=True):
    """``scale``: how many raw units make one unit of FEEL (100 for money kept in fen). ``values``: what an enumeration
    may be; empty is any text. ``entity``: the scope that a subject's (or list's) own names are found in."""

    kind: Kind
    scale: int = 1
    values: tuple[str, ...] = ()
    entity: str = ""


BOOLEAN = FeelType("boolean")
STRING = FeelType("string")
DATE = FeelType("date")
MONTHS = FeelType("months")
NULL = FeelType("null")
INTEGER = FeelType("number")


class Binding(msgspec.Struct, frozen=True):
    """What a name stands for.

    ``path`` is the fact's place in records and frames (``birth_date``); a name that leads to an entity puts its path
    before (``household`` gives ``household.is_dibao``). ``definition`` is the tree of a computed name, read in the scope
    that it stands in: compilers put it in place of the name.
    """

    type: FeelType
    path: str = ""
    is_nullable: bool = False
    may_be_unknown: bool = True
    definition: "ast.Expression | None" = None


class TableRow(msgspec.Struct, frozen=True):
    """One line of a published standard: ``keys`` must equal the arguments; the first begins with ``prefix``."""

    prefix: str
    keys: tuple[str, ...]
    value: Decimal | None


class TableFunction(msgspec.Struct, frozen=True):
    """A dated parameter as a function on one day: the first row whose prefix and keys fit, else null.

    ``rows`` come nearest division first. Calling it in plain FEEL is ``lookup``.
    """

    parameters: tuple[FeelType, ...]
    result: FeelType
    rows: tuple[TableRow, ...]

    def __call__(self, *arguments: object) -> Decimal | None:
        if not arguments or not isinstance(arguments[0], str):
            return None
        for row in self.rows:
            if arguments[0].startswith(row.prefix) and tuple(arguments[1:]) == row.keys:
                return row.value
        return None


Named: TypeAlias = Binding | TableFunction


class Scope(msgspec.Struct, frozen=True):
    """The names of one audience on one day; ``entities`` are the scopes that paths and lists lead into."""

    names: Mapping[str, Named]
    entities: Mapping[str, "Scope"] = {}

    def inner(self, entity: str) -> "Scope":
        """The scope of an entity that a path leads to; it knows the same entities."""
        return Scope(self.entities[entity].names, self.entities)
