"""YAML from outside stays inside its bounds, and every refusal names its line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.source import read_source


def refusal(text: str | bytes) -> tuple[str, int]:
    with pytest.raises(DocumentRefused) as caught:
        read_source(text)
    (problem,) = caught.value.problems
    assert problem.reason
    assert problem.mend
    return problem.code, problem.line


def test_every_value_knows_its_line() -> None:
    source = read_source("a: 1\nb:\n  - x\n  - c: 2025-07-01\n")
    assert source.content == {"a": 1, "b": ["x", {"c": "2025-07-01"}]}
    assert source.line_of(("b", 1, "c")) == 4
    assert source.line_of(("b", 1, "not written")) == 4


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3),
        ("a: 1\nb: [1,\n", "syntax", 3),
        ("a: 1\n---\nb: 2\n", "syntax", 2),
        ("[" * 60 + "]" * 60, "too_deep", 1),
        (b"a: 1\nb: \xff\n", "encoding", 2),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", "bad_tag", 2),
        ("a: 1\n<<: {b: 2}\n", "bad_key", 2),
        ("a: 1\n? [b]\n: 2\n", "bad_key", 2),
        ("a: 2025-13-45\n", "bad_value", 1),
        ("a: " + "9" * 5000, "bad_value", 1),
        ("a: \x00\n", "syntax", 0),
        ("a: \ud800\n", "syntax", 0),
        ("x" * 1_000_001, "too_large", 0),
        ("[" + "1," * 60_000 + "]", "too_large", 1),
        ("a: &x [1]\nb: [" + "*x," * 30 + "]", "too_many_aliases", 2),
        ("a: &x [*x]\n", "too_large", 1),
    ],
)
def test_refused_with_reason_and_line(text: str | bytes, code: str, line: int) -> None:
    assert refusal(text) == (code, line)


def test_aliases_cannot_multiply_into_a_giant() -> None:
    rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    rows += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 4)}]" for n in range(1, 5)]
    assert len(rows) == 5
    source = read_source("\n".join(rows))
    assert len(source.lines) < 50_000


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_politely(text: str) -> None:
    with contextlib.suppress(DocumentRefused):
        assert read_source(text).line_of(("nowhere",)) >= 0
