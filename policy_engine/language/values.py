"""The values of FEEL (DMN 1.5 §10.3.2) and the one that plain FEEL has not: unknown."""

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec

#: IEEE 754 decimal128 (§10.3.2.3.1).
DECIMAL128: Final = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


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


class Months(msgspec.Struct, frozen=True):
    """A years-and-months duration."""

    months: int


class Span(msgspec.Struct, frozen=True):
    """An interval as a value."""

    low: Any
    high: Any
    is_low_closed: bool
    is_high_closed: bool


Value: TypeAlias = Decimal | str | bool | date | Months | Span | list[Any] | dict[str, Any] | None


def date_of(text: str) -> date | None:
    """The date that a text writes in full (``2026-01-31``), else null: no week numbers, no shorter forms (§10.3.2.3.4)."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


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
    return None


def equal(left: Any, right: Any) -> bool | None:
    """Whether two values are the same; null between values of different kinds."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) and isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) is True for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) is True for key in left)
    if isinstance(left, Span) and isinstance(right, Span):
        return left == right
    order = ordered(left, right)
    return None if order is None else order == 0
