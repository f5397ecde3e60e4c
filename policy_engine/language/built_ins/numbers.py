"""Numbers (§10.3.4.5): roundings by name, roots, logarithms, remainders."""

from collections.abc import Callable, Mapping
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any, Final

from policy_engine.language.built_ins.registry import ANY, NUMBER, TRUTH, built_in
from policy_engine.language.temporal import Months, Seconds
from policy_engine.language.values import DECIMAL128

#: The scales that a rounding takes (table 76).
_FINEST, _COARSEST = 6176, -6111

ROUNDINGS: Final[Mapping[str, str]] = {
    "round half up": ROUND_HALF_UP,
    "round half down": ROUND_HALF_DOWN,
    "round up": ROUND_UP,
    "round down": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
}


def finite(number: Decimal) -> Decimal | None:
    return number if number.is_finite() else None


def _rounding(mode: str) -> Callable[..., Decimal | None]:
    def rounded(number: Decimal, scale: Decimal | None = Decimal(0)) -> Decimal | None:
        if scale is None or (digits := int(scale)) != scale or not _COARSEST <= digits <= _FINEST:
            return None
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -digits:
            return number
        # The context would refuse more digits than it keeps, so a number beyond them stays as it is.
        if number.adjusted() + digits >= DECIMAL128.prec:
            return DECIMAL128.plus(number)
        return finite(number.quantize(Decimal(1).scaleb(-digits), rounding=mode, context=DECIMAL128))

    return rounded


for _name, _mode in ROUNDINGS.items():
    built_in(_name, {"n": NUMBER, "scale": NUMBER}, fewest=1)(_rounding(_mode))
_to_even = _rounding(ROUND_HALF_EVEN)


@built_in("decimal", {"n": NUMBER, "scale": NUMBER})
def decimal(number: Decimal, scale: Decimal) -> Decimal | None:
    """Rounded half to even; a fraction of the scale does not count."""
    return _to_even(number, scale.to_integral_value(ROUND_DOWN)) if abs(scale) < 10_000 else None


@built_in("abs", {"n": (Decimal, Months, Seconds)})
def absolute(number: Decimal | Months | Seconds) -> Decimal | Months | Seconds:
    if isinstance(number, Months):
        return Months(abs(number.months))
    if isinstance(number, Seconds):
        return Seconds(abs(number.seconds))
    return DECIMAL128.abs(number)


@built_in("modulo", {"dividend": NUMBER, "divisor": NUMBER})
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """``dividend - divisor * floor(dividend / divisor)``: it has the divisor's sign."""
    if divisor == 0 or dividend.adjusted() - divisor.adjusted() >= DECIMAL128.prec:
        return None
    rest = DECIMAL128.remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = DECIMAL128.add(rest, divisor)
    return finite(rest)


@built_in("sqrt", {"number": NUMBER})
def square_root(number: Decimal) -> Decimal | None:
    return finite(DECIMAL128.sqrt(number)) if number >= 0 else None


@built_in("log", {"number": NUMBER})
def logarithm(number: Decimal) -> Decimal | None:
    return finite(DECIMAL128.ln(number)) if number > 0 else None


@built_in("exp", {"number": NUMBER})
def exponential(number: Decimal) -> Decimal | None:
    return finite(DECIMAL128.exp(number))


def _remainder_of_two(number: Decimal) -> Decimal | None:
    if number != number.to_integral_value():
        return None
    return (
        abs(DECIMAL128.remainder(number, Decimal(2))) if number.adjusted() < DECIMAL128.prec else Decimal(0)
    )


@built_in("odd", {"number": NUMBER})
def is_odd(number: Decimal) -> bool:
    return _remainder_of_two(number) == 1


@built_in("even", {"number": NUMBER})
def is_even(number: Decimal) -> bool:
    return _remainder_of_two(number) == 0


@built_in("not", {"negand": ANY})
def negation(value: Any) -> bool | None:
    return (not value) if isinstance(value, TRUTH) else None
