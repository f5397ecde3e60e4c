"""Conditions as two Polars expressions, true and possible: three-valued logic without a single ``when(null)``.

In this pair ``and`` and ``or`` take each side once, so that an expression grows no faster than its text; true and unknown
would repeat every part at every level.
"""

from functools import reduce

import msgspec
import polars as pl

from policy_engine.compile.names import NotLowerable, Place, find
from policy_engine.compile.polars_related import POSSIBLE_SUFFIX, quantified
from policy_engine.compile.polars_values import KNOWN, number_to_polars, text_to_polars, touched
from policy_engine.language import ast
from policy_engine.language.types import FeelType


class PolarsCondition(msgspec.Struct, frozen=True):
    """Neither expression is ever null. What is true is possible; what is possible and not true is unknown."""

    is_true: pl.Expr
    is_possible: pl.Expr

    @property
    def is_unknown(self) -> pl.Expr:
        return self.is_possible & ~self.is_true


def condition_to_polars(node: ast.Expression, place: Place) -> PolarsCondition:
    """Lower a condition that has passed the check. Raises ``NotLowerable``."""
    return lowered(node, place, is_negated=False)


def all_of(conditions: list[PolarsCondition]) -> PolarsCondition:
    """Three-valued ``and``: one that does not hold decides."""
    return PolarsCondition(
        pl.all_horizontal([one.is_true for one in conditions]),
        pl.all_horizontal([one.is_possible for one in conditions]),
    )


def any_of(conditions: list[PolarsCondition]) -> PolarsCondition:
    """Three-valued ``or``: one that holds decides."""
    return PolarsCondition(
        pl.any_horizontal([one.is_true for one in conditions]),
        pl.any_horizontal([one.is_possible for one in conditions]),
    )


def lowered(node: ast.Expression, place: Place, *, is_negated: bool) -> PolarsCondition:
    """A condition, or its negation, in negation normal form."""
    match node:
        case ast.Call(function="not", arguments=(inner,)):
            return lowered(inner, place, is_negated=not is_negated)
        case ast.Junction(operator=operator, operands=operands):
            parts = [lowered(operand, place, is_negated=is_negated) for operand in operands]
            return all_of(parts) if (operator == "and") is not is_negated else any_of(parts)
        case ast.Choice():
            return _choice(node, place, is_negated=is_negated)
        case ast.Quantified():
            asked = quantified(node, place, is_negated=is_negated)
            return PolarsCondition(pl.col(asked.column), pl.col(asked.column + POSSIBLE_SUFFIX))
        case ast.Name() | ast.Path():
            found = find(node, place)
            if found is not None and found.binding.definition is not None:
                return lowered(found.binding.definition, found.place, is_negated=is_negated)
    value, unknown = _leaf(node, place), touched(node, place)
    holds = (~value if is_negated else value).fill_null(value=False)
    return (
        PolarsCondition(holds, holds)
        if unknown is KNOWN
        else PolarsCondition(holds & ~unknown, holds | unknown)
    )


def _choice(node: ast.Choice, place: Place, *, is_negated: bool) -> PolarsCondition:
    condition = condition_to_polars(node.condition, place)
    yes = lowered(node.consequence, place, is_negated=is_negated)
    no = lowered(node.alternative, place, is_negated=is_negated)
    otherwise = PolarsCondition(~condition.is_possible, ~condition.is_true)
    return any_of([all_of([condition, yes]), all_of([otherwise, no])])


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
            return text_to_polars(text, place).value.cast(pl.String).str.starts_with(beginning)
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
