"""Days and times (§10.3.4.1, 10.3.4.7): made from their parts, and their places in week, month and year."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from policy_engine.language.built_ins.registry import ANY, DAY_OR_MOMENT, built_in
from policy_engine.language.temporal import (
    DateTime,
    Day,
    FarDate,
    Months,
    Seconds,
    Time,
    day_of,
    months_between,
)
from policy_engine.language.temporal_text import day_from, duration_from, moment_from, time_from
from policy_engine.language.values import is_same

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_FARTHEST_OFFSET: Final = 18 * 3600


def _whole(value: Any) -> int | None:
    """A number without a fraction, and no larger than any year."""
    if not isinstance(value, Decimal) or abs(value) > 10**9 or value != value.to_integral_value():
        return None
    return int(value)


@built_in(
    "date",
    {"from": ANY, "month": ANY, "day": ANY},
    fewest=1,
    named=({"from": ANY}, {"year": ANY, "month": ANY, "day": ANY}),
)
def day_made(*parts: Any) -> Day | None:
    """From text, from a moment, or from year, month and day."""
    if len(parts) == 3:
        year, month, day = (_whole(part) for part in parts)
        return None if year is None or month is None or day is None else day_of(year, month, day)
    if len(parts) == 2:
        return None
    value = parts[0]
    if isinstance(value, str):
        return day_from(value)
    if isinstance(value, DateTime):
        return value.day
    return value if isinstance(value, date | FarDate) else None


@built_in(
    "time",
    {"from": ANY, "minute": ANY, "second": ANY, "offset": ANY},
    fewest=1,
    named=({"from": ANY}, {"hour": ANY, "minute": ANY, "second": ANY, "offset": ANY}),
)
def time_made(*parts: Any) -> Time | None:
    """From text, from a moment, or from hour, minute, second and perhaps an offset."""
    if len(parts) > 1:
        return _time_of(*parts) if len(parts) > 2 else None
    value = parts[0]
    if isinstance(value, str):
        return time_from(value)
    if isinstance(value, DateTime):
        return value.time
    if isinstance(value, date | FarDate):
        return Time(0, 0, 0, 0, 0)
    return value if isinstance(value, Time) else None


def _time_of(hour: Any, minute: Any, second: Any, offset: Any = None) -> Time | None:
    if not isinstance(offset, Seconds | None) or not isinstance(second, Decimal):
        return None
    whole_hour, whole_minute = _whole(hour), _whole(minute)
    if whole_hour is None or whole_minute is None or not 0 <= second < 60:
        return None
    if not 0 <= whole_hour <= 23 or not 0 <= whole_minute <= 59:
        return None
    if offset is not None and abs(offset.seconds) > _FARTHEST_OFFSET:
        return None
    zone = None if offset is None else int(offset.seconds)
    nanosecond = int((second % 1).scaleb(9))
    return Time(whole_hour, whole_minute, int(second), nanosecond, zone)


@built_in(
    "date and time", {"date": ANY, "time": ANY}, fewest=1, named=({"from": ANY}, {"date": ANY, "time": ANY})
)
def moment_made(*parts: Any) -> DateTime | None:
    """From text, or from a day and a time."""
    if len(parts) == 2:
        day = parts[0].day if isinstance(parts[0], DateTime) else parts[0]
        is_made = isinstance(day, date | FarDate) and isinstance(parts[1], Time)
        return DateTime(day, parts[1]) if is_made else None
    value = parts[0]
    if isinstance(value, str):
        return moment_from(value)
    if isinstance(value, date | FarDate):
        return DateTime(value, Time(0, 0, 0, 0, 0))
    return value if isinstance(value, DateTime) else None


@built_in("duration", {"from": ANY})
def duration_made(value: Any) -> Months | Seconds | None:
    if isinstance(value, str):
        return duration_from(value)
    return value if isinstance(value, Months | Seconds) else None


@built_in("years and months duration", {"from": DAY_OR_MOMENT, "to": DAY_OR_MOMENT})
def months_made(start: Day | DateTime, end: Day | DateTime) -> Months:
    return Months(months_between(_day(start), _day(end)))


def _day(value: Day | DateTime) -> Day:
    return value.day if isinstance(value, DateTime) else value


@built_in("day of year", {"date": DAY_OR_MOMENT})
def day_of_year(value: Day | DateTime) -> Decimal | None:
    day = _day(value)
    first = day_of(day.year, 1, 1)
    return None if first is None else Decimal(day.toordinal() - first.toordinal() + 1)


@built_in("day of week", {"date": DAY_OR_MOMENT})
def day_of_week(value: Day | DateTime) -> str:
    return _WEEKDAYS[_day(value).isoweekday() - 1]


@built_in("month of year", {"date": DAY_OR_MOMENT})
def month_of_year(value: Day | DateTime) -> str:
    return _MONTHS[_day(value).month - 1]


@built_in("week of year", {"date": DAY_OR_MOMENT})
def week_of_year(value: Day | DateTime) -> Decimal:
    """The week's number by ISO 8601: that of the year its Thursday lies in."""
    day = _day(value)
    thursday = day.toordinal() + 4 - day.isoweekday()
    # Days fall on the same weekdays every 400 years.
    shifted = date.fromordinal((thursday - 1) % 146_097 + 1)
    return Decimal((shifted.timetuple().tm_yday - 1) // 7 + 1)


@built_in("is", {"value1": ANY, "value2": ANY})
def same(left: Any, right: Any) -> bool:
    return is_same(left, right)
