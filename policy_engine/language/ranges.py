"""Conjunctions that nothing can satisfy: ``年龄 < 60 and 年龄 >= 80``."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from policy_engine.language import ast
from policy_engine.language.ast import children, dotted
from policy_engine.language.problems import Problem

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def contradictions(node: ast.Expression) -> Iterator[Problem]:
    """One problem for each ``and`` whose limits on one name leave no room."""
    if isinstance(node, ast.Junction) and node.operator == "and":
        limits: dict[str, list[tuple[str, Any]]] = {}
        for operand in node.operands:
            for name, operator, bound in _limits(operand):
                limits.setdefault(name, []).append((operator, bound))
        for name, found in limits.items():
            if _is_empty(found):
                yield Problem(
                    node.line, node.column, f"对“{name}”的要求互相矛盾，没有人能符合", "请检查上下限。"
                )
    for child in children(node):
        yield from contradictions(child)


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


def _constant(node: ast.Expression) -> Any:
    if isinstance(node, ast.Literal) and isinstance(node.value, Decimal | date):
        return node.value
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
