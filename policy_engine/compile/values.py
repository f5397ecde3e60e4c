"""Numbers, texts and dates of the walk that Python and SQL share. Numbers are scaled whole numbers, never floats."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Generic

from policy_engine.compile.algebra import Algebra, E, Value
from policy_engine.compile.names import (
    ROW,
    Found,
    NotLowerable,
    Place,
    find,
    related,
    with_item,
    with_variable,
)
from policy_engine.compile.nulls import may_be_null
from policy_engine.language import ast
from policy_engine.language.ast import children
from policy_engine.language.built_ins import ROUNDINGS
from policy_engine.language.lists import AGGREGATES, ListCall, list_call
from policy_engine.language.types import TableFunction

if TYPE_CHECKING:
    from policy_engine.compile.lowering import Lowering


class Values(Generic[E]):
    """``of`` gives what an expression comes to, ``touched`` whether any fact that it names is unknown."""

    def __init__(self, algebra: Algebra[E], lowering: "Lowering[E]") -> None:
        self.algebra = algebra
        self.lowering = lowering

    def of(self, node: ast.Expression, place: Place) -> Value[E]:
        """Unknown where the reference's ``judge_amount`` says so: of an ``if`` only the branch taken counts."""
        match node:
            case ast.Literal(value=None | Decimal() | str() | bool() | date() as value):
                return self._literal(value)
            case ast.Name() | ast.Path():
                return self._named(node, place)
            case ast.Negative(operand=operand):
                zero = Value(self.algebra.constant(0), 1, None, False)
                inner = self.of(operand, place)
                negative = self.algebra.reckoned(self.at(zero, inner.scale), "-", inner)
                return Value(negative, inner.scale, self.touched(node, place), inner.may_be_null)
            case ast.Arithmetic():
                return self._arithmetic(node, place)
            case ast.Choice():
                return self._chosen(node, place)
            case ast.Call():
                return self._called(node, place)
        raise NotLowerable(node, "不是数字，也不是名称或常量")

    def at(self, value: Value[E], scale: int) -> Value[E]:
        """In finer units; ``scale`` is a multiple of its own. Texts and dates have none."""
        if scale == value.scale or value.scale == 0:
            return value
        return Value(
            self.algebra.scaled(value, scale // value.scale), scale, value.is_unknown, value.may_be_null
        )

    def either(self, flags: Iterable[E | None]) -> E | None:
        known = list(dict.fromkeys(flag for flag in flags if flag is not None))
        return self.algebra.any_of(known) if known else None

    def touched(self, node: ast.Expression, place: Place) -> E | None:
        """Whichever branch of an ``if`` would be taken. A list's rows count where the list is worked out."""
        if isinstance(node, ast.Name | ast.Path):
            found = find(node, place)
            if found is None:
                return self.touched(node.base, place) if isinstance(node, ast.Path) else None
            if self.is_worked_out(found) and found.binding.definition is not None:
                return self.touched(found.binding.definition, found.place)
            if found.binding.type.kind == "entity":
                return None
            return self.algebra.unknown(found.column) if found.binding.may_be_unknown else None
        call = list_call(node) if isinstance(node, ast.Call) else None
        if call is not None and self._is_list(call, place):
            return self._aggregate(node, call, place).is_unknown
        return self.either(self.touched(child, place) for child in children(node))

    def is_worked_out(self, found: Found) -> bool:
        """Whether a computed name has no column of its own here."""
        if found.binding.definition is None or not found.binding.path:
            return found.binding.definition is not None
        return found.column.startswith(ROW) and not self.algebra.has_derived_rows

    def _literal(self, value: Decimal | str | bool | date | None) -> Value[E]:
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            scale = 10 ** max(0, -exponent) if isinstance(exponent, int) else 1
            return Value(self.algebra.constant(int(value * scale)), scale, None, False)
        return Value(self.algebra.constant(value), 0, None, value is None)

    def _named(self, node: ast.Name | ast.Path, place: Place) -> Value[E]:
        found = find(node, place)
        if found is not None:
            return self._fact(found)
        if not isinstance(node, ast.Path):
            raise NotLowerable(node, f"看不出“{node.name}”指什么")
        if node.name in ("years", "months"):
            return self._duration(node, place)
        day = self.of(node.base, place)
        value = self.algebra.part_of_date(day, node.name)
        return Value(value, 1, self.touched(node, place), day.may_be_null)

    def _fact(self, found: Found) -> Value[E]:
        binding = found.binding
        if binding.definition is not None and self.is_worked_out(found):
            inner = self.of(binding.definition, found.place)
            return self.at(inner, max(inner.scale, binding.type.scale)) if inner.scale else inner
        scale = binding.type.scale if binding.type.kind == "number" else 0
        flag = self.algebra.unknown(found.column) if binding.may_be_unknown else None
        is_nullable = binding.is_nullable
        if binding.definition is not None:
            is_nullable = may_be_null(binding.definition, found.place)
        return Value(self.algebra.column(found.column), scale, flag, is_nullable)

    def _duration(self, node: ast.Path, place: Place) -> Value[E]:
        call = node.base
        if not isinstance(call, ast.Call) or call.function != "years and months duration":
            raise NotLowerable(node, "只支持 years and months duration(…) 的年和月")
        start, end = (self.of(argument, place) for argument in call.arguments)
        value = self.algebra.duration(start, end, node.name)
        return Value(value, 1, self.touched(node, place), start.may_be_null or end.may_be_null)

    def _arithmetic(self, node: ast.Arithmetic, place: Place) -> Value[E]:
        if node.operator not in ("+", "-", "*"):
            raise NotLowerable(node, "除法只能写在取整函数里，也没有乘方")
        left, right = self.of(node.left, place), self.of(node.right, place)
        scale = left.scale * right.scale
        if node.operator != "*":
            scale = max(left.scale, right.scale)
            left, right = self.at(left, scale), self.at(right, scale)
        value = self.algebra.reckoned(left, node.operator, right)
        flag = self.either((left.is_unknown, right.is_unknown))
        return Value(value, scale, flag, left.may_be_null or right.may_be_null)

    def _chosen(self, node: ast.Choice, place: Place) -> Value[E]:
        condition = self.lowering.condition(node.condition, place)
        yes, no = self.of(node.consequence, place), self.of(node.alternative, place)
        scale = max(yes.scale, no.scale)
        yes, no = self.at(yes, scale), self.at(no, scale)
        is_open = None
        if condition.is_true is not condition.is_possible:
            is_open = self.algebra.all_of([condition.is_possible, self.algebra.negated(condition.is_true)])
        either = self.algebra.all_of
        flags = (
            is_open,
            None if yes.is_unknown is None else either([condition.is_true, yes.is_unknown]),
            None
            if no.is_unknown is None
            else either([self.algebra.negated(condition.is_possible), no.is_unknown]),
        )
        value = self.algebra.chosen(condition.is_true, yes.expression, no.expression)
        return Value(value, scale, self.either(flags), yes.may_be_null or no.may_be_null)

    def _called(self, node: ast.Call, place: Place) -> Value[E]:
        table = place.scope.names.get(node.function)
        if isinstance(table, TableFunction):
            given = [self.of(argument, place) for argument in node.arguments]
            value = self.algebra.looked_up(table, given)
            return Value(value, table.result.scale, self.either(one.is_unknown for one in given), True)
        if node.function == "date" and isinstance(node.arguments[0], ast.Literal):
            return self._literal(date.fromisoformat(str(node.arguments[0].value)))
        call = list_call(node)
        if call is not None and self._is_list(call, place):
            return self._aggregate(node, call, place)
        if node.function in ("min", "max", "abs"):
            return self._extreme(node, place)
        if node.function in ROUNDINGS:
            return self._rounded(node, place)
        raise NotLowerable(node, f"没有“{node.function}”")

    def _is_list(self, call: ListCall, place: Place) -> bool:
        found = find(call.source, place)
        return found is not None and found.binding.type.kind == "list"

    def _extreme(self, node: ast.Call, place: Place) -> Value[E]:
        given = [self.of(argument, place) for argument in node.arguments]
        scale = max(one.scale for one in given)
        values = [self.at(one, scale) for one in given]
        flag, may_be_null = (
            self.either(one.is_unknown for one in given),
            any(one.may_be_null for one in given),
        )
        if node.function == "abs":
            return Value(self.algebra.absolute(values[0]), scale, flag, may_be_null)
        return Value(self.algebra.extreme(node.function, values), scale, flag, may_be_null)

    def _rounded(self, node: ast.Call, place: Place) -> Value[E]:
        digits = int(str(node.arguments[1].value)) if len(node.arguments) == 2 else 0  # type: ignore[union-attr]
        inner = node.arguments[0]
        if isinstance(inner, ast.Arithmetic) and inner.operator == "/":
            over, under = self.of(inner.left, place), self.of(inner.right, place)
            may_be_null = True
        else:
            over, under = self.of(inner, place), Value(self.algebra.constant(1), 1, None, False)
            may_be_null = over.may_be_null
        flag = self.either((over.is_unknown, under.is_unknown))
        numerator = Value(
            self.algebra.scaled(over, 10**digits * under.scale), 1, over.is_unknown, over.may_be_null
        )
        denominator = Value(self.algebra.scaled(under, over.scale), 1, under.is_unknown, under.may_be_null)
        value = self.algebra.divided(numerator, denominator, node.function)
        return Value(value, 10**digits, flag, may_be_null)

    def _aggregate(self, node: ast.Expression, call: ListCall, place: Place) -> Value[E]:
        relation = related(call.source, place)
        if call.function not in AGGREGATES:
            raise NotLowerable(node, f"名单不能用 {call.function}")
        kept = None
        if call.condition is not None:
            kept = self.lowering.condition(call.condition, with_item(place, relation))
        value = None
        if call.value is not None:
            variable = call.variable or ""
            inner = with_variable(place, relation, variable) if variable else with_item(place, relation)
            value = self.of(call.value, inner)
        found, flag = self.algebra.aggregated(call.function, relation, kept, value)
        return Value(found, 1 if value is None else value.scale, flag, call.function != "count")


__all__ = ["Values"]
