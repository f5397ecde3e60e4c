"""What loops and filters go through: lists, and from one end to another whole numbers or days (DMN 1.5 §10.3.2.14)."""

from datetime import date
from decimal import Decimal
from typing import Any

from policy_engine.language.effort import spend
from policy_engine.language.temporal import FarDate, day_at
from policy_engine.language.values import Span, ordered


def rounds(span: Span, *, may_descend: bool = False) -> list[Any] | None:
    """From one end to the other, both included where closed; null where the ends cannot be counted."""
    low, high = span.low, span.high
    if not may_descend and ordered(low, high) == 1:
        return None
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        if low != low.to_integral_value() or high != high.to_integral_value():
            return None
        return [Decimal(number) for number in _counted(span, int(low), int(high))]
    if isinstance(low, date | FarDate) and isinstance(high, date | FarDate):
        return [day_at(number) for number in _counted(span, low.toordinal(), high.toordinal())]
    return None


def _counted(span: Span, low: int, high: int) -> range:
    step = 1 if low <= high else -1
    low += 0 if span.is_low_closed else step
    high -= 0 if span.is_high_closed else step
    spend(abs(high - low))
    return range(low, high + step, step)


def items_of(value: Any) -> list[Any]:
    """What a filter looks through: a single value is a list of one, null a list of none (§10.3.2.5)."""
    return value if isinstance(value, list) else [] if value is None else [value]


def item_at(items: list[Any], place: Decimal) -> Any:
    """From 1 at the front, from -1 at the back; null outside."""
    if not 0 < abs(place) <= len(items) or place != place.to_integral_value():
        return None
    return items[int(place) - 1 if place > 0 else int(place)]
