"""Exact fractions become whole fen in one place, by a rule that has a name."""

from fractions import Fraction
from math import ceil, floor
from typing import Literal

Rounding = Literal["half_up", "half_even", "down"]


def to_whole(value: Fraction, rounding: Rounding = "half_up") -> int:
    """``value`` as a whole number: 四舍五入, 银行家舍入, or cut off towards zero."""
    match rounding:
        case "half_up":
            return floor(value + Fraction(1, 2)) if value >= 0 else ceil(value - Fraction(1, 2))
        case "half_even":
            return round(value)
        case "down":
            return int(value)
