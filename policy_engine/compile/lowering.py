"""The walk that Python and SQL share: conditions in three values as two expressions, true and possible.

Negation is pushed inwards, so that a leaf is judged with its ``not`` inside, as the reference does. A leaf holds only
where nothing it names is unknown; what could be unknown is possible.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Generic

from policy_engine.compile.algebra import Algebra, Condition, E, Value
from policy_engine.compile.names import NotLowerable, Place, find, related, with_variable
from policy_engine.compile.values import Values
from policy_engine.language import ast

_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}


class Lowering(Generic[E]):
    """Lowers checked trees by one algebra. Every method raises ``NotLowerable`` with the place and the reason."""

    def __init__(self, algebra: Algebra[E]) -> None:
        self.algebra = algebra
        self._values = Values(algebra, self)

    def condition(self, node: ast.Expression, place: Place, *, is_negated: bool = False) -> Condition[E]:
        """A condition that has passed the check."""
        match node:
            case ast.Call(function="not", arguments=(inner,)):
                return self.condition(inner, place, is_negated=not is_negated)
            case ast.Junction(operator=operator, operands=operands):
                parts = [self.condition(one, place, is_negated=is_negated) for one in operands]
                return self.all_of(parts) if (operator == "and") is not is_negated else self.any_of(parts)
            case ast.Choice():
                return self._choice(node, place, is_negated)
            case ast.Quantified():
                return self._quantified(node, place, is_negated)
            case ast.Name() | ast.Path():
                found = find(node, place)
                definition = None if found is None else found.binding.definition
                if found is not None and definition is not None and self._values.is_worked_out(found):
                    return self.condition(definition, found.place, is_negated=is_negated)
        return self._leaf(node, place, is_negated)

    def value(self, node: ast.Expression, place: Place) -> Value[E]:
        """What an amount or another value comes to."""
        return self._values.of(node, place)

    def at(self, value: Value[E], scale: int) -> Value[E]:
        """The value in finer units."""
        return self._values.at(value, scale)

    def all_of(self, parts: Sequence[Condition[E]]) -> Condition[E]:
        """Three-valued ``and``: one that does not hold decides."""
        join = self.algebra.all_of
        return Condition(join([one.is_true for one in parts]), join([one.is_possible for one in parts]))

    def any_of(self, parts: Sequence[Condition[E]]) -> Condition[E]:
        """Three-valued ``or``: one that holds decides."""
        join = self.algebra.any_of
        return Condition(join([one.is_true for one in parts]), join([one.is_possible for one in parts]))

    def _choice(self, node: ast.Choice, place: Place, is_negated: bool) -> Condition[E]:
        condition = self.condition(node.condition, place)
        yes = self.condition(node.consequence, place, is_negated=is_negated)
        no = self.condition(node.alternative, place, is_negated=is_negated)
        negated = self.algebra.negated
        otherwise = Condition(negated(condition.is_possible), negated(condition.is_true))
        return self.any_of([self.all_of([condition, yes]), self.all_of([otherwise, no])])

    def _quantified(self, node: ast.Quantified, place: Place, is_negated: bool) -> Condition[E]:
        relation = related(node.source, place)
        inner = self.condition(
            node.condition, with_variable(place, relation, node.variable), is_negated=is_negated
        )
        return self.algebra.quantified(relation, inner, is_any=(node.quantifier == "some") is not is_negated)

    def _leaf(self, node: ast.Expression, place: Place, is_negated: bool) -> Condition[E]:
        holds = self._holds(node, place, is_negated)
        unknown = self._values.touched(node, place)
        if unknown is None:
            return Condition(holds, holds)
        known = self.algebra.negated(unknown)
        return Condition(self.algebra.all_of([known, holds]), self.algebra.any_of([unknown, holds]))

    def _holds(self, node: ast.Expression, place: Place, is_negated: bool) -> E:
        """Whether plain FEEL says true, or false under a negation; null is neither."""
        match node:
            case ast.Literal(value=bool() as value):
                return self.algebra.constant(value is not is_negated)
            case ast.Name() | ast.Path():
                wanted = Value(self.algebra.constant(not is_negated), 0, None, False)
                return self.algebra.same(self.value(node, place), wanted)
            case ast.Comparison():
                operator = _OPPOSITE[node.operator] if is_negated else node.operator
                return self._compared(node.left, operator, node.right, place)
            case ast.Between():
                return self._within(node.value, (">=", node.low), ("<=", node.high), place, is_negated)
            case ast.Membership():
                return self._membership(node, place, is_negated)
            case ast.Call(function="starts with", arguments=(text, ast.Literal(value=str() as beginning))):
                given = self.value(text, place)
                starts = self.algebra.starts_with(given, beginning)
                if not is_negated:
                    return starts
                negated = self.algebra.negated
                present = negated(self.algebra.is_null(given.expression))
                return self.algebra.all_of([present, negated(starts)])
        raise NotLowerable(node, "不是条件")

    def _compared(self, left: ast.Expression, operator: str, right: ast.Expression, place: Place) -> E:
        if operator in ("=", "!="):
            same = self._same(left, right, place)
            return same if operator == "=" else self.algebra.negated(same)
        return self.algebra.compared(*self._alike(left, operator, right, place))

    def _same(self, left: ast.Expression, right: ast.Expression, place: Place) -> E:
        for side, other in ((left, right), (right, left)):
            if isinstance(other, ast.Literal) and other.value is None:
                return self.algebra.is_null(self.value(side, place).expression)
        one, _, two = self._alike(left, "=", right, place)
        return self.algebra.same(one, two)

    def _alike(
        self, left: ast.Expression, operator: str, right: ast.Expression, place: Place
    ) -> tuple[Value[E], str, Value[E]]:
        """Both sides in the same units."""
        one, two = self.value(left, place), self.value(right, place)
        scale = max(one.scale, two.scale)
        return self._values.at(one, scale), operator, self._values.at(two, scale)

    def _within(
        self,
        value: ast.Expression,
        low: tuple[str, ast.Expression] | None,
        high: tuple[str, ast.Expression] | None,
        place: Place,
        is_negated: bool,
    ) -> E:
        """Between two ends. Negated: on one side or the other, and neither end null."""
        ends = [end for end in (low, high) if end is not None]
        if not is_negated:
            return self.algebra.all_of([self._compared(value, one, end, place) for one, end in ends])
        outside = self.algebra.any_of(
            [self._compared(value, _OPPOSITE[one], end, place) for one, end in ends]
        )
        comparable = [self._is_comparable(end, place) for end in (value, *(end for _, end in ends))]
        return self.algebra.all_of([*(one for one in comparable if one is not None), outside])

    def _is_comparable(self, node: ast.Expression, place: Place) -> E | None:
        value = self.value(node, place)
        return self.algebra.negated(self.algebra.is_null(value.expression)) if value.may_be_null else None

    def _membership(self, node: ast.Membership, place: Place, is_negated: bool) -> E:
        parts: list[E] = []
        constants = [one for one in node.tests if _is_constant(one)]
        if len(constants) > 1:
            value = self.value(node.value, place)
            choices = [self.value(one, place) for one in constants]
            scale = max(value.scale, *(one.scale for one in choices))
            at = self._values.at
            among = self.algebra.among(at(value, scale), [at(one, scale) for one in choices])
            parts.append(self.algebra.negated(among) if is_negated else among)
        for test in node.tests:
            if isinstance(test, ast.Interval):
                low = None if test.low is None else (">=" if test.is_low_closed else ">", test.low)
                high = None if test.high is None else ("<=" if test.is_high_closed else "<", test.high)
                parts.append(self._within(node.value, low, high, place, is_negated))
            elif len(constants) <= 1 or not _is_constant(test):
                parts.append(self._compared(node.value, "!=" if is_negated else "=", test, place))
        return self.algebra.all_of(parts) if is_negated else self.algebra.any_of(parts)


def _is_constant(test: ast.Expression) -> bool:
    return (
        isinstance(test, ast.Literal)
        and isinstance(test.value, str | Decimal)
        and not isinstance(test.value, bool)
    )


__all__ = ["Lowering"]
