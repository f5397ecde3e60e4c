"""Regular expressions of XPath: what they match, and that none takes for ever."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.language import evaluate
from policy_engine.language.patterns import pattern_of

SOON = 3.0


def matches(text: str, pattern: str, flags: str = "") -> object:
    return evaluate("matches(text, pattern, flags)", {"text": text, "pattern": pattern, "flags": flags})


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "answer"),
    [
        ("黄石港区", "^黄石.{1,2}区$", "", True),
        ("a\rb", "a.b", "", False),
        ("a\nb", "a.b", "s", True),
        ("a\nb", "^b$", "m", True),
        ("a\nb", "^b$", "", False),
        ("x", "[A-Z-[OI]]", "i", True),
        ("o", "[A-Z-[OI]]", "i", False),
        ("\u212a", "k", "i", True),
        ("hello world", "hello[ ]world # ", "x", False),
        ("helloworld", "hello world", "x", True),
        ("abab", r"^(ab)\1$", "", True),
        ("ab", r"(a)\2", "", None),
        ("a", r"[\1]", "", None),
        ("五", r"\p{L}", "", True),
        ("五", r"\p{IsCJKUnifiedIdeographs}", "", True),
        ("5", r"\P{Nd}", "", False),
        ("a", r"\p{IsNoSuchBlock}", "", None),
        ("aaa", "^a{2}$", "", False),
        ("aaa", "a{2,}", "", True),
        ("a.b", "a.b", "q", True),
        ("axb", "a.b", "q", False),
        ("a", "a**", "", None),
        ("a", "(a", "", None),
        ("a", "[b-a]", "", None),
        ("a", "a", "z", None),
    ],
)
def test_a_pattern_matches_or_not(text: str, pattern: str, flags: str, answer: bool | None) -> None:
    assert matches(text, pattern, flags) is answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
        ('replace("abracadabra", "a.*?a", "*")', "*c*bra"),
        ('replace("a", "b?", "x")', None),
        ('replace("a", "a", "$")', None),
        ('replace("100", "(1)(0)", "$12")', "120"),
        ('extract("电话 0714-1234，0714-5678", "[0-9]{4}-[0-9]{4}")', ["0714-1234", "0714-5678"]),
        ('split("a1b22c", "[0-9]+")', ["a", "b", "c"]),
    ],
)
def test_texts_are_changed_and_cut_by_patterns(text: str, value: object) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a" * 5_000 + "!", "^(a+)+$"),
        ("a" * 5_000, "(.*)*(.*)*b"),
        ("a" * 3_000, r"(a*)(a*)\1\2b"),
        ("a" * 100_000, "(a|aa)+$x"),
        ("x", "(x{1000}){1000}"),
        ("x", "(" * 9_000),
    ],
    ids=lambda one: one[:16],
)
def test_an_endless_pattern_ends_soon(text: str, pattern: str) -> None:
    start = time.perf_counter()
    assert matches(text, pattern) is not True
    assert time.perf_counter() - start < SOON


@given(st.text("ab", max_size=12), st.text("ab|()*?+.", max_size=8))
def test_a_simple_pattern_matches_where_pythons_does(text: str, pattern: str) -> None:
    ours = pattern_of(pattern, "")
    if ours is None or re.search(r"[*+?]{2}|\(\?|\([*+?]|\|[*+?]", pattern):
        return
    theirs = re.compile(pattern).search(text)
    found = ours.search(text, 0)
    assert (found is None) is (theirs is None)
    if found is not None and theirs is not None:
        assert found[:2] == theirs.span()
