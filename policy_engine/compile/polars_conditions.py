"""Conditions as two Polars expressions, true and possible: three-valued logic without a single ``when(null)``.

In this pair ``and`` and ``or`` take each side once, so that an expression grows no faster than its text; true and unknown
would repeat every part at every level.
"""

from collections.abc import Callable
from functools import reduce

import msgspec
import polars as pl

from policy_engine.compile.formulas import Formula, Joined, Leaf, Otherwise, formula
from policy_engine.compile.names import NotLowerable, Place, find
from policy_engine.compile.polars_related import POSSIBLE_SUFFIX, quantified
from policy_engine.compile.polars_values import (
    KNOWN,
    number_to_polars,
    starts_with,
    text_to_polars,
    touched,
)
from policy_engine.language import ast
from policy_engine.language.types import FeelType


class PolarsCondition(msgspec.Struct, frozen=True):
    """Neither expression is ever null. What is true is possible; what is possible and not true is unknown.

    Where nothing can be unknown both are one and the same expression.
    """

    is_true: pl.Expr
    is_possible: pl.Expr

    @property
    def is_known(self) -> bool:
        return self.is_true is self.is_possible

    @property
    def is_unknown(self) -> pl.Expr:
        return self.is_possible & ~self.is_true


def condition_to_polars(node: ast.Expression, place: Place) -> PolarsCondition:
    """Lower a condition that has passed the check. Raises ``NotLowerable``."""
    return lowered(node, place, is_negated=False)


def all_of(conditions: list[PolarsCondition]) -> PolarsCondition:
    """Three-valued ``and``: one that does not hold decides."""
    return _joined(pl.all_horizontal, conditions)


def any_of(conditions: list[PolarsCondition]) -> PolarsCondition:
    """Three-valued ``or``: one that holds decides."""
    return _joined(pl.any_horizontal, conditions)


def _joined(join: Callable[[list[pl.Expr]], pl.Expr], conditions: list[PolarsCondition]) -> PolarsCondition:
    if len(conditions) == 1:
        return conditions[0]
    is_known = all(one.is_known for one in conditions)
    possible = None if is_known else join([one.is_possible for one in conditions])
    return _known(join([one.is_true for one in conditions]), possible)


def _known(is_true: pl.Expr, is_possible: pl.Expr | None) -> PolarsCondition:
    return PolarsCondition(is_true, is_true if is_possible is None else is_possible)


def lowered(node: ast.Expression, place: Place, *, is_negated: bool) -> PolarsCondition:
    """A condition, or its negation, in negation normal form."""
    return folded(formula(node, place, is_negated=is_negated), leaf_to_polars)


def folded(of: Formula, leaf: Callable[[Leaf], PolarsCondition]) -> PolarsCondition:
    """A formula put together from what ``leaf`` makes of each of its leaves."""
    match of:
        case Leaf():
            return leaf(of)
        case Otherwise(condition=condition):
            inner = folded(condition, leaf)
            return _known(~inner.is_possible, None if inner.is_known else ~inner.is_true)
        case Joined(is_all=is_all, parts=parts):
            conditions = [folded(part, leaf) for part in parts]
            return all_of(conditions) if is_all else any_of(conditions)


def leaf_to_polars(leaf: Leaf) -> PolarsCondition:
    """What a leaf asks of a frame's own columns. Raises ``NotLowerable``."""
    node, place = leaf.node, leaf.place
    if isinstance(node, ast.Quantified):
        asked = quantified(node, place, is_negated=leaf.is_negated)
        return PolarsCondition(pl.col(asked.column), pl.col(asked.column + POSSIBLE_SUFFIX))
    value, unknown = _leaf(node, place), touched(node, place)
    holds = (~value if leaf.is_negated else value).fill_null(value=False)
    return _known(holds, None) if unknown is KNOWN else PolarsCondition(holds & ~unknown, holds | unknown)


def _leaf(node: ast.Expression, place: Place) -> pl.Expr:
    """The boolean that plain FEEL gives, null included."""
    match node:
        case ast.Literal(value=bool() as value):
            return pl.lit(value)
        case ast.Name() | ast.Path():
            return text_to_polars(node, place).value
        case ast.Comparison():
            return _comparison(node, place)
        case ast.Between(value=value, low=low, high=high):
            return _ordered(value, ">=", low, place) & _ordered(value, "<=", high, place)
        case ast.Membership():
            return _membership(node, place)
        case ast.Call(function="starts with", arguments=(text, ast.Literal(value=str() as beginning))):
            return starts_with(text_to_polars(text, place).value, beginning)
    raise NotLowerable(node, "不是条件")


def _comparison(node: ast.Comparison, place: Place) -> pl.Expr:
    if node.operator not in ("=", "!="):
        return _ordered(node.left, node.operator, node.right, place)
    same = _same(node.left, node.right, place)
    return same if node.operator == "=" else ~same


def _same(left: ast.Expression, right: ast.Expression, place: Place) -> pl.Expr:
    """FEEL's ``=``: null equals null and nothing else."""
    for side, other in ((left, right), (right, left)):
        if isinstance(other, ast.Literal) and other.value is None:
            lowered = (
                number_to_polars(side, place) if _is_number(side, place) else text_to_polars(side, place)
            )
            return lowered.value.is_null()
    one, two = _alike(left, right, place)
    return one.eq_missing(two)


def _ordered(left: ast.Expression, operator: str, right: ast.Expression, place: Place) -> pl.Expr:
    one, two = _alike(left, right, place)
    return {"<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two}[operator]


def _alike(left: ast.Expression, right: ast.Expression, place: Place) -> tuple[pl.Expr, pl.Expr]:
    """Both sides in the same units."""
    if _is_number(left, place) or _is_number(right, place):
        first, second = number_to_polars(left, place), number_to_polars(right, place)
        scale = max(first.scale, second.scale)
        return first.at(scale), second.at(scale)
    return text_to_polars(left, place).value, text_to_polars(right, place).value


def _membership(node: ast.Membership, place: Place) -> pl.Expr:
    tests = [
        _inside(node.value, test, place) if isinstance(test, ast.Interval) else _same(node.value, test, place)
        for test in node.tests
    ]
    return tests[0] if len(tests) == 1 else pl.any_horizontal(tests)


def _inside(value: ast.Expression, interval: ast.Interval, place: Place) -> pl.Expr:
    ends = []
    if interval.low is not None:
        ends.append(_ordered(value, ">=" if interval.is_low_closed else ">", interval.low, place))
    if interval.high is not None:
        ends.append(_ordered(value, "<=" if interval.is_high_closed else "<", interval.high, place))
    return reduce(lambda a, b: a & b, ends)


def _is_number(node: ast.Expression, place: Place) -> bool:
    """Numbers are lowered as scaled integers, everything else as it is. The check has made both sides alike."""
    match node:
        case ast.Literal(value=value):
            return value is not None and not isinstance(value, bool | str) and hasattr(value, "as_tuple")
        case ast.Name() | ast.Path():
            found = find(node, place)
            return found is None or found.binding.type == FeelType("number", found.binding.type.scale)
        case ast.Call(function=function):
            return function not in ("date", "years and months duration", "not", "starts with")
        case ast.Choice(consequence=consequence):
            return _is_number(consequence, place)
    return isinstance(node, ast.Arithmetic | ast.Negative)


__all__ = ["PolarsCondition", "all_of", "any_of", "condition_to_polars"]
