"""Generated Python must say what the reference evaluator says: verdict by verdict and fen by fen, unknowns included."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from policy_engine.compile.plan import AmountPlan, PolicyPlan
from policy_engine.compile.python_source import (
    DEFECT,
    ELIGIBLE,
    INELIGIBLE,
    NOT_GIVEN,
    UNDECIDED,
    Answer,
    CompiledKind,
    compile_kind,
)
from policy_engine.language import UNKNOWN, Binding, Scope, Truth, ast, check, judge, judge_amount, parse
from policy_engine.language.types import DATE, INTEGER
from tests.policy_engine.compile.formulas import FACTS, SCOPE, conditions, context_of, numbers, people, raw

ALWAYS = parse("true")
VERDICTS = {Truth.TRUE: ELIGIBLE, Truth.NOT_TRUE: INELIGIBLE, Truth.UNKNOWN: UNDECIDED}


def compiled(condition: ast.Expression, formula: ast.Expression | None = None) -> CompiledKind:
    amount = None if formula is None else AmountPlan(formula, None, None, None, 1, "round half up")
    return compile_kind([PolicyPlan("only", "person", (condition,), amount)], SCOPE)


def row_of(kind: CompiledKind, person: dict[str, Any]) -> list[Any]:
    columns = {column: raw(name, person[name]) for name, (column, _, _) in FACTS.items()}
    return [columns[one] for one in kind.columns]


@settings(max_examples=60)
@given(conditions, people)
def test_a_condition_has_the_same_verdict(text: str, rows: list[dict[str, Any]]) -> None:
    node = parse(text, list(SCOPE.names))
    check(node, SCOPE, "boolean")
    kind = compiled(node)
    for person in rows:
        expected = VERDICTS[judge(node, context_of(person))], None
        assert kind.judge(row_of(kind, person)) == [expected]
        assert kind.judge_one["only"](row_of(kind, person)) == expected


@settings(max_examples=60)
@given(numbers, people)
def test_a_formula_has_the_same_amount(text: str, rows: list[dict[str, Any]]) -> None:
    node = parse(f"round half up({text}, 2)", list(SCOPE.names))
    kind = compiled(ALWAYS, node)
    for person in rows:
        assert kind.judge(row_of(kind, person)) == [_answer(judge_amount(node, context_of(person)))]


def _answer(amount: Any) -> Answer:
    if amount is UNKNOWN:
        return UNDECIDED, None
    if not isinstance(amount, Decimal) or amount <= 0:
        return DEFECT, None
    return ELIGIBLE, int(amount * 100)


DERIVED = Scope(
    {
        "出生": Binding(DATE, "born"),
        "年龄": Binding(
            INTEGER, "age", definition=parse('years and months duration(出生, @"2026-11-23").years')
        ),
    }
)


def test_what_is_derived_is_worked_out_unless_it_is_given() -> None:
    kind = compile_kind([PolicyPlan("old", "person", (parse("年龄 >= 60"),))], DERIVED)
    assert kind.derived == {"age"}
    rows: dict[str, Any] = {"born": date(1966, 11, 24), "age": NOT_GIVEN}
    assert kind.judge([rows[one] for one in kind.columns]) == [(INELIGIBLE, None)]
    rows["age"] = 60
    assert kind.judge([rows[one] for one in kind.columns]) == [(ELIGIBLE, None)]
    rows["age"] = UNKNOWN
    assert kind.judge([rows[one] for one in kind.columns]) == [(UNDECIDED, None)]


@pytest.mark.parametrize("text", ['"\\"); import os; (\\""', '"\\n    r = A2"', '"__import__"'])
def test_no_text_of_an_author_becomes_code(text: str) -> None:
    node = parse(f"户籍地 = {text}")
    kind = compiled(node)
    assert kind.judge(["420202"]) == [(INELIGIBLE, None)]
    assert kind.judge([judge_literal(node)]) == [(ELIGIBLE, None)]


def judge_literal(node: ast.Expression) -> Any:
    assert isinstance(node, ast.Comparison)
    assert isinstance(node.right, ast.Literal)
    return node.right.value


def test_a_condition_as_deep_as_the_parser_allows_is_compiled() -> None:
    text = "年龄 > 1"
    for number in range(9):
        text = f"(if {text} then 年龄 != {number} else not(孤儿))"
    kind = compiled(parse(text, list(SCOPE.names)))
    assert kind.judge([UNKNOWN] * len(kind.columns)) == [(UNDECIDED, None)]
