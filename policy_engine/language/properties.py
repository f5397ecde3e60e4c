"""What a dot leads to: the entries of a context, and the parts of dates, times, lengths of time and ranges (table 65)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from policy_engine.language.temporal import (
    DAY_SECONDS,
    DateTime,
    Day,
    FarDate,
    Months,
    Seconds,
    Time,
    offset_of,
)
from policy_engine.language.values import Span


def property_of(base: Any, name: str) -> Any:
    """The named part of a value that is no context; null where it has none."""
    reader = _READERS.get(type(base))
    return None if reader is None else reader(base, name)


def _of_day(day: Day, name: str) -> Decimal | None:
    if name in ("year", "month", "day"):
        return Decimal(getattr(day, name))
    return Decimal(day.isoweekday()) if name == "weekday" else None


def _of_time(time: Time, name: str, day: Day | None = None) -> Any:
    if name in ("hour", "minute", "second"):
        return Decimal(getattr(time, name))
    if name == "time offset":
        offset = offset_of(time, day)
        return None if offset is None else Seconds(Decimal(offset))
    return time.zone if name == "timezone" and isinstance(time.zone, str) else None


def _of_moment(value: DateTime, name: str) -> Any:
    found = _of_day(value.day, name)
    return _of_time(value.time, name, value.day) if found is None else found


def _of_months(value: Months, name: str) -> Decimal | None:
    if name not in ("years", "months"):
        return None
    years, months = divmod(abs(value.months), 12)
    return _signed(years if name == "years" else months, is_negative=value.months < 0)


def _of_seconds(value: Seconds, name: str) -> Decimal | None:
    whole = int(abs(value.seconds))
    minutes, seconds = divmod(whole % DAY_SECONDS, 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"days": whole // DAY_SECONDS, "hours": hours, "minutes": minutes, "seconds": seconds}
    return _signed(parts.get(name), is_negative=value.seconds < 0)


def _signed(part: int | None, *, is_negative: bool) -> Decimal | None:
    return None if part is None else Decimal(-part if is_negative else part)


def _of_span(span: Span, name: str) -> Any:
    parts = {
        "start": span.low,
        "end": span.high,
        "start included": span.is_low_closed,
        "end included": span.is_high_closed,
    }
    return parts.get(name)


_READERS: Final[dict[type, Callable[[Any, str], Any]]] = {
    date: _of_day,
    FarDate: _of_day,
    Time: _of_time,
    DateTime: _of_moment,
    Months: _of_months,
    Seconds: _of_seconds,
    Span: _of_span,
}
