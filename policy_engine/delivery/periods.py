"""Months, quarters and years for which a right is paid. Pure; every date is a business date in Asia/Shanghai."""

from collections.abc import Iterator
from datetime import date

from policy_engine.delivery.terms import Accrual, LimitPer, Period, Terms

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def month_of(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of the month that lies ``count`` months after ``month``."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def same_day_months_later(day: date, count: int) -> date:
    """The same day ``count`` months on, or the month's last day where it has no such day (民法典 Art. 202)."""
    month = add_months(day, count)
    last = (add_months(month, 1) - month).days
    return month.replace(day=min(day.day, last))


def first_month(accrual: Accrual, *, qualified_on: date, applied_on: date, decided_on: date) -> date:
    """The month a right counts from by the policy's own rule; never further back than it allows."""
    start = {
        "qualifying_month": month_of(qualified_on),
        "application_month": month_of(applied_on),
        "decision_month": month_of(decided_on),
        "next_month": add_months(month_of(decided_on), 1),
    }[accrual.starts]
    if accrual.starts != "qualifying_month":
        return start
    return max(start, add_months(month_of(applied_on), -accrual.retroactive_months))


def beginning(terms: Terms, today: date) -> date:
    """The month from which a right found and decided today would count."""
    return first_month(terms.accrual, qualified_on=today, applied_on=today, decided_on=today)


def period_label(period: Period, start: date) -> str:
    """How a period is written: 2026-11, 2026Q4, 2026; a single payment carries the month its right began."""
    if period == "year":
        return f"{start.year}"
    if period == "quarter":
        return f"{start.year}Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}"


def window(per: LimitPer, on: date) -> tuple[date, date]:
    """The days among which a limit is counted around ``on``, the last excluded."""
    if per == "life":
        return date.min, date.max
    start = window_start(per, on)
    return start, add_months(start, _MONTHS[per])


def window_start(per: LimitPer, today: date) -> date:
    """The first day of the calendar month, quarter or year in which a limit is counted."""
    if per == "life":
        return date.min
    if per == "year":
        return date(today.year, 1, 1)
    month = today.month if per == "month" else today.month - (today.month - 1) % 3
    return date(today.year, month, 1)


def next_start(period: Period, start: date) -> date | None:
    """The first day of the period after the one that begins at ``start``; none after a single payment."""
    return add_months(start, _MONTHS[period]) if period in _MONTHS else None


def starts_due(period: Period, start: date | None, *, until: date, ends_on: date | None) -> Iterator[date]:
    """The starts of all periods from ``start`` that have begun by ``until`` and lie before the end of the right."""
    while start is not None and start <= until and (ends_on is None or start <= ends_on):
        yield start
        start = next_start(period, start)
