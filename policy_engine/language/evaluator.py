"""The reference evaluator of plain FEEL: walks the tree; what cannot be computed is null, never an exception (§10.3.2.4)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from policy_engine.language import ast
from policy_engine.language.built_ins import BUILT_INS
from policy_engine.language.parser import parse
from policy_engine.language.values import DECIMAL128, UNKNOWN, Months, Span, equal, ordered

_LARGEST_EXPONENT = 999
_OPERATIONS = {
    "+": DECIMAL128.add,
    "-": DECIMAL128.subtract,
    "*": DECIMAL128.multiply,
    "/": DECIMAL128.divide,
}


class TouchedUnknown(Exception):
    """Plain FEEL met a fact that nobody knows; only ``judge`` can go on from there."""


def evaluate(text: str, context: Mapping[str, Any] | None = None) -> Any:
    """The value of a FEEL text in a context of Python values (Decimal, str, bool, date, list, dict, null).

    Raises ``ProblemList`` where the text is no FEEL.
    """
    known = context or {}
    return value_of(parse(text, list(known)), known)


def value_of(node: ast.Expression, context: Mapping[str, Any]) -> Any:
    """The value of a tree. Raises ``TouchedUnknown`` when an unknown fact is read."""
    return _HANDLERS[type(node)](node, context)


def _literal(node: ast.Literal, _context: Mapping[str, Any]) -> Any:
    return node.value


def _name(node: ast.Name, context: Mapping[str, Any]) -> Any:
    return _known(context.get(node.name))


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        raise TouchedUnknown
    return value


def _path(node: ast.Path, context: Mapping[str, Any]) -> Any:
    base = value_of(node.base, context)
    if isinstance(base, list):
        return [_member(item, node.name) for item in base]
    return _member(base, node.name)


def _member(base: Any, name: str) -> Any:
    if isinstance(base, Mapping):
        return _known(base.get(name))
    if isinstance(base, date) and name in ("year", "month", "day"):
        return Decimal(getattr(base, name))
    if isinstance(base, date) and name == "weekday":
        return Decimal(base.isoweekday())
    if isinstance(base, Months) and name in ("years", "months"):
        sign = -1 if base.months < 0 else 1
        years, months = divmod(abs(base.months), 12)
        return Decimal(sign * (years if name == "years" else months))
    return None


def _negative(node: ast.Negative, context: Mapping[str, Any]) -> Any:
    value = value_of(node.operand, context)
    if isinstance(value, Months):
        return Months(-value.months)
    return DECIMAL128.minus(value) if isinstance(value, Decimal) else None


def _arithmetic(node: ast.Arithmetic, context: Mapping[str, Any]) -> Any:
    return reckoned(value_of(node.left, context), node.operator, value_of(node.right, context))


def reckoned(left: Any, operator: str, right: Any) -> Any:
    """Two values joined by an arithmetic operator; null where that makes no sense."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right if operator == "+" else None
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    if operator == "**":
        if right != right.to_integral_value() or abs(right) > _LARGEST_EXPONENT:
            return None
        result = DECIMAL128.power(DECIMAL128.plus(left), right)
    else:
        result = _OPERATIONS[operator](left, right)
    return result if result.is_finite() else None


def _comparison(node: ast.Comparison, context: Mapping[str, Any]) -> bool | None:
    left, right = value_of(node.left, context), value_of(node.right, context)
    if node.operator in ("=", "!="):
        same = equal(left, right)
        return None if same is None else same is (node.operator == "=")
    return compared(left, node.operator, right)


def compared(left: Any, operator: str, right: Any) -> bool | None:
    order = ordered(left, right)
    if order is None:
        return None
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _junction(node: ast.Junction, context: Mapping[str, Any]) -> bool | None:
    decisive = node.operator == "or"
    values = [value_of(operand, context) for operand in node.operands]
    if any(value is decisive for value in values):
        return decisive
    return (not decisive) if all(isinstance(value, bool) for value in values) else None


def _interval(node: ast.Interval, context: Mapping[str, Any]) -> Span:
    low = None if node.low is None else value_of(node.low, context)
    high = None if node.high is None else value_of(node.high, context)
    return Span(low, high, node.is_low_closed, node.is_high_closed)


def _membership(node: ast.Membership, context: Mapping[str, Any]) -> bool | None:
    value = value_of(node.value, context)
    return any_holds(value, [value_of(test, context) for test in node.tests], node.tests)


def any_holds(value: Any, tests: list[Any], nodes: tuple[ast.Expression, ...]) -> bool | None:
    """Whether one of the evaluated tests holds for ``value``; null when none does and one could not be compared."""
    results = [holds(value, test, node) for test, node in zip(tests, nodes, strict=True)]
    if any(result is True for result in results):
        return True
    return None if any(result is None for result in results) else False


def holds(value: Any, test: Any, node: ast.Expression) -> bool | None:
    """One unary test; an interval without an end is open on that side."""
    if isinstance(test, Span):
        is_half_open = isinstance(node, ast.Interval) and (node.low is None or node.high is None)
        low = (
            True
            if is_half_open and test.low is None
            else compared(value, ">=" if test.is_low_closed else ">", test.low)
        )
        high = (
            True
            if is_half_open and test.high is None
            else compared(value, "<=" if test.is_high_closed else "<", test.high)
        )
        return None if low is None or high is None else low and high
    if isinstance(test, list) and not isinstance(value, list):
        return any(equal(value, item) is True for item in test)
    return equal(value, test)


def _between(node: ast.Between, context: Mapping[str, Any]) -> bool | None:
    value = value_of(node.value, context)
    low = compared(value, ">=", value_of(node.low, context))
    high = compared(value, "<=", value_of(node.high, context))
    return None if low is None or high is None else low and high


def _choice(node: ast.Choice, context: Mapping[str, Any]) -> Any:
    chosen = node.consequence if value_of(node.condition, context) is True else node.alternative
    return value_of(chosen, context)


def _call(node: ast.Call, context: Mapping[str, Any]) -> Any:
    return call(node.function, [value_of(argument, context) for argument in node.arguments], context)


def call(name: str, arguments: list[Any], context: Mapping[str, Any]) -> Any:
    """What a function says: one of the context before a built-in of the same name; null for a wrong number of arguments."""
    given = context.get(name)
    if callable(given):
        return given(*arguments)
    function, fewest, most = BUILT_INS.get(name, (None, 0, 0))
    if function is None or not fewest <= len(arguments) <= most:
        return None
    return function(*arguments)


def _list(node: ast.ListOf, context: Mapping[str, Any]) -> list[Any]:
    return [value_of(item, context) for item in node.items]


def _filter(node: ast.Filter, context: Mapping[str, Any]) -> Any:
    items = items_of(value_of(node.base, context))
    if isinstance(node.condition, ast.Literal | ast.Negative):
        place = value_of(node.condition, context)
        if isinstance(place, Decimal):
            return _item_at(items, place)
    results = [value_of(node.condition, inside(context, item)) for item in items]
    if results and isinstance(results[0], Decimal):
        return _item_at(items, results[0])
    return [item for item, result in zip(items, results, strict=True) if result is True]


def items_of(value: Any) -> list[Any]:
    """What a filter looks through: a single value is a list of one, null a list of none (§10.3.2.5)."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _item_at(items: list[Any], place: Decimal) -> Any:
    """From 1 at the front, from -1 at the back; null outside."""
    if not 0 < abs(place) <= len(items) or place != place.to_integral_value():
        return None
    return items[int(place) - 1 if place > 0 else int(place)]


def inside(context: Mapping[str, Any], item: Any) -> Mapping[str, Any]:
    """The context in which a filter looks at one item: its own entries first, and ``item`` itself."""
    return {**context, **(item if isinstance(item, Mapping) else {}), "item": item}


def _quantified(node: ast.Quantified, context: Mapping[str, Any]) -> bool | None:
    source = value_of(node.source, context)
    if not isinstance(source, list):
        return None
    decisive = node.quantifier == "some"
    results = [value_of(node.condition, {**context, node.variable: item}) for item in source]
    if any(result is decisive for result in results):
        return decisive
    return (not decisive) if all(isinstance(result, bool) for result in results) else None


_HANDLERS: dict[type, Callable[[Any, Mapping[str, Any]], Any]] = {
    ast.Literal: _literal,
    ast.Name: _name,
    ast.Path: _path,
    ast.Negative: _negative,
    ast.Arithmetic: _arithmetic,
    ast.Comparison: _comparison,
    ast.Junction: _junction,
    ast.Interval: _interval,
    ast.Membership: _membership,
    ast.Between: _between,
    ast.Choice: _choice,
    ast.Call: _call,
    ast.ListOf: _list,
    ast.Filter: _filter,
    ast.Quantified: _quantified,
}
