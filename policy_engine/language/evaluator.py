"""The reference evaluator of plain FEEL: walks the tree; what cannot be computed is null, never an exception (§10.3.2.4)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from policy_engine.language import ast
from policy_engine.language.arithmetic import negated, reckoned
from policy_engine.language.built_ins import BUILT_INS, built_in_value
from policy_engine.language.conformance import coerced, conforms
from policy_engine.language.effort import deeper, spend
from policy_engine.language.loops import item_at, items_of, rounds
from policy_engine.language.parser import TESTED
from policy_engine.language.properties import property_of
from policy_engine.language.unary import compared, holds
from policy_engine.language.values import UNKNOWN, Function, Span, equal

Context = Mapping[str, Any]


class TouchedUnknown(Exception):
    """Plain FEEL met a fact that nobody knows; only ``judge`` can go on from there."""


def value_of(node: ast.Expression, context: Context) -> Any:
    """The value of a tree. Raises ``TouchedUnknown`` when an unknown fact is read."""
    return _HANDLERS[type(node)](node, context)


def _literal(node: ast.Literal, _context: Context) -> Any:
    return node.value


def _name(node: ast.Name, context: Context) -> Any:
    value = context.get(node.name)
    if value is None and node.name not in context:
        return built_in_value(node.name)
    return _known(value)


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        raise TouchedUnknown
    return value


def _path(node: ast.Path, context: Context) -> Any:
    base = value_of(node.base, context)
    if isinstance(base, list):
        return [_member(item, node.name) for item in base]
    return _member(base, node.name)


def _member(base: Any, name: str) -> Any:
    if isinstance(base, Mapping):
        return _known(base.get(name))
    return property_of(base, name)


def _negative(node: ast.Negative, context: Context) -> Any:
    return negated(value_of(node.operand, context))


def _arithmetic(node: ast.Arithmetic, context: Context) -> Any:
    return reckoned(value_of(node.left, context), node.operator, value_of(node.right, context))


def _comparison(node: ast.Comparison, context: Context) -> bool | None:
    left, right = value_of(node.left, context), value_of(node.right, context)
    if node.operator in ("=", "!="):
        same = equal(left, right)
        return None if same is None else same is (node.operator == "=")
    return compared(left, node.operator, right)


def _junction(node: ast.Junction, context: Context) -> bool | None:
    decisive = node.operator == "or"
    values = [value_of(operand, context) for operand in node.operands]
    if any(value is decisive for value in values):
        return decisive
    return (not decisive) if all(isinstance(value, bool) for value in values) else None


def _interval(node: ast.Interval, context: Context) -> Span:
    low = None if node.low is None else value_of(node.low, context)
    high = None if node.high is None else value_of(node.high, context)
    form = ""
    if node.low is None:
        form = "<=" if node.is_high_closed else "<"
    elif node.high is None:
        form = ">=" if node.is_low_closed else ">"
    return Span(low, high, node.is_low_closed, node.is_high_closed, form)


def _equality_range(node: ast.EqualityRange, context: Context) -> Span:
    end = value_of(node.end, context)
    is_closed = node.operator == "="
    return Span(end, end, is_closed, is_closed, node.operator)


def _membership(node: ast.Membership, context: Context) -> bool | None:
    return passes(value_of(node.value, context), node.tests, context)


def passes(value: Any, tests: tuple[ast.Expression, ...], context: Context) -> bool | None:
    """Whether one of the tests holds for ``value``; null when none does and one could not be compared."""
    results = [
        _asked(test, value, context) if type(test) is ast.Test else holds(value, value_of(test, context))
        for test in tests
    ]
    if any(result is True for result in results):
        return True
    return None if any(result is None for result in results) else False


def _asked(test: ast.Test, value: Any, context: Context) -> bool | None:
    result = value_of(test.condition, {**context, TESTED: value})
    return result if isinstance(result, bool) else None


def _test(node: ast.Test, context: Context) -> Any:
    return value_of(node.condition, context)


def _between(node: ast.Between, context: Context) -> bool | None:
    value = value_of(node.value, context)
    low = compared(value, ">=", value_of(node.low, context))
    high = compared(value, "<=", value_of(node.high, context))
    return None if low is None or high is None else low and high


def _choice(node: ast.Choice, context: Context) -> Any:
    chosen = node.consequence if value_of(node.condition, context) is True else node.alternative
    return value_of(chosen, context)


def _call(node: ast.Call, context: Context) -> Any:
    return call(node.function, [value_of(argument, context) for argument in node.arguments], context)


def call(name: str, arguments: list[Any], context: Context) -> Any:
    """What a function says: one of the context before a built-in of the same name; null for a wrong number of arguments."""
    given = context.get(name)
    if given is not None and callable(given):
        return _called(given, arguments)
    built_in = BUILT_INS.get(name)
    return None if built_in is None else built_in(*arguments)


def _called(function: Callable[..., Any], arguments: list[Any]) -> Any:
    if isinstance(function, Function) and len(arguments) != len(function.parameters):
        return None
    return function(*arguments)


def _invocation(node: ast.Invocation, context: Context) -> Any:
    function = value_of(node.function, context)
    arguments = [value_of(argument, context) for argument in node.arguments]
    if not isinstance(function, Function):
        return None
    if not node.names:
        return function(*arguments) if function.takes_any else _called(function, arguments)
    return function.by_name(dict(zip(node.names, arguments, strict=True)))


def _function(node: ast.FunctionDefinition, context: Context) -> Function:
    def body(*arguments: Any) -> Any:
        spend(1 + len(context) // 8)
        given = [coerced(argument, type_) for argument, type_ in zip(arguments, node.types, strict=True)]
        if any(fits is None and one is not None for fits, one in zip(given, arguments, strict=True)):
            return None
        with deeper():
            return value_of(node.body, {**context, **dict(zip(node.parameters, given, strict=True))})

    return Function(body, node.parameters, node.types)


def _list(node: ast.ListOf, context: Context) -> list[Any]:
    return [value_of(item, context) for item in node.items]


def _entries(node: ast.Entries, context: Context) -> dict[str, Any]:
    """The scope grows as entries are worked out, so that a function among them sees itself and later ones."""
    scope = dict(context)
    found: dict[str, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        found[key] = scope[key] = value_of(value, scope)
    return found


def _filter(node: ast.Filter, context: Context) -> Any:
    base = value_of(node.base, context)
    items = items_of(base)
    if isinstance(node.condition, ast.Literal | ast.Negative) or not items:
        place = value_of(node.condition, context)
        if isinstance(place, Decimal):
            return item_at(items, place)
    results: list[Any] = []
    for item in items:
        spend(1 + len(context) // 8)
        result = value_of(node.condition, inside(context, item))
        if not results and isinstance(result, Decimal):
            return item_at(items, result)
        results.append(result)
    return [item for item, result in zip(items, results, strict=True) if result is True]


def inside(context: Context, item: Any) -> Context:
    """The context in which a filter looks at one item: its own entries first, then ``item`` itself."""
    return {**context, "item": item, **(item if isinstance(item, Mapping) else {})}


def _quantified(node: ast.Quantified, context: Context) -> bool | None:
    source = value_of(node.source, context)
    if isinstance(source, Span):
        source = rounds(source)
    if not isinstance(source, list):
        return None
    decisive = node.quantifier == "some"
    spend(len(source) * (1 + len(context) // 8))
    results = [value_of(node.condition, {**context, node.variable: item}) for item in source]
    if any(result is decisive for result in results):
        return decisive
    return (not decisive) if all(isinstance(result, bool) for result in results) else None


def _loop(node: ast.Loop, context: Context) -> list[Any] | None:
    results: list[Any] = []
    return results if _turn(node, 0, context, results) else None


def _turn(node: ast.Loop, level: int, context: Context, results: list[Any]) -> bool:
    """One variable after another; false where a source is nothing to go through."""
    if level == len(node.variables):
        seen = {**context, "partial": list(results)} if node.uses_partial else context
        spend(len(results) // 8 if node.uses_partial else 0)
        results.append(value_of(node.result, seen))
        return True
    source = node.sources[level]
    if isinstance(source, tuple):
        ends = Span(value_of(source[0], context), value_of(source[1], context), True, True)
        items = rounds(ends, may_descend=True)
    else:
        value = value_of(source, context)
        items = rounds(value) if isinstance(value, Span) else items_of(value)
    if items is None:
        return False
    for item in items:
        spend(1 + len(context) // 8)
        if not _turn(node, level + 1, {**context, node.variables[level]: item}, results):
            return False
    return True


def _instance_of(node: ast.InstanceOf, context: Context) -> bool:
    return conforms(value_of(node.value, context), node.type)


_HANDLERS: dict[type, Callable[[Any, Context], Any]] = {
    ast.Literal: _literal,
    ast.Name: _name,
    ast.Path: _path,
    ast.Negative: _negative,
    ast.Arithmetic: _arithmetic,
    ast.Comparison: _comparison,
    ast.Junction: _junction,
    ast.Interval: _interval,
    ast.EqualityRange: _equality_range,
    ast.Membership: _membership,
    ast.Test: _test,
    ast.Between: _between,
    ast.Choice: _choice,
    ast.Call: _call,
    ast.Invocation: _invocation,
    ast.FunctionDefinition: _function,
    ast.ListOf: _list,
    ast.Entries: _entries,
    ast.Filter: _filter,
    ast.Quantified: _quantified,
    ast.Loop: _loop,
    ast.InstanceOf: _instance_of,
}
