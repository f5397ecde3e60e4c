"""How Python writes conditions and numbers: source made of generated names and the ``repr`` of trusted constants only."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from policy_engine.compile.algebra import Condition, Value
from policy_engine.compile.names import ROW, Related
from policy_engine.compile.python_arithmetic import DIVISIONS, FUNCTIONS
from policy_engine.language.types import TableFunction
from policy_engine.language.values import UNKNOWN

_TABLE_MEMORY = 4096
_PARTS = {"year": "year", "month": "month", "day": "day"}
_FOLDS = {"sum": "total", "min": "least", "max": "most"}


class PythonAlgebra:
    """Facts are locals ``c0, c1, …`` in the order of ``columns``; of a relation's row, ``m[0], m[1], …``.

    ``names`` is what generated source may refer to; ``lines`` are the statements that kept expressions have made,
    ``used`` the columns they and the others read.
    """

    has_derived_rows = False

    def __init__(self) -> None:
        self.columns: dict[str, str] = {}
        self.row_columns: dict[str, str] = {}
        self.names: dict[str, Any] = {"U": UNKNOWN, **FUNCTIONS}
        self.lines: list[str] = []
        self.used: dict[str, None] = {}
        self._tables: dict[int, tuple[TableFunction, str]] = {}
        self._literals: set[str] = set()
        self._made = 0

    def begin(self) -> None:
        """From here on ``used`` and ``lines`` are of the next expressions only."""
        self.lines = list[str]()
        self.used = dict[str, None]()

    def column(self, path: str) -> str:
        if path.startswith(ROW):
            return self.row_columns.setdefault(path[len(ROW) :], f"m[{len(self.row_columns)}]")
        self.used[path] = None
        return self.columns.setdefault(path, f"c{len(self.columns)}")

    def unknown(self, path: str) -> str:
        return f"{self.column(path)} is U"

    def constant(self, value: str | int | bool | date | None) -> str:
        if isinstance(value, date):
            name = f"D{value.toordinal()}"
            self.names[name] = value
            return name
        if value is not None and type(value) not in (str, int, bool):
            raise TypeError(f"no constant of generated source: {type(value)}")
        text = repr(value)
        self._literals.add(text)
        return text

    def kept(self, expression: str) -> str:
        if expression in self._literals or expression.isidentifier():
            return expression
        name = self._new()
        self.lines.append(f"{name} = {expression}")
        return name

    def all_of(self, parts: Sequence[str]) -> str:
        return self._joined(parts, "and", "True", "False")

    def any_of(self, parts: Sequence[str]) -> str:
        return self._joined(parts, "or", "False", "True")

    def negated(self, part: str) -> str:
        if part in ("True", "False"):
            return "False" if part == "True" else "True"
        subject, word, object_ = part.rpartition(" is ")
        if word and object_ in ("U", "None") and _is_atom(subject):
            return f"{subject} is not {object_}"
        if part.startswith("not "):
            return f"({part[4:]})"
        return f"not ({part})"

    def is_null(self, value: str) -> str:
        if value in self._literals:
            return "True" if value == "None" else "False"
        return f"{value} is None"

    def compared(self, left: Value[str], operator: str, right: Value[str]) -> str:
        tests, (one, two) = self._guarded((left, right))
        return self.all_of([*tests, f"{one} {operator} {two}"])

    def same(self, left: Value[str], right: Value[str]) -> str:
        one, two = left.expression, right.expression
        if one in ("True", "False"):
            one, two = two, one
        if two in ("True", "False"):
            return self._constant_same(one, two) if one in ("True", "False") else f"{one} is {two}"
        return f"{one} == {two}"

    def _constant_same(self, one: str, two: str) -> str:
        return "True" if one == two else "False"

    def among(self, value: Value[str], choices: Sequence[Value[str]]) -> str:
        listed = ", ".join(one.expression for one in choices)
        return f"{value.expression} in {{{listed}}}"

    def starts_with(self, text: Value[str], beginning: str) -> str:
        tests, (given,) = self._guarded((text,))
        return self.all_of([*tests, f"{given}.startswith({beginning!r})"])

    def chosen(self, condition: str, consequence: str, alternative: str) -> str:
        if condition in ("True", "False") or consequence == alternative:
            return alternative if condition == "False" else consequence
        return f"({consequence} if {condition} else {alternative})"

    def reckoned(self, left: Value[str], operator: str, right: Value[str]) -> str:
        tests, (one, two) = self._guarded((left, right))
        return self._unless_null(tests, f"({one} {operator} {two})")

    def scaled(self, value: Value[str], factor: int) -> str:
        if factor == 1:
            return value.expression
        if value.expression in self._literals and value.expression != "None":
            return self.constant(int(value.expression) * factor)
        tests, (one,) = self._guarded((value,))
        return self._unless_null(tests, f"({one} * {factor})")

    def absolute(self, value: Value[str]) -> str:
        tests, (one,) = self._guarded((value,))
        return self._unless_null(tests, f"abs({one})")

    def extreme(self, function: str, values: Sequence[Value[str]]) -> str:
        tests, given = self._guarded(values)
        return self._unless_null(tests, f"{'min' if function == 'min' else 'max'}({', '.join(given)})")

    def divided(self, over: Value[str], under: Value[str], mode: str) -> str:
        return f"{DIVISIONS[mode]}({over.expression}, {under.expression})"

    def part_of_date(self, day: Value[str], part: str) -> str:
        tests, (given,) = self._guarded((day,))
        return self._unless_null(tests, f"{given}.{_PARTS[part]}")

    def duration(self, start: Value[str], end: Value[str], part: str) -> str:
        return (
            f"{'whole_years' if part == 'years' else 'months_beyond'}({start.expression}, {end.expression})"
        )

    def looked_up(self, table: TableFunction, arguments: Sequence[Value[str]]) -> str:
        _, name = self._tables.setdefault(id(table), (table, f"T{len(self._tables)}"))
        if name not in self.names:
            self.names[name] = lru_cache(_TABLE_MEMORY)(_scaled(table))
        return f"{name}({', '.join(one.expression for one in arguments)})"

    def quantified(self, related: Related, inner: Condition[str], *, is_any: bool) -> Condition[str]:
        rows, fold = self.column(related.column), "any" if is_any else "all"
        is_true = f"{rows} is not U and {fold}({inner.is_true} for m in {rows})"
        is_possible = f"{rows} is U or {fold}({inner.is_possible} for m in {rows})"
        return Condition(f"({is_true})", f"({is_possible})")

    def aggregated(
        self, function: str, related: Related, kept: Condition[str] | None, value: Value[str] | None
    ) -> tuple[str, str]:
        rows = self.column(related.column)
        where = "" if kept is None else f" if {kept.is_true}"
        flags = [f"{rows} is U"]
        value_unknown = "False" if value is None or value.is_unknown is None else value.is_unknown
        if kept is not None:
            undecided = self.all_of(
                [kept.is_possible, self.any_of([self.negated(kept.is_true), value_unknown])]
            )
            flags.append(f"any({undecided} for m in {rows})")
        elif value_unknown != "False":
            flags.append(f"any({value_unknown} for m in {rows})")
        flag = self.any_of(flags)
        if value is not None:
            return f"{_FOLDS[function]}([{value.expression} for m in {rows}{where}])", flag
        return (f"sum(1 for m in {rows}{where})" if where else f"len({rows})"), flag

    def _joined(self, parts: Sequence[str], word: str, empty: str, decisive: str) -> str:
        kept = list(dict.fromkeys(one for one in parts if one != empty))
        if decisive in kept:
            return decisive
        if len(kept) < 2:
            return kept[0] if kept else empty
        return f"({f' {word} '.join(kept)})"

    def _guarded(self, values: Sequence[Value[str]]) -> tuple[list[str], list[str]]:
        """Tests that none of them is null, and how each is named where they pass."""
        tests: list[str] = []
        given: list[str] = []
        for one in values:
            if not one.may_be_null or (one.expression in self._literals and one.expression != "None"):
                given.append(one.expression)
            elif _is_atom(one.expression):
                tests.append(f"{one.expression} is not None")
                given.append(one.expression)
            else:
                name = self._new()
                tests.append(f"({name} := {one.expression}) is not None")
                given.append(name)
        return tests, given

    def _unless_null(self, tests: list[str], expression: str) -> str:
        return f"({expression} if {self.all_of(tests)} else None)" if tests else expression

    def _new(self) -> str:
        self._made += 1
        return f"t{self._made}"


def _is_atom(expression: str) -> bool:
    """A local, or an item of a row: to be named twice at no cost."""
    return expression.replace("[", "").replace("]", "").isidentifier()


def _scaled(table: TableFunction) -> Any:
    def looked_up(*arguments: Any) -> int | None:
        found = table(*arguments)
        return None if found is None else int(found * table.result.scale)

    return looked_up
