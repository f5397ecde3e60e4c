"""Numbers, dates and texts as Polars expressions. Numbers are scaled integers: nothing here is ever a float.

A value is null where plain FEEL says null. Whether a fact is unknown is a separate expression, by the column's companion
``<column>__unknown``; a value is only looked at where nothing it names is unknown.
"""

from datetime import date
from decimal import Decimal
from functools import reduce

import msgspec
import polars as pl

from policy_engine.compile.names import ROW, NotLowerable, Place, find
from policy_engine.compile.polars_related import UNKNOWN_SUFFIX, aggregate, is_list_call
from policy_engine.language import ast
from policy_engine.language.ast import children
from policy_engine.language.types import TableFunction

#: The column that counts a relation's members: ``members__count``.
COUNT_SUFFIX = "__count"
KNOWN = pl.lit(value=False)


class PolarsNumber(msgspec.Struct, frozen=True):
    """``value`` is an Int64 expression in units of 1/``scale``; null where FEEL says null."""

    value: pl.Expr
    scale: int
    is_unknown: pl.Expr

    def at(self, scale: int) -> pl.Expr:
        """The value in finer units; ``scale`` is a multiple of its own."""
        return self.value if scale == self.scale else self.value * (scale // self.scale)


class PolarsText(msgspec.Struct, frozen=True):
    """A text, an enumeration, a date or a boolean."""

    value: pl.Expr
    is_unknown: pl.Expr


def number_to_polars(node: ast.Expression, place: Place) -> PolarsNumber:
    """Lower a numeric expression that has passed the check. Raises ``NotLowerable``."""
    match node:
        case ast.Literal(value=Decimal() as value):
            exponent = value.as_tuple().exponent
            scale = 10 ** max(0, -exponent) if isinstance(exponent, int) else 1
            return PolarsNumber(pl.lit(int(value * scale), pl.Int64), scale, KNOWN)
        case ast.Name() | ast.Path():
            return _named_number(node, place)
        case ast.Negative(operand=operand):
            inner = number_to_polars(operand, place)
            return PolarsNumber(-inner.value, inner.scale, inner.is_unknown)
        case ast.Arithmetic():
            return _arithmetic(node, place)
        case ast.Choice():
            return _chosen_number(node, place)
        case ast.Call():
            return _called(node, place)
    raise NotLowerable(node, "不是数字")


def text_to_polars(node: ast.Expression, place: Place) -> PolarsText:
    """Lower what is no number: texts, dates, booleans by name."""
    match node:
        case ast.Literal(value=None):
            return PolarsText(pl.lit(None), KNOWN)
        case ast.Literal(value=value):
            return PolarsText(pl.lit(value), KNOWN)
        case ast.Call(function="date", arguments=(ast.Literal(value=str() as text),)):
            return PolarsText(pl.lit(date.fromisoformat(text)), KNOWN)
        case ast.Name() | ast.Path():
            found = find(node, place)
            if found is None:
                raise NotLowerable(node, "看不出它指什么")
            if found.binding.definition is not None:
                return text_to_polars(found.binding.definition, found.place)
            return PolarsText(pl.col(found.column), unknown_flag(found.column, found.binding.may_be_unknown))
    raise NotLowerable(node, "既不是名称也不是常量")


def starts_with(text: pl.Expr, beginning: str) -> pl.Expr:
    """By category, of which a city has few, rather than text by text."""
    return text.cast(pl.Categorical).cat.starts_with(beginning)


def unknown_flag(column: str, may_be_unknown: bool) -> pl.Expr:
    return pl.col(column + UNKNOWN_SUFFIX) if may_be_unknown else KNOWN


def either_unknown(*flags: pl.Expr) -> pl.Expr:
    """True where any is; ``KNOWN`` itself where none can be."""
    open_flags = [flag for flag in flags if flag is not KNOWN]
    if not open_flags:
        return KNOWN
    return open_flags[0] if len(open_flags) == 1 else pl.any_horizontal(open_flags)


def touched(node: ast.Expression, place: Place) -> pl.Expr:
    """Whether any fact that a leaf names is unknown, whichever branch of an ``if`` would be taken."""
    if isinstance(node, ast.Name | ast.Path):
        found = find(node, place)
        if found is None:
            return touched(node.base, place) if isinstance(node, ast.Path) else KNOWN
        if found.binding.definition is not None:
            return touched(found.binding.definition, found.place)
        if found.binding.type.kind in ("list", "entity"):
            return KNOWN
        return unknown_flag(found.column, found.binding.may_be_unknown)
    call = is_list_call(node, place)
    if call is not None:
        return pl.col(aggregate(call, place).column + UNKNOWN_SUFFIX)
    return either_unknown(*(touched(child, place) for child in children(node)))


def _named_number(node: ast.Name | ast.Path, place: Place) -> PolarsNumber:
    if isinstance(node, ast.Path) and find(node, place) is None:
        return _part(node, place)
    found = find(node, place)
    if found is None:
        raise NotLowerable(node, "看不出它指什么")
    if found.binding.definition is not None:
        inner = number_to_polars(found.binding.definition, found.place)
        scale = max(inner.scale, found.binding.type.scale)
        return PolarsNumber(inner.at(scale), scale, inner.is_unknown)
    flag = unknown_flag(found.column, found.binding.may_be_unknown)
    return PolarsNumber(pl.col(found.column).cast(pl.Int64), found.binding.type.scale, flag)


def _part(node: ast.Path, place: Place) -> PolarsNumber:
    """``date.year`` and the like, ``duration.years``."""
    if node.name in ("years", "months"):
        return _duration(node, place)
    day = text_to_polars(node.base, place)
    value = {"year": day.value.dt.year(), "month": day.value.dt.month(), "day": day.value.dt.day()}[node.name]
    return PolarsNumber(value.cast(pl.Int64), 1, day.is_unknown)


def _duration(node: ast.Path, place: Place) -> PolarsNumber:
    """Whole years, or the months beyond them, from one date to another; null when either is."""
    call = node.base
    if not isinstance(call, ast.Call) or call.function != "years and months duration":
        raise NotLowerable(node, "只支持 years and months duration(…) 的年和月")
    start, end = (text_to_polars(argument, place) for argument in call.arguments)
    flag = either_unknown(start.is_unknown, end.is_unknown)
    if node.name == "years":
        return PolarsNumber(_whole_years(start.value, end.value), 1, flag)
    months = _whole_months(start.value, end.value)
    return PolarsNumber(months.abs() % 12 * months.sign(), 1, flag)


def _whole_years(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """A year is not whole before its day has come, counted from the side on which one stands."""
    years = end.dt.year().cast(pl.Int64) - start.dt.year().cast(pl.Int64)
    return years + _unfinished(start, end, _day_of_year(start), _day_of_year(end))


def _whole_months(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    years = end.dt.year().cast(pl.Int64) - start.dt.year().cast(pl.Int64)
    months = end.dt.month().cast(pl.Int64) - start.dt.month().cast(pl.Int64)
    return years * 12 + months + _unfinished(start, end, start.dt.day(), end.dt.day())


def _day_of_year(day: pl.Expr) -> pl.Expr:
    """In the order of months and days, the same in every year."""
    return day.dt.month().cast(pl.Int16) * 32 + day.dt.day()


def _unfinished(start: pl.Expr, end: pl.Expr, at_start: pl.Expr, at_end: pl.Expr) -> pl.Expr:
    """-1 going forwards and 1 going back where the last year or month is not complete."""
    early, late = (start <= end) & (at_end < at_start), (start > end) & (at_start < at_end)
    return late.cast(pl.Int64) - early.cast(pl.Int64)


def _arithmetic(node: ast.Arithmetic, place: Place) -> PolarsNumber:
    left, right = number_to_polars(node.left, place), number_to_polars(node.right, place)
    flag = either_unknown(left.is_unknown, right.is_unknown)
    if node.operator == "*":
        return PolarsNumber(left.value * right.value, left.scale * right.scale, flag)
    if node.operator not in "+-":
        raise NotLowerable(node, "除法只能写在取整函数里")
    scale = _common(left.scale, right.scale)
    value = left.at(scale) + right.at(scale) if node.operator == "+" else left.at(scale) - right.at(scale)
    return PolarsNumber(value, scale, flag)


def _common(left: int, right: int) -> int:
    """Scales are powers of ten: the finer one serves both."""
    return max(left, right)


def _chosen_number(node: ast.Choice, place: Place) -> PolarsNumber:
    from policy_engine.compile.polars_conditions import condition_to_polars

    condition = condition_to_polars(node.condition, place)
    yes, no = number_to_polars(node.consequence, place), number_to_polars(node.alternative, place)
    scale = _common(yes.scale, no.scale)
    value = pl.when(condition.is_true).then(yes.at(scale)).otherwise(no.at(scale))
    flag = either_unknown(
        KNOWN if condition.is_known else condition.is_unknown,
        yes.is_unknown if yes.is_unknown is KNOWN else condition.is_true & yes.is_unknown,
        no.is_unknown if no.is_unknown is KNOWN else ~condition.is_possible & no.is_unknown,
    )
    return PolarsNumber(value, scale, flag)


def _called(node: ast.Call, place: Place) -> PolarsNumber:
    table = place.scope.names.get(node.function)
    if isinstance(table, TableFunction):
        return _looked_up(node, table, place)
    call = is_list_call(node, place)
    if call is not None:
        asked = aggregate(call, place)
        return PolarsNumber(pl.col(asked.column), asked.scale, pl.col(asked.column + UNKNOWN_SUFFIX))
    if node.function == "count":
        found = find(node.arguments[0], place)
        if found is None:
            raise NotLowerable(node, "只能数一个名单")
        if found.column.startswith(ROW):
            raise NotLowerable(node, "名单里不能再套名单")
        column = found.column + COUNT_SUFFIX
        return PolarsNumber(pl.col(column).cast(pl.Int64), 1, KNOWN)
    arguments = (
        [number_to_polars(one, place) for one in node.arguments]
        if node.function in ("min", "max", "abs")
        else []
    )
    if node.function == "abs":
        return PolarsNumber(arguments[0].value.abs(), arguments[0].scale, arguments[0].is_unknown)
    if arguments:
        return _extreme(node.function, arguments)
    return _rounded(node, place)


def _extreme(function: str, arguments: list[PolarsNumber]) -> PolarsNumber:
    """Polars passes over nulls here; FEEL does not."""
    scale = reduce(_common, (one.scale for one in arguments))
    values = [one.at(scale) for one in arguments]
    best = pl.min_horizontal(values) if function == "min" else pl.max_horizontal(values)
    has_null = pl.any_horizontal([value.is_null() for value in values])
    return PolarsNumber(
        pl.when(has_null).then(None).otherwise(best),
        scale,
        either_unknown(*(one.is_unknown for one in arguments)),
    )


def _looked_up(node: ast.Call, table: TableFunction, place: Place) -> PolarsNumber:
    given = [text_to_polars(argument, place) for argument in node.arguments]
    scale = table.result.scale
    value: pl.Expr = pl.lit(None, pl.Int64)
    for row in reversed(table.rows):
        fits = starts_with(given[0].value, row.prefix)
        for argument, key in zip(given[1:], row.keys, strict=True):
            fits = fits & argument.value.eq_missing(pl.lit(key))
        amount = None if row.value is None else int(row.value * scale)
        value = pl.when(fits.fill_null(value=False)).then(pl.lit(amount, pl.Int64)).otherwise(value)
    return PolarsNumber(value, scale, either_unknown(*(one.is_unknown for one in given)))


def _rounded(node: ast.Call, place: Place) -> PolarsNumber:
    digits = 0
    if len(node.arguments) == 2 and isinstance(node.arguments[1], ast.Literal):
        digits = int(node.arguments[1].value)  # type: ignore[arg-type]
    inner = node.arguments[0]
    if isinstance(inner, ast.Arithmetic) and inner.operator == "/":
        over, under = number_to_polars(inner.left, place), number_to_polars(inner.right, place)
        numerator = over.value * (10**digits * under.scale)
        denominator = under.value * over.scale
        flag = either_unknown(over.is_unknown, under.is_unknown)
    else:
        whole = number_to_polars(inner, place)
        numerator, denominator, flag = (
            whole.value * 10**digits,
            pl.lit(whole.scale, pl.Int64),
            whole.is_unknown,
        )
    return PolarsNumber(divide(numerator, denominator, node.function), 10**digits, flag)


def divide(numerator: pl.Expr, denominator: pl.Expr, mode: str) -> pl.Expr:
    """An exact integer division with a named rounding; null for a division by zero.

    ``half up`` and ``up`` round away from zero, ``down`` towards it, ``floor`` and ``ceiling`` along the number line.
    """
    sign = numerator.sign() * denominator.sign()
    over, under = numerator.abs(), denominator.abs()
    quotient, rest = over // under, over % under
    if mode == "floor":
        result = sign * quotient - ((rest > 0) & (sign < 0)).cast(pl.Int64)
    elif mode == "ceiling":
        result = sign * quotient + ((rest > 0) & (sign > 0)).cast(pl.Int64)
    else:
        step = {
            "round half up": rest * 2 >= under,
            "round half down": rest * 2 > under,
            "round half even": (rest * 2 > under) | ((rest * 2 == under) & (quotient % 2 == 1)),
            "round up": rest > 0,
            "round down": pl.lit(value=False),
        }[mode]
        result = sign * (quotient + step.cast(pl.Int64))
    return pl.when(denominator != 0).then(result).otherwise(None)
