from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.delivery.periods import (
    add_months,
    first_month,
    next_start,
    period_label,
    same_day_months_later,
    starts_due,
)
from policy_engine.delivery.terms import Accrual, Period

MONTHS = st.dates(date(2020, 1, 1), date(2040, 12, 31)).map(lambda day: day.replace(day=1))


@pytest.mark.parametrize(
    ("accrual", "expected"),
    [
        (Accrual(starts="application_month"), date(2026, 11, 1)),
        (Accrual(starts="decision_month"), date(2026, 12, 1)),
        (Accrual(starts="next_month"), date(2027, 1, 1)),
        (Accrual(starts="qualifying_month", retroactive_months=12), date(2026, 3, 1)),
        (Accrual(starts="qualifying_month", retroactive_months=3), date(2026, 8, 1)),
    ],
)
def test_a_right_counts_from_the_month_its_policy_names(accrual: Accrual, expected: date) -> None:
    days = {
        "qualified_on": date(2026, 3, 9),
        "applied_on": date(2026, 11, 23),
        "decided_on": date(2026, 12, 5),
    }
    assert first_month(accrual, **days) == expected


@pytest.mark.parametrize(
    ("period", "start", "label"),
    [
        ("month", date(2026, 11, 1), "2026-11"),
        ("quarter", date(2026, 11, 1), "2026Q4"),
        ("year", date(2026, 11, 1), "2026"),
        ("once", date(2026, 11, 1), "2026-11"),
    ],
)
def test_how_a_period_is_written(period: Period, start: date, label: str) -> None:
    assert period_label(period, start) == label


@given(MONTHS, st.integers(-40, 40))
def test_adding_months_and_taking_them_away_comes_back(month: date, count: int) -> None:
    assert add_months(add_months(month, count), -count) == month


@given(st.sampled_from(["month", "quarter", "year"]), MONTHS, st.integers(0, 800))
def test_due_periods_follow_each_other_without_gap_or_double(period: Period, start: date, days: int) -> None:
    until = date.fromordinal(start.toordinal() + days)
    starts = list(starts_due(period, start, until=until, ends_on=None))
    assert starts[0] == start
    assert all(next_start(period, one) == other for one, other in pairwise(starts))
    assert len({period_label(period, one) for one in starts}) == len(starts)
    assert starts[-1] <= until


def test_nothing_is_due_after_the_end_of_a_right() -> None:
    due = starts_due("month", date(2026, 1, 1), until=date(2026, 12, 1), ends_on=date(2026, 3, 1))
    assert list(due) == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


def test_six_months_after_the_last_of_august_is_the_last_of_february() -> None:
    assert same_day_months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
