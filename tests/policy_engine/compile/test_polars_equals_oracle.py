"""Polars must say what the reference evaluator says: verdict by verdict and unit by unit, unknowns included."""

from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings

from policy_engine.compile import condition_to_polars, number_to_polars
from policy_engine.compile.names import Place
from policy_engine.language import UNKNOWN, Truth, check, judge, judge_amount, parse
from tests.policy_engine.compile.formulas import FACTS, SCOPE, conditions, context_of, numbers, people

TYPES = {
    "age": pl.Int64,
    "level": pl.Int64,
    "kind": pl.String,
    "place": pl.String,
    "born": pl.Date,
    "orphan": pl.Boolean,
    "rate": pl.Int64,
    "household.is_dibao": pl.Boolean,
    "household.income": pl.Int64,
}


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns: dict[str, Any] = {}
    for name, (column, _, raw) in FACTS.items():
        values = [row[name] for row in rows]
        columns[column] = pl.Series([None if v is UNKNOWN else raw(v) for v in values], dtype=TYPES[column])
        columns[column + "__unknown"] = [v is UNKNOWN for v in values]
    return pl.DataFrame(columns)


@settings(max_examples=80)
@given(conditions, people)
def test_a_condition_has_the_same_verdict(text: str, rows: list[dict[str, Any]]) -> None:
    node = parse(text, list(SCOPE.names))
    check(node, SCOPE, "boolean")
    lowered = condition_to_polars(node, Place.of(SCOPE))
    found = _frame(rows).select(true=lowered.is_true, unknown=lowered.is_unknown)
    found = found if found.height == len(rows) else pl.concat([found] * len(rows))
    expected = [judge(node, context_of(row)) for row in rows]
    assert found["true"].to_list() == [one is Truth.TRUE for one in expected]
    assert found["unknown"].to_list() == [one is Truth.UNKNOWN for one in expected]


@settings(max_examples=80)
@given(numbers, people)
def test_a_formula_has_the_same_value(text: str, rows: list[dict[str, Any]]) -> None:
    node = parse(text, list(SCOPE.names))
    check(node, SCOPE, "number")
    lowered = number_to_polars(node, Place.of(SCOPE))
    found = _frame(rows).select(value=lowered.value, unknown=lowered.is_unknown)
    found = found if found.height == len(rows) else pl.concat([found] * len(rows))
    for row, value, is_unknown in zip(rows, found["value"], found["unknown"], strict=True):
        expected = judge_amount(node, context_of(row))
        assert is_unknown == (expected is UNKNOWN)
        if isinstance(expected, Decimal):
            assert value == expected * lowered.scale
        elif expected is None:
            assert value is None
