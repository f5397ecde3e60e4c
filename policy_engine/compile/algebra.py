"""What a lowering is made of: one walk over the tree asks an algebra for columns, comparisons and sums of its own kind.

``E`` is an expression of the target: Python source or SQL. Nulls and unknowns are kept apart: a value may be null where
FEEL says null; whether it is unknown is an expression of its own (None: it never is). A boolean ``E`` is never null.
"""

from collections.abc import Sequence
from datetime import date
from typing import Generic, Protocol, TypeVar

import msgspec

from policy_engine.compile.names import Related
from policy_engine.language.types import TableFunction

E = TypeVar("E")


class Condition(msgspec.Struct, Generic[E], frozen=True):
    """What is true is possible; what is possible and not true is unknown."""

    is_true: E
    is_possible: E


class Value(msgspec.Struct, Generic[E], frozen=True):
    """``scale``: a number is a whole number of units of 1/``scale``; texts, dates and booleans have 0.

    ``expression`` is only looked at where ``is_unknown`` is not.
    """

    expression: E
    scale: int
    is_unknown: E | None
    may_be_null: bool


class Algebra(Protocol[E]):
    """How one target writes things. Everything boolean is two-valued: what null touches does not hold.

    ``has_derived_rows``: the rows of a relation carry what is derived as columns; else it is worked out where it stands.
    """

    has_derived_rows: bool

    def kept(self, expression: E) -> E:
        """A short way to name what would otherwise be written, and worked out, again and again."""
        ...

    def column(self, path: str) -> E:
        """The value of a fact; null where absent, anything where unknown."""
        ...

    def unknown(self, path: str) -> E:
        """Whether nobody told us the fact."""
        ...

    def constant(self, value: str | int | bool | date | None) -> E: ...

    def all_of(self, parts: Sequence[E]) -> E: ...

    def any_of(self, parts: Sequence[E]) -> E: ...

    def negated(self, part: E) -> E: ...

    def is_null(self, value: E) -> E: ...

    def compared(self, left: Value[E], operator: str, right: Value[E]) -> E:
        """``<``, ``<=``, ``>`` or ``>=``; false where a side is null."""
        ...

    def same(self, left: Value[E], right: Value[E]) -> E:
        """Null is the same as null and as nothing else."""
        ...

    def among(self, value: Value[E], choices: Sequence[Value[E]]) -> E:
        """Whether the value is one of many constants."""
        ...

    def starts_with(self, text: Value[E], beginning: str) -> E: ...

    def chosen(self, condition: E, consequence: E, alternative: E) -> E:
        """``condition`` is never null."""
        ...

    def reckoned(self, left: Value[E], operator: str, right: Value[E]) -> E:
        """``+``, ``-`` or ``*``; null where a side is."""
        ...

    def scaled(self, value: Value[E], factor: int) -> E: ...

    def absolute(self, value: Value[E]) -> E: ...

    def extreme(self, function: str, values: Sequence[Value[E]]) -> E:
        """``min`` or ``max``; null where one of them is."""
        ...

    def divided(self, over: Value[E], under: Value[E], mode: str) -> E:
        """An exact division rounded to a whole number; null by zero."""
        ...

    def part_of_date(self, day: Value[E], part: str) -> E:
        """``year``, ``month`` or ``day``; null where there is no day."""
        ...

    def duration(self, start: Value[E], end: Value[E], part: str) -> E:
        """The whole years, or the whole months beyond them, from one day to another."""
        ...

    def looked_up(self, table: TableFunction, arguments: Sequence[Value[E]]) -> E: ...

    def quantified(self, related: Related, inner: Condition[E], *, is_any: bool) -> Condition[E]:
        """Over the rows of a relation; unknown where the relation is."""
        ...

    def aggregated(
        self, function: str, related: Related, kept: Condition[E] | None, value: Value[E] | None
    ) -> tuple[E, E | None]:
        """``count``, ``sum``, ``min`` or ``max`` of the rows kept, and whether it is unknown.

        One row undecided, or one kept whose value is unknown, makes the whole unknown; of no rows there is no sum.
        """
        ...
