"""Whatever somebody uploads: a value or a refusal, soon, and never anything else."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.language import Binding, FeelType, ProblemList, Scope, check, evaluate, judge, parse
from policy_engine.language.parser import LONGEST_TEXT

SCOPE = Scope({"x": Binding(FeelType("number")), "b": Binding(FeelType("boolean"))})
SOON = 3.0


@pytest.mark.parametrize(
    "text",
    [
        "1" * (LONGEST_TEXT + 1),
        "(" * 9_000 + "1" + ")" * 9_000,
        "-" * 9_000 + "1",
        "not(" * 4_000,
        "1" + "+1" * 9_000,
        "x" + ".y" * 9_000,
        "x" + "[1]" * 6_000,
        "2" + "**2" * 6_000,
        "if true then " * 1_000 + "1",
        "/*" * 9_999,
        "some x in [1] satisfies " * 4 + "true",
        "x[x[x[x[1 = 1] = 1] = 1] = 1]",
        "1e99999",
        '"' + "a" * 19_000,
        "round " * 3_000,
        "a\0b",
    ],
    ids=lambda text: text[:12],
)
def test_too_much_is_refused(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ProblemList):
        parse(text)
    assert time.perf_counter() - start < SOON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10 ** 999 ** 999", None),
        ("9" * 19_000 + " ** 999", None),
        ("1e999 * 1e999 * 1e999 * 1e999 * 1e999 * 1e999 * 1e999", None),
        ("1 / 0", None),
        ("0 ** -1", None),
        ("2 ** 1e999", None),
        ("date(1e999, 1, 1)", None),
        ("date(9999999999, 1, 1)", None),
        ("round up(1.5, 1e999)", None),
        ("round up(1e40, 2) = 1e40", True),
        ("1 in (" + "2," * 9_900 + "1)", True),
        ("count([" + "1," * 9_900 + "1])", 9_901),
        ("true" + " and true" * 2_000, True),
        ("(" * 28 + "1" + " between 0 and 2)" * 28, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_the_extreme_has_a_value_or_none(text: str, value: object) -> None:
    start = time.perf_counter()
    assert evaluate(text) == value
    assert time.perf_counter() - start < SOON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("for i in 1..10**10 return i", None),
        ("some x in 1..10**10 satisfies x = 3", None),
        ("for i in 1..1000, j in 1..1000, k in 1..1000 return 1", None),
        ("{f: function(n) f(n + 1), r: f(0)}.r", None),
        ("{f: function(n) [f(n + 1), f(n + 1)], r: f(0)}.r", None),
        ('count(for i in 1..100 return if i = 1 then "ab" else partial[-1] + partial[-1])', 100),
        ("for i in 1..100 return if i = 1 then [1] else concatenate(partial[-1], partial[-1])", None),
        ("for i in 1..100 return if i = 1 then [1] else [partial[-1], partial[-1]]", None),
        ("string(for i in 1..100 return if i = 1 then [1] else [partial[-1], partial[-1]])", None),
        ("flatten(for i in 1..100 return if i = 1 then [1] else [partial[-1], partial[-1]])", None),
        ('string join(for i in 1..100000 return "aaaaaaaaaa", "bbbbbbbbbb")', None),
        ("exp(100000)", None),
        ("modulo(1e600, 7)", None),
        ("[1, 2, 3][1e300]", None),
        ('date("999999999-12-31") + @"P999999999999Y"', None),
        ('@"P999999999999D" * 1e30', None),
        ('context put({}, for i in 1..3000 return "a", 1)', None),
        ("10**10**10 > 1e99", True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_endless_work_comes_to_null_soon(text: str, value: object) -> None:
    start = time.perf_counter()
    assert evaluate(text) == value
    assert time.perf_counter() - start < SOON


@pytest.mark.parametrize(
    "text",
    [
        "(" * 14 + "x" + " between 0 and 2)" * 14,
        "round up(" * 28 + "x" + " / 3, 2)" * 28 + " > 1",
        "min(" * 28 + "x" + ", 1)" * 28 + " > 1",
        "(if " * 14 + "b" + " then b else b)" * 14,
        "x < 1e999",
        "x < 0.0000001",
        "x * 0.001 * 0.001 * 0.001 * 0.001 < 3",
    ],
    ids=lambda text: text[:12],
)
def test_what_would_grow_beyond_bounds_when_lowered_is_refused(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ProblemList):
        check(parse(text), SCOPE)
    assert time.perf_counter() - start < SOON


def test_the_longest_sum_can_be_checked_and_judged() -> None:
    tree = parse("x" + " + x" * 117 + " = 236")
    check(tree, SCOPE, "boolean")
    assert judge(tree, {"x": Decimal(2)}).value == "true"


@given(st.text(alphabet="年 x1.,()[]<>=-+*/\"'@{}:\\\n!ifandorthenelsinbwmyul null", max_size=60))
def test_any_text_gives_a_value_or_a_refusal(text: str) -> None:
    refusals: list[ProblemList] = []
    try:
        evaluate(text, {"x": Decimal(1), "年": [Decimal(1), None]})
    except ProblemList as refusal:
        refusals.append(refusal)
    problems = [problem for refusal in refusals for problem in refusal.problems]
    assert all(one.line >= 1 and one.column >= 1 and one.message for one in problems)
