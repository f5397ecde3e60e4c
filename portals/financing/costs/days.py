"""Months and days as banks count them: the day of the month is kept, cut to the month's last day where it is missing."""

from calendar import monthrange
from datetime import date
from fractions import Fraction


def months_later(day: date, count: int, *, on_day: int | None = None) -> date:
    """``on_day`` (or the same day) ``count`` months on; 31 January and one month is the last day of February."""
    years, index = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, index + 1
    return date(year, month, min(on_day or day.day, monthrange(year, month)[1]))


def whole_months(start: date, end: date) -> int | None:
    """How many months lie exactly between two days; None where days are left over."""
    count = (end.year - start.year) * 12 + end.month - start.month
    return count if months_later(start, count) == end else None


def months_between(start: date, end: date) -> Fraction:
    """Time in months: whole ones, and of the last as much as has passed by its days."""
    count = (end.year - start.year) * 12 + end.month - start.month
    if months_later(start, count) > end:
        count -= 1
    begun = months_later(start, count)
    return count + Fraction((end - begun).days, (months_later(start, count + 1) - begun).days)
