"""The built-in functions of DMN 1.5, by family, where the standard's wording is easily misread."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.language import evaluate
from policy_engine.language.built_ins import BUILT_INS
from policy_engine.language.cursor import BUILT_IN_NAMES

OF_OTHER_THINGS = {"days and time duration", "time offset", "start included", "end included"}


def test_the_parser_knows_every_function_of_several_words() -> None:
    assert {name for name in BUILT_INS if " " in name} == set(BUILT_IN_NAMES) - OF_OTHER_THINGS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # conversion
        ('number("1 234,5", " ", ",")', Decimal("1234.5")),
        ('number("1,000.5", ",", ".")', Decimal("1000.5")),
        ('number("1,000", ",", ",")', None),
        ('number("1e3")', Decimal(1000)),
        ('number("一")', None),
        ("string(1.10)", "1.10"),
        ('string(["a", 1, {b: @"2026-01-01"}])', '["a", 1, {b: @"2026-01-01"}]'),
        ("string(null)", None),
        ('range("[1..3)") = [1..3)', True),
        ('range("[3..1]")', None),
        # texts
        ('substring("黄石市", -2, 1)', "石"),
        ('substring("黄石市", 4)', None),
        ('substring before("a@b", "@")', "a"),
        ('substring after("a@b", "#")', ""),
        ('upper case("abß")', "ABSS"),
        ('string join(["a", null, "b"], "-")', "a-b"),
        ('split("a;b;;", ";")', ["a", "b", "", ""]),
        ('string length("🐎")', Decimal(1)),
        # lists
        ("list contains([1, null], null)", True),
        ("sublist([1, 2, 3], -2, 1)", [2]),
        ("sublist([1, 2, 3], 2, 5)", None),
        ("append([1], 2, 3)", [1, 2, 3]),
        ("concatenate([1], [2, 3])", [1, 2, 3]),
        ("insert before([1, 3], 2, 2)", [1, 2, 3]),
        ("remove([1, 2, 3], -1)", [1, 2]),
        ("list replace([1, 2, 3], 2, null)", [1, None, 3]),
        ("list replace([1, 5, 7], function(item, newItem) item > newItem, 4)", [1, 4, 4]),
        ("reverse([1, 2])", [2, 1]),
        ("index of([1, 2, 1], 1)", [1, 3]),
        ("union([1, 2], [2, 3])", [1, 2, 3]),
        ('distinct values([1, 1.0, "1", true, [1], [1]])', [1, "1", True, [1]]),
        ("flatten([1, [2, [3, []]]])", [1, 2, 3]),
        ("partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("mode([1, 2, 2, 1])", [1, 2]),
        ("median([8, 2, 5, 3, 4])", 4),
        ("stddev([2, 4, 7, 5])", Decimal("2.081665999466132735282297706979931")),
        ("mean([1, 2, 6]) = 3", True),
        ("product([2, 3, 4])", 24),
        ('sum([@"P1D", @"PT12H"]) = @"P1DT12H"', True),
        ("all([true, null])", None),
        ("all([false, null])", False),
        ("any([true, 1])", True),
        ("all([])", True),
        # numbers
        ("decimal(2.5, 0)", 2),
        ("decimal(1 / 3, 2)", Decimal("0.33")),
        ("modulo(-12, 5)", 3),
        ("modulo(12, -5)", -3),
        ("modulo(10.1, 4.5)", Decimal("1.1")),
        ("modulo(1, 0)", None),
        ("sqrt(16)", 4),
        ("sqrt(-1)", None),
        ("log(0)", None),
        ("odd(5)", True),
        ("even(-2)", True),
        ("even(2.5)", False),
        ("abs([-1])", 1),
        ('abs("x")', None),
        ("floor(1.56, null)", None),
        # ranges
        ("before(1, [2..5])", True),
        ("before([1..2), [2..3])", True),
        ("after((5..9], 5)", True),
        ("meets([1..2], [2..3])", True),
        ("meets([1..2), [2..3])", False),
        ("overlaps([1..5], (5..8])", False),
        ("overlaps before([1..5], [3..8])", True),
        ("includes([1..5], (1..5))", True),
        ("during(5, [1..5))", False),
        ("starts(1, [1..5])", True),
        ("finished by([1..5], 5)", True),
        ("coincides([1..5], [1..5))", False),
        ('before(1, "a")', None),
        # contexts
        ('get value({"k y": 3}, "k y")', 3),
        ("get entries({a: 1})[1].key", "a"),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
        ('context put({x: {y: 1}}, ["x", "z"], 2)', {"x": {"y": 1, "z": 2}}),
        ("context merge([{a: 1}, {a: 2, b: 3}])", {"a": 2, "b": 3}),
        # arguments that do not fit
        ("count()", None),
        ("not(1)", None),
        ("min(1, null)", None),
        ("max(list: [1, 2])", 2),
        ("max(items: [1, 2])", None),
    ],
)
def test_a_call_has_its_value(text: str, value: object) -> None:
    assert evaluate(text) == value


@given(st.lists(st.integers(-50, 50).map(Decimal), min_size=1, max_size=12))
def test_sorting_and_picking_agree(items: list[Any]) -> None:
    ranked = evaluate("sort(x, function(a, b) a < b)", {"x": items})
    assert ranked == sorted(items)
    assert evaluate("min(x)", {"x": items}) == ranked[0]
    assert evaluate("max(x)", {"x": items}) == ranked[-1]


@given(st.integers(-99, 99).map(Decimal), st.integers(-99, 99).filter(bool).map(Decimal))
def test_a_remainder_has_the_sign_of_the_divisor(dividend: Decimal, divisor: Decimal) -> None:
    rest = evaluate("modulo(a, b)", {"a": dividend, "b": divisor})
    assert rest == 0 or (rest > 0) is (divisor > 0)
    assert (dividend - rest) % divisor == 0
