"""Decision tables (DMN 1.5 §8): rows of tests against inputs, and hit policies that say which rows speak.

A pure engine over plain FEEL. Policies judge their tables where facts may be unknown (``policies.amounts``).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import msgspec

from policy_engine.language import ast
from policy_engine.language.built_ins import BUILT_INS
from policy_engine.language.effort import spend
from policy_engine.language.evaluator import passes, value_of
from policy_engine.language.values import equal, is_same

Context = Mapping[str, Any]
#: unique, any, priority, first, collect (a list, or its sum, least, most or count), rule order, output order
HitPolicy = Literal["U", "A", "P", "F", "C", "C+", "C<", "C>", "C#", "R", "O"]
Tests: TypeAlias = tuple[ast.Expression, ...] | None


class Input(msgspec.Struct, frozen=True):
    """``allowed``: tests that a value must pass for the table to say anything at all; null allows all."""

    expression: ast.Expression
    allowed: Tests = None


class Output(msgspec.Struct, frozen=True):
    """``ranking``: its possible values, the most important first, as P and O want them."""

    name: str = ""
    ranking: tuple[ast.Expression, ...] = ()
    default: ast.Expression | None = None


class Rule(msgspec.Struct, frozen=True):
    """One row: a cell of tests for each input (null is ``-``), an expression for each output."""

    when: tuple[Tests, ...]
    then: tuple[ast.Expression, ...]


class DecisionTable(msgspec.Struct, frozen=True):
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = "U"


def decide(table: DecisionTable, context: Context) -> Any:
    """What the table says: a value (a context of them where there are several outputs), or a list where the hit policy
    collects; null where no row speaks and no default stands, where rows contradict the hit policy, or an input is not
    allowed."""
    values = [value_of(one.expression, context) for one in table.inputs]
    for value, column in zip(values, table.inputs, strict=True):
        if column.allowed is not None and passes(value, column.allowed, context) is not True:
            return None
    hits = [rule for rule in table.rules if _is_hit(rule, values, context)]
    if not hits:
        return _default(table, context)
    rows = [[value_of(cell, context) for cell in rule.then] for rule in hits]
    return _RULINGS[table.hit_policy](table, rows, context)


def _is_hit(rule: Rule, values: list[Any], context: Context) -> bool:
    spend(1 + len(values))
    return all(
        tests is None or passes(value, tests, context) is True
        for value, tests in zip(values, rule.when, strict=True)
    )


def _default(table: DecisionTable, context: Context) -> Any:
    if all(one.default is None for one in table.outputs):
        return Decimal(0) if table.hit_policy == "C#" else None
    return _shaped(
        table, [None if one.default is None else value_of(one.default, context) for one in table.outputs]
    )


def _shaped(table: DecisionTable, row: list[Any]) -> Any:
    """One output is a value, several are a context."""
    if len(table.outputs) == 1:
        return row[0]
    return {one.name: value for one, value in zip(table.outputs, row, strict=True)}


Rows: TypeAlias = list[list[Any]]


def _unique(table: DecisionTable, rows: Rows, _context: Context) -> Any:
    return _shaped(table, rows[0]) if len(rows) == 1 else None


def _any(table: DecisionTable, rows: Rows, _context: Context) -> Any:
    return _shaped(table, rows[0]) if all(is_same(row, rows[0]) for row in rows) else None


def _first(table: DecisionTable, rows: Rows, _context: Context) -> Any:
    return _shaped(table, rows[0])


def _in_order(table: DecisionTable, rows: Rows, _context: Context) -> list[Any]:
    return [_shaped(table, row) for row in rows]


def _by_rank(table: DecisionTable, rows: Rows, context: Context) -> list[Any]:
    """Sorted by the rank of their outputs, the first output before the next."""
    rankings = [[value_of(value, context) for value in one.ranking] for one in table.outputs]

    def rank(row: list[Any]) -> list[int]:
        return [
            next((place for place, one in enumerate(ranking) if equal(one, value) is True), len(ranking))
            for ranking, value in zip(rankings, row, strict=True)
        ]

    return [_shaped(table, row) for row in sorted(rows, key=rank)]


def _priority(table: DecisionTable, rows: Rows, context: Context) -> Any:
    return _by_rank(table, rows, context)[0]


def _aggregate(function: str) -> "Ruling":
    def ruling(table: DecisionTable, rows: Rows, _context: Context) -> Any:
        if len(table.outputs) != 1:
            return None
        return BUILT_INS[function]([row[0] for row in rows])

    return ruling


Ruling: TypeAlias = Callable[[DecisionTable, Rows, Context], Any]
_RULINGS: Final[dict[HitPolicy, Ruling]] = {
    "U": _unique,
    "A": _any,
    "P": _priority,
    "F": _first,
    "C": _in_order,
    "C+": _aggregate("sum"),
    "C<": _aggregate("min"),
    "C>": _aggregate("max"),
    "C#": _aggregate("count"),
    "R": _in_order,
    "O": _by_rank,
}
