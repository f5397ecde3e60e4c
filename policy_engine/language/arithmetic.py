"""Sums and products of numbers, texts, days and lengths of time (DMN 1.5 §10.3.2.10, tables 57 to 60)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from policy_engine.language.effort import spend_text
from policy_engine.language.temporal import (
    DAY_SECONDS,
    DateTime,
    FarDate,
    Months,
    Seconds,
    Time,
    day_at,
    instant_of,
    is_zoned,
    moment_plus,
    offset_of,
    plus_months,
    seconds_of_day,
    time_plus,
)
from policy_engine.language.values import DECIMAL128

_LARGEST_EXPONENT: Final = 999_999
#: Beyond this many seconds or months nothing lies within the calendar.
_LONGEST: Final = Decimal(10) ** 20


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    return DECIMAL128.power(DECIMAL128.plus(base), exponent)


_OPERATIONS: Final = {
    "+": DECIMAL128.add,
    "-": DECIMAL128.subtract,
    "*": DECIMAL128.multiply,
    "/": DECIMAL128.divide,
    "**": _power,
}


def reckoned(left: Any, operator: str, right: Any) -> Any:
    """Two values joined by an arithmetic operator; null where that makes no sense."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        if operator == "**" and abs(right) > _LARGEST_EXPONENT:
            return None
        result = _OPERATIONS[operator](left, right)
        return result if result.is_finite() else None
    if isinstance(left, str) and isinstance(right, str):
        return spend_text(left + right) if operator == "+" else None
    rule = _TEMPORAL.get(operator)
    return None if rule is None else rule(left, right)


def negated(value: Any) -> Any:
    """The value below zero; null for what has none."""
    if isinstance(value, Decimal):
        return DECIMAL128.minus(value)
    if isinstance(value, Months):
        return Months(-value.months)
    return Seconds(-value.seconds) if isinstance(value, Seconds) else None


def _added(left: Any, right: Any) -> Any:
    if isinstance(right, Months | Seconds):
        return _moved(left, right)
    return _moved(right, left) if isinstance(left, Months | Seconds) else None


def _subtracted(left: Any, right: Any) -> Any:
    if isinstance(right, Months | Seconds):
        return _moved(left, negated(right))
    if isinstance(left, Time) and isinstance(right, Time):
        return _between_times(left, right)
    first, second = _moment(left), _moment(right)
    if first is None or second is None or is_zoned(first) != is_zoned(second):
        return None
    return Seconds(instant_of(first) - instant_of(second))


def _moment(value: Any) -> DateTime | None:
    """A date counts as its midnight in Greenwich."""
    if isinstance(value, date | FarDate):
        return DateTime(value, Time(0, 0, 0, 0, 0))
    return value if isinstance(value, DateTime) else None


def _between_times(left: Time, right: Time) -> Seconds | None:
    seconds = seconds_of_day(left) - seconds_of_day(right)
    if left.zone == right.zone:
        return Seconds(seconds)
    first, second = offset_of(left, None), offset_of(right, None)
    return None if first is None or second is None else Seconds(seconds - first + second)


def _moved(value: Any, by: Months | Seconds) -> Any:
    if isinstance(by, Months):
        if isinstance(value, Months):
            return Months(value.months + by.months)
        day = value.day if isinstance(value, DateTime) else value
        moved = plus_months(day, by.months) if isinstance(day, date | FarDate) else None
        return DateTime(moved, value.time) if moved is not None and isinstance(value, DateTime) else moved
    if isinstance(value, Seconds):
        return _lasting(DECIMAL128.add(value.seconds, by.seconds))
    if isinstance(value, DateTime):
        return moment_plus(value, by.seconds)
    if isinstance(value, Time):
        return time_plus(value, by.seconds)
    if isinstance(value, date | FarDate):
        return day_at(value.toordinal() + int(by.seconds // DAY_SECONDS) - (by.seconds % DAY_SECONDS < 0))
    return None


def _lasting(seconds: Decimal) -> Seconds | None:
    """A length of time to the nanosecond; null where no calendar is so long."""
    if not seconds.is_finite() or abs(seconds) > _LONGEST:
        return None
    return Seconds(seconds.quantize(Decimal("1E-9"), context=DECIMAL128).normalize(DECIMAL128))


def _months(months: Decimal) -> Months | None:
    return Months(int(months)) if months.is_finite() and abs(months) < _LONGEST else None


def _multiplied(left: Any, right: Any) -> Any:
    value, factor = (left, right) if isinstance(right, Decimal) else (right, left)
    if not isinstance(factor, Decimal):
        return None
    if isinstance(value, Months):
        return _months(DECIMAL128.multiply(Decimal(value.months), factor))
    return _lasting(DECIMAL128.multiply(value.seconds, factor)) if isinstance(value, Seconds) else None


def _divided(left: Any, right: Any) -> Any:
    if isinstance(right, Decimal):
        if isinstance(left, Months):
            return _months(DECIMAL128.divide(Decimal(left.months), right))
        return _lasting(DECIMAL128.divide(left.seconds, right)) if isinstance(left, Seconds) else None
    if isinstance(left, Months) and isinstance(right, Months):
        return reckoned(Decimal(left.months), "/", Decimal(right.months))
    if isinstance(left, Seconds) and isinstance(right, Seconds):
        return reckoned(left.seconds, "/", right.seconds)
    return None


_TEMPORAL: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": _added,
    "-": _subtracted,
    "*": _multiplied,
    "/": _divided,
}
