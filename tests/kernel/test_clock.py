"""Instants in UTC, business dates in Huangshi, working days with lunar holidays and 调休."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock, ShiftedClock, business_date
from kernel.money import format_yuan, format_yuan_exact
from kernel.working_days import add_working_days, is_working_day, working_days_between


def test_the_business_date_turns_at_midnight_in_huangshi() -> None:
    assert business_date(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert business_date(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == date(2026, 11, 24)


def test_a_clock_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_moved_demonstration_clock_is_seen_by_every_process(tmp_path: Path) -> None:
    one, other = ShiftedClock(tmp_path / "shift"), ShiftedClock(tmp_path / "shift")
    assert other.shift == timedelta()
    one.move(timedelta(days=30))
    assert other.shift == timedelta(days=30)
    other.move(timedelta(days=1))
    assert one.shift == timedelta(days=31)


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 2, 17), False),  # 春节
        (date(2026, 10, 1), False),
        (date(2025, 9, 28), True),  # a Sunday worked in exchange (调休)
        (date(2026, 11, 21), False),
        (date(2026, 11, 23), True),
        (date(2030, 10, 1), False),  # no notice yet: the fixed holiday still counts
        (date(2030, 10, 8), True),
    ],
)
def test_working_days_follow_the_yearly_notice(day: date, is_working: bool) -> None:
    assert is_working_day(day) is is_working


@given(st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(0, 60))
def test_a_limit_of_n_working_days_has_n_working_days_in_it(day: date, count: int) -> None:
    end = add_working_days(day, count)
    assert working_days_between(day, end) == count
    assert count == 0 or is_working_day(end)


@pytest.mark.parametrize(
    ("fen", "spoken", "exact"),
    [(163000, "1,630", "1,630.00"), (5, "0.05", "0.05"), (-1050, "-10.50", "-10.50"), (0, "0", "0.00")],
)
def test_money_reads_as_people_say_it(fen: int, spoken: str, exact: str) -> None:
    assert format_yuan(fen) == spoken
    assert format_yuan_exact(fen) == exact
