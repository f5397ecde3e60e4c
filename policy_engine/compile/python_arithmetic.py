"""What generated Python calls: exact divisions by named roundings, durations, and folds over rows. Null in, null out."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from policy_engine.language.built_ins import months_between


def _parts(over: int, under: int) -> tuple[int, int, int, int]:
    """Sign, quotient and rest of the absolute values, and the divisor they are of."""
    sign = -1 if (over < 0) is not (under < 0) else 1
    quotient, rest = divmod(abs(over), abs(under))
    return sign, quotient, rest, abs(under)


def half_up(over: int | None, under: int | None) -> int | None:
    """Rounded to the nearest, halves away from zero; null by zero."""
    if over is None or not under:
        return None
    sign, quotient, rest, divisor = _parts(over, under)
    return sign * (quotient + (2 * rest >= divisor))


def half_down(over: int | None, under: int | None) -> int | None:
    """Rounded to the nearest, halves towards zero; null by zero."""
    if over is None or not under:
        return None
    sign, quotient, rest, divisor = _parts(over, under)
    return sign * (quotient + (2 * rest > divisor))


def half_even(over: int | None, under: int | None) -> int | None:
    """Rounded to the nearest, halves to the even neighbour; null by zero."""
    if over is None or not under:
        return None
    sign, quotient, rest, divisor = _parts(over, under)
    return sign * (quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1)))


def away(over: int | None, under: int | None) -> int | None:
    """Rounded away from zero; null by zero."""
    if over is None or not under:
        return None
    sign, quotient, rest, _ = _parts(over, under)
    return sign * (quotient + (rest > 0))


def towards(over: int | None, under: int | None) -> int | None:
    """Rounded towards zero; null by zero."""
    if over is None or not under:
        return None
    sign, quotient, _, _ = _parts(over, under)
    return sign * quotient


def floor(over: int | None, under: int | None) -> int | None:
    """Rounded down along the number line; null by zero."""
    return None if over is None or not under else over // under


def ceiling(over: int | None, under: int | None) -> int | None:
    """Rounded up along the number line; null by zero."""
    return None if over is None or not under else -(-over // under)


def whole_years(start: date | None, end: date | None) -> int | None:
    """The complete years from one day to another, negative backwards."""
    if start is None or end is None:
        return None
    if end < start:
        return -(-months_between(start, end) // 12)
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def months_beyond(start: date | None, end: date | None) -> int | None:
    """The complete months beyond the complete years, negative backwards."""
    if start is None or end is None:
        return None
    months = months_between(start, end)
    return months % 12 if months >= 0 else -(-months % 12)


def total(items: Sequence[int | None]) -> int | None:
    """Null of nothing, and where one item is null."""
    return _folded(sum, items)


def least(items: Sequence[int | None]) -> int | None:
    """Null of nothing, and where one item is null."""
    return _folded(min, items)


def most(items: Sequence[int | None]) -> int | None:
    """Null of nothing, and where one item is null."""
    return _folded(max, items)


def _folded(fold: Callable[[Sequence[Any]], int], items: Sequence[int | None]) -> int | None:
    return fold(items) if items and None not in items else None


#: FEEL's roundings, and the one that only a policy's own rounding has, by the name of their function.
DIVISIONS: Mapping[str, str] = {
    "round half up": "half_up",
    "round half down": "half_down",
    "round half even": "half_even",
    "round up": "away",
    "round down": "towards",
    "floor": "floor",
    "ceiling": "ceiling",
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        half_up,
        half_down,
        half_even,
        away,
        towards,
        floor,
        ceiling,
        whole_years,
        months_beyond,
        total,
        least,
        most,
    )
}
