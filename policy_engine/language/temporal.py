"""Days, times of day, moments and lengths of time as FEEL has them (DMN 1.5 §10.3.2.3.4 to 10.3.2.3.8).

Python's own date serves for the years 1 to 9999. FEEL reaches further, keeps nanoseconds and tells a zone by name from a
plain offset, so the rest has types of its own.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

LAST_YEAR: Final = 999_999_999
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_OF_400_YEARS = 146_097
DAY_SECONDS: Final = 86_400


class Months(msgspec.Struct, frozen=True):
    """A years-and-months duration."""

    months: int


class Seconds(msgspec.Struct, frozen=True):
    """A days-and-time duration, to the nanosecond."""

    seconds: Decimal


class FarDate(msgspec.Struct, frozen=True, order=True):
    """A day outside the years 1 to 9999."""

    year: int
    month: int
    day: int

    def toordinal(self) -> int:
        """Days since the last day of year 0, as Python counts."""
        before = _days_before_year(self.year) + sum(_MONTH_DAYS[: self.month - 1])
        return before + (self.month > 2 and is_leap(self.year)) + self.day

    def isoweekday(self) -> int:
        return (self.toordinal() - 1) % 7 + 1


Day: TypeAlias = date | FarDate
#: Seconds east of Greenwich, the name of a zone, or null for a local time.
Zone: TypeAlias = int | str | None


class Time(msgspec.Struct, frozen=True):
    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    zone: Zone = None


class DateTime(msgspec.Struct, frozen=True):
    day: Day
    time: Time


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_before_year(year: int) -> int:
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400


def day_of(year: int, month: int, day: int) -> Day | None:
    """The day, null where the calendar has none; the Gregorian calendar is carried back before its time."""
    if not 1 <= month <= 12 or not -LAST_YEAR <= year <= LAST_YEAR:
        return None
    if not 1 <= day <= _MONTH_DAYS[month - 1] + (month == 2 and is_leap(year)):
        return None
    return date(year, month, day) if 1 <= year <= 9999 else FarDate(year, month, day)


def day_at(ordinal: int) -> Day | None:
    """The day of a number that ``toordinal`` gave, null beyond the last year."""
    if 1 <= ordinal <= 3_652_059:
        return date.fromordinal(ordinal)
    cycles, rest = divmod(ordinal - 1, _DAYS_OF_400_YEARS)
    twin = date.fromordinal(rest + 1)
    year = twin.year + 400 * cycles
    return FarDate(year, twin.month, twin.day) if -LAST_YEAR <= year <= LAST_YEAR else None


def plus_months(day: Day, months: int) -> Day | None:
    """The same day of another month, its last one where that month is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return next((found for last in range(4) if (found := day_of(year, month + 1, day.day - last))), None)


@lru_cache(maxsize=512)
def zone_named(name: str) -> ZoneInfo | None:
    """A zone of the IANA database, null where it has none of that name."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def seconds_of_day(time: Time) -> Decimal:
    return time.hour * 3600 + time.minute * 60 + time.second + Decimal(time.nanosecond).scaleb(-9)


def time_at(seconds: Decimal, zone: Zone) -> Time:
    """The time of day so many seconds (less than a day's) after midnight."""
    whole = int(seconds)
    hour, rest = divmod(whole, 3600)
    return Time(hour, rest // 60, rest % 60, int((seconds - whole).scaleb(9)), zone)


def offset_of(time: Time, day: Day | None) -> int | None:
    """Seconds east of Greenwich on that day; null for a local time, and for a named zone without a day."""
    if not isinstance(time.zone, str):
        return time.zone
    zone = zone_named(time.zone)
    if zone is None or day is None:
        return None
    # The rules of the zone's first and last years hold beyond them.
    year = min(max(day.year, 2), 9998)
    on = date(year, day.month, min(day.day, 28) if day.month == 2 else day.day)
    local = datetime(on.year, on.month, on.day, time.hour, time.minute, time.second, tzinfo=zone)
    offset = local.utcoffset()
    return None if offset is None else int(offset.total_seconds())


def is_zoned(value: Time | DateTime) -> bool:
    return (value.time if isinstance(value, DateTime) else value).zone is not None


def instant_of(value: DateTime) -> Decimal:
    """Seconds on one scale for all zones; a local one counts as if in Greenwich."""
    seconds = value.day.toordinal() * DAY_SECONDS + seconds_of_day(value.time)
    return seconds - (offset_of(value.time, value.day) or 0)


def moment_plus(value: DateTime, seconds: Decimal) -> DateTime | None:
    """So much later on the clock of the same place."""
    days, rest = divmod(seconds_of_day(value.time) + seconds, DAY_SECONDS)
    if rest < 0:
        days, rest = days - 1, rest + DAY_SECONDS
    day = day_at(value.day.toordinal() + int(days))
    return None if day is None else DateTime(day, time_at(rest, value.time.zone))


def time_plus(value: Time, seconds: Decimal) -> Time:
    """So much later, past midnight if need be."""
    total = (seconds_of_day(value) + seconds) % DAY_SECONDS
    return time_at(total + DAY_SECONDS if total < 0 else total, value.zone)


def months_between(start: Day, end: Day) -> int:
    """Whole months from one date to another, negative backwards (§10.3.4.1 ``years and months duration``)."""
    is_plain = isinstance(start, date) and isinstance(end, date)
    if end < start if is_plain else end.toordinal() < start.toordinal():
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (end.day < start.day)


def from_datetime(value: datetime) -> DateTime:
    """A moment of Python's; a zone of the IANA database keeps its name."""
    offset = value.utcoffset()
    zone: Zone = None if offset is None else int(offset.total_seconds())
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        zone = value.tzinfo.key
    if value.tzinfo is UTC:
        zone = 0
    return DateTime(
        value.date(), Time(value.hour, value.minute, value.second, value.microsecond * 1000, zone)
    )


def from_timedelta(value: timedelta) -> Seconds:
    return Seconds(Decimal(value.days * DAY_SECONDS + value.seconds) + Decimal(value.microseconds).scaleb(-6))
