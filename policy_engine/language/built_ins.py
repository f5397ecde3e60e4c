"""The built-in functions that policies use (DMN 1.5 §10.3.4): null for arguments they are not meant for."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from policy_engine.language.values import DECIMAL128, Months, date_of, ordered

MOST_DECIMALS = 34


def months_between(start: date, end: date) -> int:
    """Whole months from one date to another, negative backwards (§10.3.4.1 ``years and months duration``)."""
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (end.day < start.day)


def _months(start: Any, end: Any) -> Months | None:
    return Months(months_between(start, end)) if isinstance(start, date) and isinstance(end, date) else None


def _rounding(mode: str) -> Callable[..., Decimal | None]:
    def rounded(number: Any, scale: Any = Decimal(0)) -> Decimal | None:
        if (
            not isinstance(number, Decimal)
            or not isinstance(scale, Decimal)
            or scale != scale.to_integral_value()
        ):
            return None
        if abs(scale) > MOST_DECIMALS:
            return None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -int(scale):
            return number
        step = Decimal(1).scaleb(-int(scale))
        result = number.quantize(step, rounding=mode, context=DECIMAL128)
        return result if result.is_finite() else None

    return rounded


def _date(text: Any, month: Any = None, day: Any = None) -> date | None:
    if isinstance(text, str) and month is None:
        return date_of(text)
    parts = [part for part in (text, month, day) if isinstance(part, Decimal)]
    if len(parts) == 3 and all(part == part.to_integral_value() and abs(part) < 10_000 for part in parts):
        with suppress(ValueError):
            return date(*(int(part) for part in parts))
    return text if isinstance(text, date) and month is None else None


def _items(arguments: tuple[Any, ...]) -> list[Any] | None:
    if len(arguments) == 1:
        return arguments[0] if isinstance(arguments[0], list) else [arguments[0]]
    return list(arguments)


def _best(wanted: int) -> Callable[..., Any]:
    def best(*arguments: Any) -> Any:
        items = _items(arguments)
        if not items:
            return None
        found = items[0]
        for item in items:
            order = ordered(item, found)
            if order is None:
                return None
            if order == wanted:
                found = item
        return found

    return best


def _sum(*arguments: Any) -> Decimal | None:
    items = _items(arguments)
    if not items or not all(isinstance(item, Decimal) for item in items):
        return None
    total = Decimal(0)
    for item in items:
        total = DECIMAL128.add(total, item)
    return total


def _count(*arguments: Any) -> Decimal | None:
    items = _items(arguments)
    return None if items is None else Decimal(len(items))


def _absolute(number: Any) -> Decimal | Months | None:
    if isinstance(number, Months):
        return Months(abs(number.months))
    return DECIMAL128.abs(number) if isinstance(number, Decimal) else None


def _not(value: Any) -> bool | None:
    return (not value) if isinstance(value, bool) else None


def _starts_with(text: Any, beginning: Any) -> bool | None:
    return text.startswith(beginning) if isinstance(text, str) and isinstance(beginning, str) else None


def _ends_with(text: Any, end: Any) -> bool | None:
    return text.endswith(end) if isinstance(text, str) and isinstance(end, str) else None


def _contains(text: Any, part: Any) -> bool | None:
    return part in text if isinstance(text, str) and isinstance(part, str) else None


def _length(text: Any) -> Decimal | None:
    return Decimal(len(text)) if isinstance(text, str) else None


ROUNDINGS: Mapping[str, str] = {
    "round half up": ROUND_HALF_UP,
    "round half down": ROUND_HALF_DOWN,
    "round up": ROUND_UP,
    "round down": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
}

BUILT_INS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    # name -> (function, fewest arguments, most)
    "years and months duration": (_months, 2, 2),
    "date": (_date, 1, 3),
    **{name: (_rounding(mode), 1, 2) for name, mode in ROUNDINGS.items()},
    "abs": (_absolute, 1, 1),
    "min": (_best(-1), 1, 99),
    "max": (_best(1), 1, 99),
    "sum": (_sum, 1, 99),
    "count": (_count, 1, 99),
    "not": (_not, 1, 1),
    "starts with": (_starts_with, 2, 2),
    "ends with": (_ends_with, 2, 2),
    "contains": (_contains, 2, 2),
    "string length": (_length, 1, 1),
}
