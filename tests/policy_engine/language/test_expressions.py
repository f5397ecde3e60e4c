"""Plain FEEL beyond conditions: loops, contexts, functions, ranges, types, and names of many shapes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from policy_engine.language import DateTime, ProblemList, Seconds, Time, evaluate

CONTEXT: dict[str, Any] = {
    "orders": [{"unit price": 3, "item date": date(2026, 1, 1)}, {"unit price": 5, "item date": None}],
    "a-b": 10,
    "a": 3,
    "b": 1,
    "户籍 所在地": "黄石",
    "date and time of birth": "noon",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # loops
        ("for i in 1..3 return i * i", [1, 4, 9]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in (1..4) return i", [2, 3]),
        ("for i in [2..1] return i", None),
        ("for i in [1, 2], j in [10, 20] return i + j", [11, 21, 12, 22]),
        ("for i in 1..3, j in 1..i return j", [1, 1, 2, 1, 2, 3]),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
        ('for d in @"2026-02-28"..@"2026-03-01" return d.day', [28, 1]),
        ("for i in 1.5..3 return i", None),
        ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
        ("every x in 1..3 satisfies x < 3", False),
        # contexts: later entries see earlier ones; a function sees itself
        ("{a: 1, b: a + 1}.b", 2),
        ('{"first name": "李", greeting: "你好" + first name}.greeting', "你好李"),
        ("{f: function(n) if n < 2 then 1 else n * f(n - 1), r: f(5)}.r", 120),
        ("[{x: 1, y: 2}, {x: 3}].y", [2, None]),
        # functions
        ("(function(x, y) x - y)(5, 3)", 2),
        ("(function(x, y) x - y)(y: 5, x: 3)", -2),
        ("(function(a) a)(1, 2)", None),
        ('(function(a: number) true)("x")', None),
        ("(function(a: number) a)([7])", 7),
        ("{max of two: function(x, y) if x > y then x else y, r: max of two(2, 9)}.r", 9),
        ("sort([3, 1, 2], function(x, y) x > y)", [3, 2, 1]),
        ('substring(start position: 2, string: "黄石市")', "石市"),
        ('substring(text: "黄石市", start position: 2)', None),
        # filters
        ("[1, 2, 3, 4][item > 2]", [3, 4]),
        ("[1, 2, 3][-1]", 3),
        ("[{item: 1}, {item: 2}][item >= 2]", [{"item": 2}]),
        ("orders[unit price > 3].unit price", [5]),
        ("count(orders[item date = null])", 1),
        # names with blanks, signs and keywords: the longest known wins
        ("a-b", 10),
        ("a - b", 10),
        ("b-a", -2),
        ("户籍 所在地", "黄石"),
        ("date and time of birth", "noon"),
        ("{🐎: 4}.🐎", 4),
        # ranges as values
        ("5 in (< 10)", True),
        ("(>= 3).start", 3),
        ("(< 3).start", None),
        ("[1..5).end included", False),
        ("(= 5) = (= 5)", True),
        ("[1..5] = (1..5]", False),
        ("3 in [[1..2], [3..4]]", True),
        ("3 in (? > 2 and ? < 9)", True),
        ("1 in !=1", False),
        # types
        ("1 instance of number", True),
        ("null instance of Any", False),
        ("[1, null] instance of list<number>", True),
        ('{a: 1, b: "x"} instance of context<a: number>', True),
        ("[1..3] instance of range<number>", True),
        ("(function(a: number) a) instance of function<number> -> number", True),
        ("abs instance of function<number> -> number", True),
        ('@"P1D" instance of years and months duration', False),
        ('date and time("2026-01-01T10:00:00") instance of date and time', True),
    ],
)
def test_a_text_has_its_value(text: str, value: object) -> None:
    assert evaluate(text, CONTEXT) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1, a: 2}", "写了两次"),
        ("f(x: 1, 2)", "要么都写名称"),
        ("f(x: 1, x: 2)", "写了两次"),
        ('function(x) external {java: {class: "java.lang.Math"}}', "外部函数"),
        ("for i in 1..3", "return"),
        ("{a 1}", "“:”"),
        ("[1, 2", "“]”"),
        ('@"10:61:00"', "@ 后面"),
        ("1 instance of list<number", "“,”"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(text: str, message: str) -> None:
    with pytest.raises(ProblemList, match=message):
        evaluate(text)


def test_the_clock_is_what_the_caller_says() -> None:
    now = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert evaluate("today()", now=now) == date(2026, 11, 23)
    assert evaluate("now()", now=now) == DateTime(date(2026, 11, 23), Time(8, 30, 0, zone=0))
    assert evaluate("today()") is None


def test_values_of_python_become_those_of_feel() -> None:
    context = {"n": 2, "x": 0.5, "t": datetime(2026, 1, 1, 9, 0), "items": (1, 2)}  # noqa: DTZ001 (a local time)
    assert evaluate("n * x", context) == Decimal(1)
    assert evaluate('t - @"2026-01-01T08:00:00"', context) == Seconds(Decimal(3600))
    assert evaluate("items[2]", context) == 2
