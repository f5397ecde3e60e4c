"""Decision tables: each hit policy says what the standard says, on the same rows."""

from decimal import Decimal
from typing import Any

import pytest

from policy_engine.language import DecisionTable, decide, parse, parse_tests
from policy_engine.language.tables import HitPolicy, Input, Output, Rule

RANKING = tuple(parse(text) for text in ("300", "200", "100"))
ROWS = ((">= 60", "100"), ("[70..80)", "200"), (">= 75", "100"), ("not(< 90)", "300"), ("? = 20", "50 + 50"))


def table(hit_policy: HitPolicy, default: str | None = None) -> DecisionTable:
    rules = tuple(Rule((parse_tests(when),), (parse(then),)) for when, then in ROWS)
    output = Output("amount", RANKING, None if default is None else parse(default))
    return DecisionTable((Input(parse("age")),), (output,), rules, hit_policy)


@pytest.mark.parametrize(
    ("hit_policy", "age", "value"),
    [
        ("U", 65, 100),
        ("U", 72, None),
        ("U", 20, 100),
        ("A", 85, 100),
        ("A", 72, None),
        ("P", 72, 200),
        ("F", 72, 100),
        ("R", 76, [100, 200, 100]),
        ("O", 76, [200, 100, 100]),
        ("C", 76, [100, 200, 100]),
        ("C+", 76, 400),
        ("C<", 76, 100),
        ("C>", 95, 300),
        ("C#", 76, 3),
        ("C#", 30, 0),
        ("C+", 30, None),
        ("U", 30, None),
        ("U", None, None),
    ],
)
def test_a_hit_policy_says_which_rows_speak(hit_policy: HitPolicy, age: Any, value: object) -> None:
    given = None if age is None else Decimal(age)
    assert decide(table(hit_policy), {"age": given}) == value


def test_a_default_stands_where_no_row_speaks() -> None:
    assert decide(table("U", default="age * 2"), {"age": Decimal(30)}) == 60


def test_several_outputs_are_a_context_and_the_first_ranks_before_the_next() -> None:
    outputs = (Output("risk", (parse('"high"'), parse('"low"'))), Output("score", RANKING))
    rules = (
        Rule((None,), (parse('"low"'), parse("300"))),
        Rule((None,), (parse('"high"'), parse("100"))),
        Rule((None,), (parse('"high"'), parse("200"))),
    )
    ranked = decide(DecisionTable((Input(parse("1")),), outputs, rules, "O"), {})
    assert [(row["risk"], row["score"]) for row in ranked] == [("high", 200), ("high", 100), ("low", 300)]
    assert decide(DecisionTable((Input(parse("1")),), outputs, rules, "C+"), {}) is None


def test_an_input_that_is_not_allowed_gets_no_answer() -> None:
    allowed = parse_tests('"城镇", "农村"')
    rules = (Rule((None,), (parse("1"),)),)
    one = DecisionTable((Input(parse("kind"), allowed),), (Output(),), rules, "F")
    assert decide(one, {"kind": "城镇"}) == 1
    assert decide(one, {"kind": "都市"}) is None
