"""Amounts of the walk that Python and SQL share: decision tables as in DMN 1.5 §8.2, bounds, and rounding to fen.

Every row is judged in three values; an unknown row matters only where it could change the outcome.
"""

from collections.abc import Sequence
from math import gcd
from typing import Generic

import msgspec

from policy_engine.compile.algebra import Condition, E, Value
from policy_engine.compile.lowering import Lowering
from policy_engine.compile.names import NotLowerable, Place
from policy_engine.compile.plan import AmountPlan, TablePlan
from policy_engine.language import ast

FEN = 100


class _Row(msgspec.Struct, Generic[E], frozen=True):
    """``is_open``: possible and not true. ``is_unknown`` is of its output."""

    is_true: E
    is_open: E
    output: Value[E]
    is_unknown: E


class Amounts(Generic[E]):
    """Raises ``NotLowerable`` for what has no form in the target."""

    def __init__(self, lowering: Lowering[E]) -> None:
        self.lowering = lowering
        self.algebra = lowering.algebra
        self.no = self.algebra.constant(False)
        self.nothing = self.algebra.constant(None)

    def in_fen(self, plan: AmountPlan, place: Place) -> Value[E]:
        """Whole fen; null where the policy gives no amount."""
        if plan.table is not None:
            found = self._table(plan.table, place)
        else:
            found = self._kept(self.lowering.value(plan.formula or ast.Literal(value=None), place))
        for bound, function in ((plan.cap, "min"), (plan.floor, "max")):
            if bound is not None:
                found = self._bounded(found, self._kept(self.lowering.value(bound, place)), function)
        step = max(found.scale, 1) * plan.step_fen
        shared = gcd(FEN, step)
        steps = Value(self.algebra.scaled(found, FEN // shared), 1, found.is_unknown, found.may_be_null)
        if step > shared:
            divisor = Value(self.algebra.constant(step // shared), 1, None, False)
            steps = msgspec.structs.replace(
                steps, expression=self.algebra.divided(steps, divisor, plan.rounding)
            )
        fen = self.algebra.kept(self.algebra.scaled(steps, plan.step_fen))
        return Value(fen, 1, found.is_unknown, found.may_be_null)

    def _kept(self, value: Value[E]) -> Value[E]:
        """Worked out once, and null where it is unknown."""
        if value.is_unknown is None:
            kept = self.algebra.kept(value.expression)
            return Value(kept, value.scale, None, value.may_be_null)
        flag = self.algebra.kept(value.is_unknown)
        kept = self.algebra.kept(self.algebra.chosen(flag, self.nothing, value.expression))
        return Value(kept, value.scale, flag, True)

    def _bounded(self, amount: Value[E], bound: Value[E], function: str) -> Value[E]:
        """An amount that is null needs no bound."""
        scale = max(amount.scale, bound.scale)
        sides = [self.lowering.at(amount, scale), self.lowering.at(bound, scale)]
        best = self.algebra.kept(self.algebra.extreme(function, sides))
        flags = [] if amount.is_unknown is None else [amount.is_unknown]
        if bound.is_unknown is not None:
            present = self.algebra.negated(self.algebra.is_null(amount.expression))
            flags.append(self.algebra.all_of([present, bound.is_unknown]))
        flag = self.algebra.kept(self.algebra.any_of(flags)) if flags else None
        return Value(best, scale, flag, True)

    def _table(self, table: TablePlan, place: Place) -> Value[E]:
        judged = [self._judged(condition, place) for condition, _ in table.rows]
        outputs = [self._kept(self.lowering.value(output, place)) for _, output in table.rows]
        scale = max(one.scale for one in outputs)
        rows: list[_Row[E]] = []
        for one, output in zip(judged, outputs, strict=True):
            is_open = self.algebra.all_of([one.is_possible, self.algebra.negated(one.is_true)])
            kept = is_open if one.is_true is one.is_possible else self.algebra.kept(is_open)
            flag = self.no if output.is_unknown is None else output.is_unknown
            rows.append(_Row(one.is_true, kept, self.lowering.at(output, scale), flag))
        match table.hit_policy:
            case "C#":
                return self._kept(self._counted(rows, table.per_hit or ast.Literal(value=None), place))
            case "U":
                value, unknown = self._unique(rows)
            case "F":
                value, unknown = self._first(rows)
            case "A":
                value, unknown = self._any(rows)
            case "C+" | "C<" | "C>":
                value, unknown = self._collected(table.hit_policy, rows, scale)
            case _:
                raise NotLowerable(ast.Literal(value=None), f"命中规则 {table.hit_policy}")
        return self._kept(Value(value, scale, unknown, True))

    def _judged(self, node: ast.Expression, place: Place) -> Condition[E]:
        condition = self.lowering.condition(node, place)
        true = self.algebra.kept(condition.is_true)
        same = condition.is_true is condition.is_possible
        return Condition(true, true if same else self.algebra.kept(condition.is_possible))

    def _first_true(self, rows: Sequence[_Row[E]]) -> tuple[E, E]:
        """The output of the first row that holds, and whether that is unknown."""
        value, unknown = self.nothing, self.no
        for row in reversed(rows):
            value = self.algebra.kept(self.algebra.chosen(row.is_true, row.output.expression, value))
            unknown = self.algebra.kept(self.algebra.chosen(row.is_true, row.is_unknown, unknown))
        return value, unknown

    def _differs(self, row: _Row[E], value: E, unknown: E) -> E:
        """Whether a row's output is another than this one, where unknown is a value like any other."""
        negated, any_of, all_of = self.algebra.negated, self.algebra.any_of, self.algebra.all_of
        same_value = self.algebra.same(row.output, Value(value, row.output.scale, None, True))
        both_unknown = all_of([row.is_unknown, unknown])
        both_known = all_of([negated(row.is_unknown), negated(unknown), same_value])
        return negated(any_of([both_unknown, both_known]))

    def _unique(self, rows: Sequence[_Row[E]]) -> tuple[E, E]:
        value, unknown = self._first_true(rows)
        hits: list[E] = []
        for index, row in enumerate(rows):
            others = [self.algebra.negated(one.is_true) for at, one in enumerate(rows) if at != index]
            hits.append(self.algebra.all_of([row.is_true, *others]))
        is_single = self.algebra.kept(self.algebra.any_of(hits))
        opens = [row.is_open for row in rows]
        flag = self.algebra.any_of([*opens, self.algebra.all_of([is_single, unknown])])
        return self.algebra.chosen(is_single, value, self.nothing), flag

    def _first(self, rows: Sequence[_Row[E]]) -> tuple[E, E]:
        value, unknown = self._first_true(rows)
        has_hit = self.algebra.kept(self.algebra.any_of([row.is_true for row in rows]))
        flags = [self.algebra.all_of([has_hit, unknown])]
        earlier: list[E] = []
        no_hit = self.algebra.negated(has_hit)
        for row in rows:
            earlier.append(self.algebra.negated(row.is_true))
            matters = self.algebra.any_of([no_hit, self._differs(row, value, unknown)])
            flags.append(self.algebra.all_of([row.is_open, *earlier, matters]))
        return value, self.algebra.any_of(flags)

    def _any(self, rows: Sequence[_Row[E]]) -> tuple[E, E]:
        """Rows may overlap when they agree; a true one that does not makes it null."""
        value, unknown = self._first_true(rows)
        all_of, any_of = self.algebra.all_of, self.algebra.any_of
        has_hit = self.algebra.kept(any_of([row.is_true for row in rows]))
        differs = [self.algebra.kept(self._differs(row, value, unknown)) for row in rows]
        clash = self.algebra.kept(
            any_of([all_of([row.is_true, one]) for row, one in zip(rows, differs, strict=True)])
        )
        no_hit = self.algebra.negated(has_hit)
        opens = [all_of([row.is_open, any_of([no_hit, one])]) for row, one in zip(rows, differs, strict=True)]
        flag = all_of([self.algebra.negated(clash), any_of([all_of([has_hit, unknown]), *opens])])
        return self.algebra.chosen(clash, self.nothing, value), flag

    def _counted(self, rows: Sequence[_Row[E]], per_hit: ast.Expression, place: Place) -> Value[E]:
        """So much for each row that hits; of none, nothing."""
        one, none = self.algebra.constant(1), self.algebra.constant(0)
        count = Value(none, 1, None, False)
        for row in rows:
            hit = Value(self.algebra.chosen(row.is_true, one, none), 1, None, False)
            count = Value(self.algebra.kept(self.algebra.reckoned(count, "+", hit)), 1, None, False)
        each = self._kept(self.lowering.value(per_hit, place))
        flags = [row.is_open for row in rows]
        if each.is_unknown is not None:
            flags.append(each.is_unknown)
        value = self.algebra.reckoned(count, "*", each)
        return Value(value, each.scale, self.algebra.any_of(flags), each.may_be_null)

    def _collected(self, hit_policy: str, rows: Sequence[_Row[E]], scale: int) -> tuple[E, E]:
        all_of, any_of = self.algebra.all_of, self.algebra.any_of
        flag = any_of(
            [*(row.is_open for row in rows), *(all_of([row.is_true, row.is_unknown]) for row in rows)]
        )
        has_hit = any_of([row.is_true for row in rows])
        nulls = [all_of([row.is_true, self.algebra.is_null(row.output.expression)]) for row in rows]
        value: E = self.nothing
        for row in rows:
            so_far = Value(value, scale, None, True)
            joined = self._joined(hit_policy, so_far, row.output)
            either = self.algebra.chosen(self.algebra.is_null(value), row.output.expression, joined)
            value = self.algebra.kept(self.algebra.chosen(row.is_true, either, value))
        is_none = any_of([self.algebra.negated(has_hit), *nulls])
        return self.algebra.chosen(is_none, self.nothing, value), flag

    def _joined(self, hit_policy: str, left: Value[E], right: Value[E]) -> E:
        if hit_policy == "C+":
            return self.algebra.reckoned(left, "+", right)
        return self.algebra.extreme("min" if hit_policy == "C<" else "max", [left, right])


__all__ = ["FEN", "Amounts"]
