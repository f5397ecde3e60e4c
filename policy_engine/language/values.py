"""The values of FEEL (DMN 1.5 §10.3.2) and the one that plain FEEL has not: unknown."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec

from policy_engine.language.effort import spend
from policy_engine.language.temporal import (
    DateTime,
    FarDate,
    Months,
    Seconds,
    Time,
    from_datetime,
    from_timedelta,
    instant_of,
    is_zoned,
    offset_of,
    seconds_of_day,
)
from policy_engine.language.temporal_text import day_from

#: IEEE 754 decimal128 (§10.3.2.3.1).
DECIMAL128: Final = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])


#: Lists and contexts inside one another, as a result.
DEEPEST_VALUE: Final = 100


class Unknown(Enum):
    """Nobody has told us; never to be mistaken for null, which is known to be none."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false: ask for it by name")


UNKNOWN: Final = Unknown.UNKNOWN


class Truth(Enum):
    """What a condition comes to: it holds, it does not, or it hangs on a fact nobody knows."""

    TRUE = "true"
    NOT_TRUE = "not_true"
    UNKNOWN = "unknown"


class Span(msgspec.Struct, frozen=True):
    """A range as a value. ``form`` is the comparison it was written as (``<``, ``>=``, ``=``, ``!=``), else empty;
    the end that such a form leaves out is null and has no limit."""

    low: Any
    high: Any
    is_low_closed: bool
    is_high_closed: bool
    form: str = ""


class Function(msgspec.Struct, frozen=True):
    """A function as a value: what it does, the names of its parameters, and the types it was declared with.

    ``takes_any``: it looks itself at how many arguments there are; ``named``: it has its own way with names.
    """

    body: Callable[..., Any]
    parameters: tuple[str, ...]
    types: tuple[Any, ...] = ()
    result: Any = None
    takes_any: bool = False
    named: Callable[[dict[str, Any]], Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return self.body(*arguments)

    def by_name(self, arguments: dict[str, Any]) -> Any:
        """Called with each argument under its name; null for a wrong one or one too few."""
        if self.named is not None:
            return self.named(arguments)
        if arguments.keys() != set(self.parameters):
            return None
        return self.body(*(arguments[name] for name in self.parameters))


Value: TypeAlias = (
    Decimal
    | str
    | bool
    | date
    | FarDate
    | Time
    | DateTime
    | Months
    | Seconds
    | Span
    | Function
    | list[Any]
    | dict[str, Any]
    | None
)


def date_of(text: str) -> date | None:
    """The date that a text writes in full (``2026-01-31``), else null: years 1 to 9999, no week numbers, no shorter forms."""
    day = day_from(text)
    return day if isinstance(day, date) else None


def feel_value(value: Any) -> Any:
    """A value of Python's as FEEL knows it: numbers become decimals, moments and spans their own types."""
    if isinstance(value, bool | Decimal | str) or value is None:
        return value
    if isinstance(value, int):
        return DECIMAL128.create_decimal(value)
    if isinstance(value, float):
        number = DECIMAL128.create_decimal(repr(value))
        return number if number.is_finite() else None
    if isinstance(value, datetime):
        return from_datetime(value)
    if isinstance(value, time):
        return from_datetime(datetime.combine(date(2000, 1, 1), value)).time
    if isinstance(value, timedelta):
        return from_timedelta(value)
    if isinstance(value, (list, tuple)):
        return [feel_value(item) for item in value]
    if isinstance(value, dict):
        return {key: feel_value(item) for key, item in value.items()}
    return value


def is_bounded(value: Any) -> bool:
    """Whether a value can be written out: lists that share items may be small to keep and endless to go through.

    Raises ``TooMuchWork`` for too many items.
    """
    pending = [(value, 0)]
    while pending:
        one, depth = pending.pop()
        if isinstance(one, (list, dict)):
            if depth == DEEPEST_VALUE:
                return False
            spend(1 + len(one) // 8)
            inside = one.values() if isinstance(one, dict) else one
            pending.extend((item, depth + 1) for item in inside if isinstance(item, (list, dict)))
    return True


def ordered(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 where both can be ordered, else null (§10.3.2.13)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return (left > right) - (left < right)
    if isinstance(left, Months) and isinstance(right, Months):
        return (left.months > right.months) - (left.months < right.months)
    if type(left) is type(right) and isinstance(left, str | date):
        return (left > right) - (left < right)
    first, second = _measure(left, right), _measure(right, left)
    if first is None or second is None or first[0] != second[0]:
        return None
    return (first[1] > second[1]) - (first[1] < second[1])


def _measure(value: Any, other: Any) -> tuple[str, Decimal | int] | None:
    """What kind of time a value is and a number to order it by; local and zoned times are different kinds."""
    if isinstance(value, date | FarDate):
        return "date", value.toordinal()
    if isinstance(value, Seconds):
        return "seconds", value.seconds
    if isinstance(value, DateTime):
        return "zoned moment" if is_zoned(value) else "moment", instant_of(value)
    if isinstance(value, Time):
        if isinstance(other, Time) and value.zone == other.zone:
            return "time of one place", seconds_of_day(value)
        offset = offset_of(value, None)
        return None if offset is None else ("zoned time", seconds_of_day(value) - offset)
    return None


def equal(left: Any, right: Any) -> bool | None:
    """Whether two values are the same; null between values of different kinds. Fractions of a second do not count."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) and isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        spend(1 + len(left))
        return len(left) == len(right) and all(equal(a, b) is True for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        spend(1 + len(left))
        return left.keys() == right.keys() and all(equal(left[key], right[key]) is True for key in left)
    if isinstance(left, Span) and isinstance(right, Span):
        return left == right
    if isinstance(left, Time | DateTime) and type(left) is type(right):
        left, right = _whole(left), _whole(right)
    order = ordered(left, right)
    return None if order is None else order == 0


def _whole(value: Time | DateTime) -> Time | DateTime:
    if isinstance(value, DateTime):
        return DateTime(value.day, msgspec.structs.replace(value.time, nanosecond=0))
    return msgspec.structs.replace(value, nanosecond=0)


def is_same(left: Any, right: Any) -> bool:
    """Whether two values are one in every part (§10.3.4.9 ``is``): a zone by name is not an offset."""
    if isinstance(left, list) and isinstance(right, list):
        spend(1 + len(left))
        return len(left) == len(right) and all(is_same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, Time | DateTime):
        return bool(left == right)
    return type(left) is type(right) and equal(left, right) is True
