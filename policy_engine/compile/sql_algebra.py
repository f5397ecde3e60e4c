"""How SQL writes conditions and numbers, by sqlglot: whole numbers only, and no ``CASE`` or comparison left to a null.

A condition is two columns, true and possible, so that nothing hangs on what a dialect does with a null boolean.

Expressions made here share their parts, which sqlglot's trees may not: whoever puts one into a query copies it, once.
"""

import hashlib
from collections.abc import Sequence
from datetime import date

import msgspec
from sqlglot import exp

from policy_engine.compile.algebra import Condition, Value
from policy_engine.compile.names import ROW, Related
from policy_engine.compile.sql_arithmetic import duration, rounded
from policy_engine.language.types import TableFunction

UNKNOWN_SUFFIX = "__unknown"
POSSIBLE_SUFFIX = "__possible"
#: The alias of a relation's rows where they are gone through.
ROWS = "r"
#: PostgreSQL cuts names at 63 bytes; a companion's ending must still fit.
_LONGEST_NAME = 48


class Asked(msgspec.Struct, frozen=True):
    """One question to the rows of a relation: a column of their owner. ``uses`` are the columns that it reads."""

    relation: Related
    fold: str
    name: str
    is_true: exp.Expr
    is_possible: exp.Expr
    value: exp.Expr | None
    uses: tuple[str, ...]


def sql_name(path: str) -> str:
    """A column's name in SQL: no dots or colons, which some dialects read as something else, and not too long."""
    name = path.replace(".", "__").replace(":", "__").replace("-", "_")
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 13]}_{hashlib.sha256(path.encode()).hexdigest()[:12]}"


class SqlAlgebra:
    """``used`` are the columns read since ``begin``, ``kept`` what was given a name on the way, ``asked`` all questions."""

    has_derived_rows = True

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.used: dict[str, None] = {}
        self.steps: list[tuple[str, exp.Expr]] = []
        self.asked: dict[str, Asked] = {}
        self._inside: dict[str, None] = {}

    def begin(self) -> None:
        self.used = dict[str, None]()
        self.steps = list[tuple[str, exp.Expr]]()

    def column(self, path: str) -> exp.Expr:
        self._inside[path] = None
        if path.startswith(ROW):
            return exp.column(sql_name(path[len(ROW) :]), table=ROWS, quoted=True)
        self.used[path] = None
        return exp.column(sql_name(path), quoted=True)

    def unknown(self, path: str) -> exp.Expr:
        flagged = self.column(path)
        return exp.column(flagged.name + UNKNOWN_SUFFIX, table=flagged.args.get("table"), quoted=True)

    def constant(self, value: str | int | bool | date | None) -> exp.Expr:
        if isinstance(value, bool):
            return exp.true() if value else exp.false()
        if isinstance(value, int):
            return exp.cast(exp.Literal.number(value), "BIGINT")
        if isinstance(value, date):
            # ClickHouse's own DATE begins in 1970.
            kind = exp.DType.DATE32 if self.dialect == "clickhouse" else exp.DType.DATE
            return exp.cast(exp.Literal.string(value.isoformat()), kind)
        return exp.null() if value is None else exp.Literal.string(value)

    def kept(self, expression: exp.Expr) -> exp.Expr:
        if isinstance(expression, exp.Boolean | exp.Null | exp.Column):
            return expression
        name = f"k{len(self.steps)}"
        self.steps.append((name, expression))
        return exp.column(name, quoted=True)

    def all_of(self, parts: Sequence[exp.Expr]) -> exp.Expr:
        kept = [one for one in parts if one != exp.true()]
        if exp.false() in kept:
            return exp.false()
        return exp.Paren(this=exp.and_(*kept, copy=False)) if kept else exp.true()

    def any_of(self, parts: Sequence[exp.Expr]) -> exp.Expr:
        kept = [one for one in parts if one != exp.false()]
        if exp.true() in kept:
            return exp.true()
        return exp.Paren(this=exp.or_(*kept, copy=False)) if kept else exp.false()

    def negated(self, part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Boolean):
            return exp.false() if part == exp.true() else exp.true()
        return exp.Not(this=exp.Paren(this=part))

    def is_null(self, value: exp.Expr) -> exp.Expr:
        return exp.Paren(this=exp.Is(this=value, expression=exp.null()))

    def compared(self, left: Value[exp.Expr], operator: str, right: Value[exp.Expr]) -> exp.Expr:
        kind = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}[operator]
        return _holds(kind(this=left.expression, expression=right.expression))

    def same(self, left: Value[exp.Expr], right: Value[exp.Expr]) -> exp.Expr:
        equal = _holds(exp.EQ(this=left.expression, expression=right.expression))
        if not (left.may_be_null and right.may_be_null):
            return equal
        both = self.all_of([self.is_null(left.expression), self.is_null(right.expression)])
        return self.any_of([both, equal])

    def among(self, value: Value[exp.Expr], choices: Sequence[Value[exp.Expr]]) -> exp.Expr:
        listed = [one.expression for one in choices]
        return _holds(exp.In(this=value.expression, expressions=listed))

    def starts_with(self, text: Value[exp.Expr], beginning: str) -> exp.Expr:
        start = exp.Literal.string(beginning)
        return _holds(exp.StartsWith(this=text.expression, expression=start))

    def chosen(self, condition: exp.Expr, consequence: exp.Expr, alternative: exp.Expr) -> exp.Expr:
        if isinstance(condition, exp.Boolean):
            return consequence if condition == exp.true() else alternative
        if consequence == alternative:
            return consequence
        return exp.case().when(condition, consequence, copy=False).else_(alternative, copy=False)

    def reckoned(self, left: Value[exp.Expr], operator: str, right: Value[exp.Expr]) -> exp.Expr:
        kind = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}[operator]
        return exp.Paren(this=kind(this=left.expression, expression=right.expression))

    def scaled(self, value: Value[exp.Expr], factor: int) -> exp.Expr:
        if factor == 1:
            return value.expression
        return exp.Paren(this=exp.Mul(this=value.expression, expression=self.constant(factor)))

    def absolute(self, value: Value[exp.Expr]) -> exp.Expr:
        return exp.Abs(this=value.expression)

    def extreme(self, function: str, values: Sequence[Value[exp.Expr]]) -> exp.Expr:
        given = [one.expression for one in values]
        kind = exp.Least if function == "min" else exp.Greatest
        best = kind(this=given[0], expressions=given[1:])
        nulls = [self.is_null(one.expression) for one in values if one.may_be_null]
        return self.chosen(self.any_of(nulls), exp.null(), best)

    def divided(self, over: Value[exp.Expr], under: Value[exp.Expr], mode: str) -> exp.Expr:
        return rounded(over.expression, under.expression, mode, self.dialect)

    def part_of_date(self, day: Value[exp.Expr], part: str) -> exp.Expr:
        unit = {"year": "YEAR", "month": "MONTH", "day": "DAY"}[part]
        return exp.cast(exp.Extract(this=exp.var(unit), expression=day.expression), "BIGINT", copy=False)

    def duration(self, start: Value[exp.Expr], end: Value[exp.Expr], part: str) -> exp.Expr:
        return duration(start.expression, end.expression, part)

    def looked_up(self, table: TableFunction, arguments: Sequence[Value[exp.Expr]]) -> exp.Expr:
        place, *keys = arguments
        found = exp.case()
        for row in table.rows:
            fits = [self.starts_with(place, row.prefix)]
            for argument, key in zip(keys, row.keys, strict=True):
                fits.append(self.same(argument, Value(exp.Literal.string(key), 0, None, False)))
            amount = None if row.value is None else int(row.value * table.result.scale)
            found = found.when(self.all_of(fits), self.constant(amount), copy=False)
        return found.else_(exp.null(), copy=False) if table.rows else exp.null()

    def quantified(
        self, related: Related, inner: Condition[exp.Expr], *, is_any: bool
    ) -> Condition[exp.Expr]:
        asked = self._ask(related, "any" if is_any else "all", inner, None)
        true = self.column(related.owner + asked.name)
        return Condition(true, exp.column(true.name + POSSIBLE_SUFFIX, quoted=True))

    def aggregated(
        self,
        function: str,
        related: Related,
        kept: Condition[exp.Expr] | None,
        value: Value[exp.Expr] | None,
    ) -> tuple[exp.Expr, exp.Expr]:
        everyone: Condition[exp.Expr] = Condition(exp.true(), exp.true())
        condition = everyone if kept is None else kept
        if value is not None and value.is_unknown is not None:
            known = self.all_of([condition.is_true, self.negated(value.is_unknown)])
            condition = Condition(known, condition.is_possible)
        asked = self._ask(related, function, condition, None if value is None else value.expression)
        path = related.owner + asked.name
        return self.column(path), self.unknown(path)

    def _ask(self, related: Related, fold: str, inner: Condition[exp.Expr], value: exp.Expr | None) -> Asked:
        """Named by what is asked, so that the same question is worked out once."""
        parts = (inner.is_true, inner.is_possible, value)
        text = "|".join([related.column, fold, *("" if one is None else one.sql() for one in parts)])
        name = f"asked:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        columns = [one for part in parts if part is not None for one in part.find_all(exp.Column)]
        written = {(one.table, one.name.removesuffix(UNKNOWN_SUFFIX)) for one in columns}
        uses = tuple(path for path in self._inside if _written(path) in written)
        asked = Asked(related, fold, name, inner.is_true, inner.is_possible, value, uses)
        return self.asked.setdefault(related.owner + name, asked)


def _written(path: str) -> tuple[str, str]:
    return (ROWS, sql_name(path[len(ROW) :])) if path.startswith(ROW) else ("", sql_name(path))


def _holds(test: exp.Expr) -> exp.Expr:
    """False where the test is null."""
    return exp.Coalesce(this=test, expressions=[exp.false()])


__all__ = ["POSSIBLE_SUFFIX", "ROWS", "UNKNOWN_SUFFIX", "Asked", "SqlAlgebra", "sql_name"]
