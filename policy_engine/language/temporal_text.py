"""Days, times, moments and lengths of time, read from text and written as text (XML Schema Part 2, DMN 1.5 §10.3.2.3)."""

import re
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from policy_engine.language.temporal import (
    DAY_SECONDS,
    DateTime,
    Day,
    FarDate,
    Months,
    Seconds,
    Time,
    Zone,
    day_at,
    day_of,
    zone_named,
)

Temporal: TypeAlias = date | FarDate | Time | DateTime | Months | Seconds

_DATE: Final = re.compile(r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d{2})-(\d{2})", re.ASCII)
_TIME: Final = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(.*)", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])(\d{2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_MONTHS: Final = re.compile(r"(-?)P(?:(\d{1,12})Y)?(?:(\d{1,12})M)?", re.ASCII)
_SECONDS: Final = re.compile(
    r"(-?)P(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{0,9})\d{0,9})?S)?)?",
    re.ASCII,
)
_FARTHEST_OFFSET: Final = 18 * 3600


def day_from(text: str) -> Day | None:
    """``2026-01-31``: no week numbers, no shorter forms; null for anything else."""
    found = _DATE.fullmatch(text)
    return day_of(int(found[1]), int(found[2]), int(found[3])) if found else None


def time_from(text: str) -> Time | None:
    """``12:30:00``, with a fraction, an offset (``+08:00``, ``Z``) or a zone (``@Asia/Shanghai``) as it may be."""
    read = _time_parts(text)
    return read[0] if read and not read[1] else None


def _time_parts(text: str) -> tuple[Time, bool] | None:
    """The time, and whether it is the midnight that ends a day (``24:00:00``)."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    nanosecond = int((found[4] or "0").ljust(9, "0"))
    is_end = hour == 24 and minute == second == nanosecond == 0
    if (hour > 23 and not is_end) or minute > 59 or second > 59:
        return None
    is_given, zone = _zone_from(found[5])
    if not is_given:
        return None
    return Time(0 if is_end else hour, minute, second, nanosecond, zone), is_end


def _zone_from(text: str) -> tuple[bool, Zone]:
    """Whether the text is a zone at all, and which."""
    if not text:
        return True, None
    if text == "Z":
        return True, 0
    if text.startswith("@"):
        return zone_named(text[1:]) is not None, text[1:]
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[3]) > 59:
        return False, None
    offset = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
    return offset <= _FARTHEST_OFFSET, -offset if found[1] == "-" else offset


def moment_from(text: str) -> DateTime | None:
    """A date and a time with ``T`` between; a date alone is its midnight."""
    before, separator, after = text.partition("T")
    day = day_from(before)
    if day is None:
        return None
    if not separator:
        return DateTime(day, Time(0, 0, 0))
    read = _time_parts(after)
    if read is None:
        return None
    following = day_at(day.toordinal() + 1) if read[1] else day
    return None if following is None else DateTime(following, read[0])


def duration_from(text: str) -> Months | Seconds | None:
    """``P1Y2M``, ``P3DT4H5M6.7S``; the two kinds do not mix."""
    found = _MONTHS.fullmatch(text)
    if found and (found[2] or found[3]):
        months = int(found[2] or 0) * 12 + int(found[3] or 0)
        return Months(-months if found[1] else months)
    found = _SECONDS.fullmatch(text)
    if found is None or not any(found.group(2, 3, 4, 5)) or text.endswith("T"):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    total = Decimal(days * DAY_SECONDS + hours * 3600 + minutes * 60 + seconds)
    total += Decimal(int((found[6] or "0").ljust(9, "0"))).scaleb(-9)
    return Seconds(-total if found[1] else total)


def temporal_from(text: str) -> Temporal | None:
    """What stands after ``@``: a day, a time, a moment or a length of time."""
    return (
        day_from(text)
        or time_from(text)
        or duration_from(text)
        or (moment_from(text) if "T" in text else None)
    )


def written(value: Temporal) -> str:
    """As FEEL writes it, without its quotes."""
    if isinstance(value, DateTime):
        return f"{_written_day(value.day)}T{_written_time(value.time)}"
    if isinstance(value, Time):
        return _written_time(value)
    if isinstance(value, Months):
        return _written_months(value.months)
    return _written_seconds(value.seconds) if isinstance(value, Seconds) else _written_day(value)


def _written_day(day: Day) -> str:
    return f"{'-' if day.year < 0 else ''}{abs(day.year):04d}-{day.month:02d}-{day.day:02d}"


def _written_time(time: Time) -> str:
    text = f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}"
    if time.nanosecond:
        text += f".{time.nanosecond:09d}".rstrip("0")
    if isinstance(time.zone, str):
        return f"{text}@{time.zone}"
    if not time.zone:
        return text if time.zone is None else f"{text}Z"
    minutes, seconds = divmod(abs(time.zone), 60)
    tail = f":{seconds:02d}" if seconds else ""
    return f"{text}{'-' if time.zone < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}{tail}"


def _written_months(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    text = (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
    return f"{'-' if months < 0 else ''}P{text}"


def _written_seconds(seconds: Decimal) -> str:
    days, rest = divmod(abs(seconds), DAY_SECONDS)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    clock = (f"{hours:f}H" if hours else "") + (f"{minutes:f}M" if minutes else "")
    if rest:
        plain = f"{rest:f}"
        clock += f"{plain.rstrip('0').rstrip('.') if '.' in plain else plain}S"
    if not days and not clock:
        return "PT0S"
    text = (f"{days:f}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{'-' if seconds < 0 else ''}P{text}"
