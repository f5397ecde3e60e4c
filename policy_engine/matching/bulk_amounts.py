"""Amounts over the whole city: formulas and decision tables as Polars expressions, bounded and rounded to fen."""

from functools import reduce

import polars as pl

from policy_engine.compile import UNKNOWN_SUFFIX, PolarsNumber, number_to_polars
from policy_engine.compile.names import NotLowerable, Place
from policy_engine.compile.polars_conditions import PolarsCondition, condition_to_polars
from policy_engine.compile.polars_values import KNOWN, divide, either_unknown
from policy_engine.language import ast
from policy_engine.policies.amounts import tree
from policy_engine.policies.document import AmountTable, Benefit, Rounding
from policy_engine.policies.plans import table_plan

FEN = 100
_MODES = {"half_up": "round half up", "half_even": "round half even", "down": "floor", "up": "ceiling"}
_COMBINED = {"C+": pl.sum_horizontal, "C<": pl.min_horizontal, "C>": pl.max_horizontal}
_STEPS = {"0.01": 1, "0.1": 10, "1": 100, "10": 1000, "100": 10_000}


class AmountSteps:
    """An amount worked out in steps, each into columns of its own, the last into ``amount_fen`` (null: there is none).

    As one expression a table would repeat its inputs for every row, and planning would take longer than matching.
    ``is_known``: it is never unknown; else ``amount_fen__unknown`` says where. Raises ``NotLowerable``.
    """

    def __init__(self, benefit: Benefit, place: Place) -> None:
        self._steps: list[list[pl.Expr]] = []
        if benefit.table is not None:
            found = self._table(benefit.table, place)
        else:
            found = number_to_polars(tree(benefit.formula or "null"), place)
        found = self._kept("amount", found)
        for text, choose in ((benefit.cap, "min"), (benefit.floor, "max")):
            if text is not None:
                found = self._kept(
                    f"amount_{choose}", _bounded(found, number_to_polars(tree(text), place), choose)
                )
        self.is_known = found.is_unknown is KNOWN
        last = [_in_fen(found, benefit.rounding).alias("amount_fen")]
        if not self.is_known:
            last.append(found.is_unknown.alias("amount_fen" + UNKNOWN_SUFFIX))
        self._steps.append(last)

    @property
    def columns(self) -> set[str]:
        """The facts that it is worked out from."""
        named = {root for step in self._steps for one in step for root in one.meta.root_names()}
        return named - {one.meta.output_name() for step in self._steps for one in step}

    def worked_out(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """``rows`` with the amount beside their facts."""
        for step in self._steps:
            rows = rows.with_columns(step)
        return rows

    def _kept(self, name: str, number: PolarsNumber) -> PolarsNumber:
        """The number as columns, and a short way to name it from then on."""
        value, flag = f"__{name}", f"__{name}{UNKNOWN_SUFFIX}"
        if number.is_unknown is KNOWN:
            self._steps.append([number.value.alias(value)])
            return PolarsNumber(pl.col(value), number.scale, KNOWN)
        self._steps.append([number.value.alias(value), number.is_unknown.alias(flag)])
        return PolarsNumber(pl.col(value), number.scale, pl.col(flag))

    def _table(self, table: AmountTable, place: Place) -> PolarsNumber:
        conditions: list[PolarsCondition] = []
        outputs: list[PolarsNumber] = []
        plan = table_plan(table)
        for number, (row, output) in enumerate(plan.rows):
            judged = condition_to_polars(row, place)
            true, possible = f"__row{number}", f"__row{number}__possible"
            self._steps.append([judged.is_true.alias(true), judged.is_possible.alias(possible)])
            conditions.append(PolarsCondition(pl.col(true), pl.col(possible)))
            outputs.append(self._kept(f"output{number}", number_to_polars(output, place)))
        if plan.per_hit is not None:
            return _counted(conditions, self._kept("each", number_to_polars(plan.per_hit, place)))
        return _chosen(plan.hit_policy, conditions, outputs)


def _in_fen(amount: PolarsNumber, rounding: Rounding) -> pl.Expr:
    step = _STEPS[rounding.step]
    if FEN % (amount.scale * step) == 0:
        return amount.value * (FEN // amount.scale)
    steps = divide(amount.value * FEN, pl.lit(amount.scale * step, pl.Int64), _MODES[rounding.name])
    return steps * step


def _bounded(amount: PolarsNumber, bound: PolarsNumber, choose: str) -> PolarsNumber:
    """A null on either side stays null; Polars would take the other."""
    scale = max(amount.scale, bound.scale)
    sides = [amount.at(scale), bound.at(scale)]
    best = pl.min_horizontal(sides) if choose == "min" else pl.max_horizontal(sides)
    value = pl.when(sides[0].is_null() | sides[1].is_null()).then(None).otherwise(best)
    if amount.is_unknown is KNOWN and bound.is_unknown is KNOWN:
        return PolarsNumber(value, scale, KNOWN)
    is_unknown = amount.is_unknown | (amount.value.is_not_null() & bound.is_unknown)
    return PolarsNumber(value, scale, is_unknown)


def _chosen(hit_policy: str, rows: list[PolarsCondition], outputs: list[PolarsNumber]) -> PolarsNumber:
    scale = reduce(max, (one.scale for one in outputs))
    values = [one.at(scale) for one in outputs]
    any_open = either_unknown(*(row.is_unknown for row in rows))
    if hit_policy == "U":
        hits = reduce(lambda a, b: a + b, (row.is_true.cast(pl.Int64) for row in rows))
        chosen, open_output = _first_true(rows, outputs, values)
        value = pl.when(hits == 1).then(chosen).otherwise(None)
        return PolarsNumber(value, scale, any_open | ((hits == 1) & open_output))
    if hit_policy == "F":
        return _first_hit(rows, outputs, values, scale)
    if hit_policy == "A":
        return _any_hit(rows, outputs, values, scale)
    if hit_policy in _COMBINED:
        return _collected(hit_policy, rows, outputs, values, scale, any_open)
    raise NotLowerable(ast.Literal(value=None), f"命中规则 {hit_policy}")


def _first_true(
    rows: list[PolarsCondition], outputs: list[PolarsNumber], values: list[pl.Expr]
) -> tuple[pl.Expr, pl.Expr]:
    """The output of the first row that holds, and whether it is unknown."""
    value: pl.Expr = pl.lit(None, pl.Int64)
    is_unknown: pl.Expr = pl.lit(value=False)
    for row, output, scaled in reversed(list(zip(rows, outputs, values, strict=True))):
        value = pl.when(row.is_true).then(scaled).otherwise(value)
        is_unknown = pl.when(row.is_true).then(output.is_unknown).otherwise(is_unknown)
    return value, is_unknown


def _first_hit(
    rows: list[PolarsCondition], outputs: list[PolarsNumber], values: list[pl.Expr], scale: int
) -> PolarsNumber:
    """Unknown where an unknown row with another output stands before the first that holds, or none holds."""
    value, is_unknown = _first_true(rows, outputs, values)
    is_before: pl.Expr = pl.lit(value=True)
    for row, output, scaled in zip(rows, outputs, values, strict=True):
        is_before = is_before & ~row.is_true
        differs = output.is_unknown | scaled.ne_missing(value)
        has_hit = reduce(lambda a, b: a | b, (one.is_true for one in rows))
        is_unknown = is_unknown | (is_before & row.is_unknown & (differs | ~has_hit))
    return PolarsNumber(value, scale, is_unknown)


def _any_hit(
    rows: list[PolarsCondition], outputs: list[PolarsNumber], values: list[pl.Expr], scale: int
) -> PolarsNumber:
    """Rows may overlap when they agree: a true one that does not makes it null, an open one unknown."""
    value, is_unknown = _first_true(rows, outputs, values)
    differs = [
        (output.is_unknown != is_unknown) | (~output.is_unknown & scaled.ne_missing(value))
        for output, scaled in zip(outputs, values, strict=True)
    ]
    has_hit = reduce(lambda a, b: a | b, (row.is_true for row in rows))
    clash = reduce(lambda a, b: a | b, (row.is_true & one for row, one in zip(rows, differs, strict=True)))
    opens = (row.is_unknown & (one | ~has_hit) for row, one in zip(rows, differs, strict=True))
    flag = ~clash & reduce(lambda a, b: a | b, opens, has_hit & is_unknown)
    return PolarsNumber(pl.when(clash).then(None).otherwise(value), scale, flag)


def _counted(rows: list[PolarsCondition], each: PolarsNumber) -> PolarsNumber:
    """So much for each row that hits; of none, nothing."""
    hits = reduce(lambda a, b: a + b, (row.is_true.cast(pl.Int64) for row in rows))
    is_unknown = either_unknown(*(row.is_unknown for row in rows), each.is_unknown)
    return PolarsNumber(hits * each.value, each.scale, is_unknown)


def _collected(
    hit_policy: str,
    rows: list[PolarsCondition],
    outputs: list[PolarsNumber],
    values: list[pl.Expr],
    scale: int,
    any_open: pl.Expr,
) -> PolarsNumber:
    held = [pl.when(row.is_true).then(value).otherwise(None) for row, value in zip(rows, values, strict=True)]
    has_null = either_unknown(
        *(row.is_true & value.is_null() for row, value in zip(rows, values, strict=True))
    )
    open_output = either_unknown(
        *(row.is_true & one.is_unknown for row, one in zip(rows, outputs, strict=True))
    )
    has_hit = reduce(lambda a, b: a | b, (row.is_true for row in rows))
    value = pl.when(has_null | ~has_hit).then(None).otherwise(_COMBINED[hit_policy](held))
    return PolarsNumber(value, scale, any_open | open_output)
