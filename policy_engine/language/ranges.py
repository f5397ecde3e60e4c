"""Conjunctions that nothing can satisfy: ``年龄 < 60 and 年龄 >= 80``."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from policy_engine.language import ast
from policy_engine.language.ast import children, dotted
from policy_engine.language.problems import Problem

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def contradictions(node: ast.Expression) -> Iterator[Problem]:
    """One problem for each ``and`` whose limits on one name leave no room."""
    if isinstance(node, ast.Junction) and node.operator == "and":
        for name in contradicted(node.operands):
            message = f"对“{name}”的要求互相矛盾，没有人能符合"
            yield Problem(node.line, node.column, message, "请检查上下限。")
    for child in children(node):
        yield from contradictions(child)


def contradicted(conditions: Iterable[ast.Expression]) -> list[str]:
    """The names whose limits leave no room when all conditions must hold."""
    limits: dict[str, list[tuple[str, Any]]] = {}
    for condition in conditions:
        for operand in _operands(condition):
            for name, operator, bound in _limits(operand):
                limits.setdefault(name, []).append((operator, bound))
    return [name for name, found in limits.items() if _is_empty(found)]


def _operands(condition: ast.Expression) -> Iterator[ast.Expression]:
    if isinstance(condition, ast.Junction) and condition.operator == "and":
        for one in condition.operands:
            yield from _operands(one)
    else:
        yield condition


def overlap(value: ast.Expression, one: ast.Expression, other: ast.Expression) -> bool:
    """Whether a number or date can pass both of two unary tests; false where a test is not of constants."""
    limits = [[*_limits(ast.Membership(value=value, tests=(test,)))] for test in (one, other)]
    if not all(limits):
        return False
    return not _is_empty([(operator, bound) for found in limits for _, operator, bound in found])


def gaps(
    value: ast.Expression, tests: Iterable[ast.Expression], step: Decimal | timedelta
) -> list[tuple[str, str]]:
    """Where numbers or dates between the lowest and the highest of these unary tests pass none of them.

    Each gap as two comparisons that bound it, in FEEL without the value: ``("> 5", "< 8")``. ``step`` is the smallest
    difference that two values can have; tests that are not of constants make it impossible to say, and none is told.
    """
    spans = [_span([*_limits(ast.Membership(value=value, tests=(test,)))]) for test in tests]
    if len({type(bound) for span in spans if span for bound, _ in span if bound is not None}) != 1:
        return []
    found: list[tuple[str, str]] = []
    known = sorted((span for span in spans if span), key=_begins)
    if len(known) < len(spans) or not known:
        return []
    _, (highest, is_open) = known[0]
    for (low, is_low_open), (high, is_high_open) in known[1:]:
        if highest is None or low is None:
            is_apart = False
        elif is_open or is_low_open:
            is_apart = low > highest or (low == highest and is_open and is_low_open)
        else:
            is_apart = low - highest > step
        if is_apart:
            above, below = (">=" if is_open else ">"), ("<=" if is_low_open else "<")
            found.append((f"{above} {_written(highest)}", f"{below} {_written(low)}"))
        if highest is not None and (high is None or (high, not is_high_open) > (highest, not is_open)):
            highest, is_open = high, is_high_open
    return found


_End = tuple[Any, bool]


def _begins(span: tuple[_End, _End]) -> tuple[bool, Any, bool]:
    (low, is_open), _ = span
    return low is not None, low, is_open


def _span(limits: list[tuple[str, str, Any]]) -> tuple[_End, _End] | None:
    """Both ends of one test and whether they are outside it; None for an end that there is not."""
    if not limits:
        return None
    low: _End = (None, True)
    high: _End = (None, True)
    for _, operator, bound in limits:
        if operator in (">", ">=", "="):
            low = (bound, operator == ">")
        if operator in ("<", "<=", "="):
            high = (bound, operator == "<")
    return low, high


def _written(bound: Any) -> str:
    return f'date("{bound.isoformat()}")' if isinstance(bound, date) else str(bound)


def _limits(node: ast.Expression) -> Iterator[tuple[str, str, Any]]:
    if isinstance(node, ast.Comparison) and node.operator in _FLIPPED:
        for side, other, operator in (
            (node.left, node.right, node.operator),
            (node.right, node.left, _FLIPPED[node.operator]),
        ):
            bound = _constant(other)
            if bound is not None and isinstance(side, ast.Name | ast.Path):
                yield dotted(side), operator, bound
    if isinstance(node, ast.Between):
        low, high = _constant(node.low), _constant(node.high)
        if isinstance(node.value, ast.Name | ast.Path) and low is not None and high is not None:
            yield dotted(node.value), ">=", low
            yield dotted(node.value), "<=", high
    if (
        isinstance(node, ast.Membership)
        and len(node.tests) == 1
        and isinstance(node.value, ast.Name | ast.Path)
    ):
        yield from _limits_of_test(dotted(node.value), node.tests[0])


def _limits_of_test(name: str, test: ast.Expression) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(test, ast.Interval):
        if _constant(test) is not None:
            yield name, "=", _constant(test)
        return
    low = None if test.low is None else _constant(test.low)
    high = None if test.high is None else _constant(test.high)
    if (low is None) == (test.low is None) and (high is None) == (test.high is None):
        if low is not None:
            yield name, ">=" if test.is_low_closed else ">", low
        if high is not None:
            yield name, "<=" if test.is_high_closed else "<", high


def _constant(node: ast.Expression) -> Any:
    match node:
        case ast.Literal(value=Decimal() | date() as value):
            return value
        case ast.Call(function="date", arguments=(ast.Literal(value=str() as text),)):
            with contextlib.suppress(ValueError):
                return date.fromisoformat(text)
    return None


def _is_empty(limits: list[tuple[str, Any]]) -> bool:
    if len({type(bound) for _, bound in limits}) != 1:
        return False
    lows = [(bound, operator == ">") for operator, bound in limits if operator in (">", ">=", "=")]
    highs = [(bound, operator == "<") for operator, bound in limits if operator in ("<", "<=", "=")]
    if not lows or not highs:
        return False
    low, is_low_open = max(lows)
    high, is_high_open = min(highs, key=lambda one: (one[0], not one[1]))
    return low > high or (low == high and (is_low_open or is_high_open))
