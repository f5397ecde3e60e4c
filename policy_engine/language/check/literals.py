"""What is written out: numbers small enough to be reckoned with in columns, dates in full, digits to round to."""

from datetime import date
from decimal import Decimal

from policy_engine.language import ast
from policy_engine.language.types import BOOLEAN, DATE, NULL, STRING, FeelType
from policy_engine.language.values import date_of

MOST_DECIMALS = 6
LARGEST_NUMBER = 10**12


def is_handy(number: Decimal) -> bool:
    """Small enough that whole numbers of its units can be multiplied in 64 bits."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS and abs(number) < LARGEST_NUMBER


def literal_type(value: object) -> FeelType:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return FeelType("number", 10 ** max(0, -exponent) if isinstance(exponent, int) else 1)
    if isinstance(value, str):
        return STRING
    return DATE if isinstance(value, date) else NULL


def is_text(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and isinstance(node.value, str)


def is_date_text(node: ast.Expression) -> bool:
    if not isinstance(node, ast.Literal) or not isinstance(node.value, str):
        return False
    return date_of(node.value) is not None


def digits(node: ast.Call) -> int | None:
    """How many decimals a rounding keeps."""
    if len(node.arguments) == 1:
        return 0
    given = node.arguments[1]
    if isinstance(given, ast.Literal) and isinstance(given.value, Decimal) and given.value in range(7):
        return int(given.value)
    return None
