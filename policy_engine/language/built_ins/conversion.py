"""Texts to values and values to texts (§10.3.4.1)."""

import re
from decimal import Decimal
from typing import Any, Final

from policy_engine.language import ast
from policy_engine.language.built_ins.dates import day_made, duration_made, moment_made, time_made
from policy_engine.language.built_ins.numbers import finite
from policy_engine.language.built_ins.registry import ANY, TEXT, built_in
from policy_engine.language.formatting import text_of
from policy_engine.language.parser import parse
from policy_engine.language.problems import ProblemList
from policy_engine.language.values import DECIMAL128, Span, ordered

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST_NUMBER: Final = 10_000
#: The functions that may stand in the text of a range.
_MAKERS: Final = {
    "date": day_made,
    "time": time_made,
    "date and time": moment_made,
    "duration": duration_made,
}


@built_in("number", {"from": TEXT, "grouping separator": TEXT, "decimal separator": TEXT}, fewest=1)
def number_from(text: str, grouping: str | None = None, point: str | None = None) -> Decimal | None:
    """``number("1 234,5", " ", ",")`` is 1234.5."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ","):
        return None
    if grouping is not None and grouping == point:
        return None
    plain = text if grouping is None else text.replace(grouping, "")
    if point == ",":
        plain = plain.replace(",", ".") if "." not in plain else ""
    if len(plain) > _LONGEST_NUMBER or _NUMBER.fullmatch(plain) is None:
        return None
    return finite(DECIMAL128.create_decimal(plain))


@built_in("string", {"from": ANY})
def string_from(value: Any) -> str | None:
    return None if value is None else text_of(value)


@built_in("range", {"from": TEXT})
def range_from(text: str) -> Span | None:
    """``range("[1..3]")``: ends are literals, in order, of one kind."""
    try:
        tree = parse(text)
    except ProblemList:
        return None
    if not isinstance(tree, ast.Interval) or tree.low is None or tree.high is None:
        return None
    low, high = _end(tree.low), _end(tree.high)
    order = ordered(low, high)
    if order is None or order > 0:
        return None
    return Span(low, high, tree.is_low_closed, tree.is_high_closed)


def _end(node: ast.Expression) -> Any:
    """A literal, a number below zero, or a date and its like made from a text."""
    if isinstance(node, ast.Literal):
        return node.value
    if isinstance(node, ast.Negative) and isinstance(node.operand, ast.Literal):
        value = node.operand.value
        return -value if isinstance(value, Decimal) else None
    if isinstance(node, ast.Call) and node.function in _MAKERS:
        values = [one.value for one in node.arguments if isinstance(one, ast.Literal)]
        if len(values) == len(node.arguments) == 1 and isinstance(values[0], str):
            return _MAKERS[node.function](values[0])
    return None
