"""What columns must get right at the edges: leap days, dates gone backwards, long lists, deep conditions, choices."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.compile import condition_to_polars, number_to_polars
from policy_engine.compile.names import NotLowerable, Place
from policy_engine.language import UNKNOWN, Binding, FeelType, Scope, check, evaluate, judge_amount, parse
from policy_engine.language.types import BOOLEAN, DATE, INTEGER

SCOPE = Scope(
    {
        "始": Binding(DATE, "start"),
        "终": Binding(DATE, "end"),
        "甲": Binding(INTEGER, "a"),
        "乙": Binding(INTEGER, "b"),
        "是": Binding(BOOLEAN, "c"),
        "成员": Binding(FeelType("list", entity="member"), "members"),
    },
    {"member": Scope({"年龄": Binding(INTEGER, "age")})},
)
PLACE = Place.of(SCOPE)


def frame(**columns: list[Any]) -> pl.DataFrame:
    flags = {f"{name}__unknown": [value is UNKNOWN for value in values] for name, values in columns.items()}
    known = {
        name: [None if value is UNKNOWN else value for value in values] for name, values in columns.items()
    }
    return pl.DataFrame({**known, **flags})


@given(
    st.lists(
        st.tuples(
            st.dates(date(1900, 1, 1), date(2100, 1, 1)) | st.sampled_from([date(2024, 2, 29)]),
            st.dates(date(2023, 1, 1), date(2026, 12, 31)),
        ),
        min_size=1,
    )
)
def test_lengths_of_time_forwards_and_backwards(pairs: list[tuple[date, date]]) -> None:
    rows = frame(start=[one for one, _ in pairs], end=[other for _, other in pairs])
    for part in ("years", "months"):
        text = f"years and months duration(始, 终).{part}"
        found = rows.select(number_to_polars(parse(text), PLACE).value).to_series()
        expected = [evaluate(text, {"始": one, "终": other}) for one, other in pairs]
        assert found.to_list() == expected


def test_a_length_of_time_without_a_date_is_none() -> None:
    number = number_to_polars(parse("years and months duration(始, 终).years"), PLACE)
    rows = frame(start=[None, date(2020, 1, 1)], end=[date(2020, 1, 1), None]).cast(
        {"start": pl.Date, "end": pl.Date}
    )
    assert rows.select(number.value).to_series().to_list() == [None, None]


def test_a_list_of_thousands_is_lowered() -> None:
    text = "甲 in (" + ",".join(str(number) for number in range(0, 8000, 2)) + ")"
    check(parse(text), SCOPE, "boolean")
    condition = condition_to_polars(parse(text), PLACE)
    found = frame(a=[6, 7, UNKNOWN]).select(true=condition.is_true, unknown=condition.is_unknown)
    assert found["true"].to_list() == [True, False, False]
    assert found["unknown"].to_list() == [False, False, True]


def test_a_thousand_alternatives_are_lowered() -> None:
    text = " or ".join(f"甲 = {number}" for number in range(1000))
    condition = condition_to_polars(parse(text), PLACE)
    assert frame(a=[999, 1000]).select(condition.is_true).to_series().to_list() == [True, False]


def test_a_condition_grows_no_faster_than_its_text() -> None:
    text = "甲 = 0"
    for number in range(1, 24):
        text = f"(甲 = {number} {'and' if number % 2 else 'or'} {text})"
    condition = condition_to_polars(parse(text), PLACE)
    assert len(str(condition.is_possible)) < 40 * len(text)


def test_a_choice_needs_only_its_branch_inside_a_function() -> None:
    text = "min(if 是 then 甲 else 乙, 100)"
    number = number_to_polars(parse(text), PLACE)
    rows: dict[str, list[Any]] = {
        "c": [True, False, UNKNOWN, True],
        "a": [5, 5, 5, UNKNOWN],
        "b": [UNKNOWN, UNKNOWN, 7, 7],
    }
    found = frame(**rows).select(unknown=number.is_unknown)["unknown"].to_list()
    expected = [
        judge_amount(
            parse(text),
            {
                "是": c,
                "甲": a if a is UNKNOWN else Decimal(a),
                "乙": b if b is UNKNOWN else Decimal(b),
            },
        )
        is UNKNOWN
        for c, a, b in zip(rows["c"], rows["a"], rows["b"], strict=True)
    ]
    assert found == expected == [False, True, True, True]


@pytest.mark.parametrize(
    "text",
    [
        "some x in 成员 satisfies some y in 成员 satisfies x.年龄 > y.年龄",
        "count(成员[年龄 > max(成员.年龄)]) > 1",
        "甲 ** 2 = 4",
        'contains("a", "b")',
        "甲 / 2 = 1",
    ],
)
def test_what_has_no_columnar_form_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(NotLowerable) as refusal:
        condition_to_polars(parse(text), PLACE)
    assert refusal.value.problems[0].column >= 1


@pytest.mark.parametrize(
    "mode", ["round half up", "round half down", "round up", "round down", "floor", "ceiling"]
)
@given(rows=st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(-50, 50)), min_size=1))
def test_divisions_are_exact_and_none_by_zero(mode: str, rows: list[tuple[int, int]]) -> None:
    text = f"{mode}(甲 / 乙, 2)"
    found = frame(a=[one for one, _ in rows], b=[other for _, other in rows]).select(
        number_to_polars(parse(text), PLACE).value
    )
    expected = [evaluate(text, {"甲": Decimal(one), "乙": Decimal(other)}) for one, other in rows]
    assert found.to_series().to_list() == [None if one is None else int(one * 100) for one in expected]
