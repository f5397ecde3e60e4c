"""At which values of one fact a condition can turn: the thresholds it is held against, and the nearest to either side."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.changes import direction_of
from policy_engine.catalogue.divisions import encloses, prefix_of
from policy_engine.language import Truth, ast, value_of
from policy_engine.language.ast import children
from policy_engine.language.evaluator import TouchedUnknown
from policy_engine.matching.explanation.situation import Situation
from policy_engine.matching.network import attributes_in
from policy_engine.policies.amounts import Context
from policy_engine.profiles.schemas import RawValue

#: Ten thousand million yuan in fen: beyond what any fact may say.
LARGEST = 10**12
NUMBERS = ("integer", "money", "ratio")


def plausible_values(situation: Situation, place: int, attribute: Attribute) -> list[RawValue]:
    """The values, plausible from what the fact is now, at which the clause at ``place`` may turn; the nearest first."""
    fact = situation.fact(attribute.id)
    if fact is None:
        return []
    node = situation.trees[place]
    found = set(critical_values(situation, node, attribute, situation.base))
    is_number = attribute.type in NUMBERS and isinstance(fact.value, int)
    if is_number and is_reckoned_with(situation, node, attribute):
        found |= set(_bisected(situation, place, attribute, int(fact.value or 0)))
    allowed = [one for one in found if is_plausible(attribute, fact.value, one, situation.as_of)]
    return sorted(allowed, key=lambda one: distance(fact.value, one))


def is_plausible(attribute: Attribute, now: RawValue, then: RawValue, today: date) -> bool:
    """Whether a fact may become so: another value, in the direction the catalogue allows, not a day still to come."""
    direction = direction_of(attribute)
    if type(then) is type(now) and then == now:
        return False
    if attribute.type == "date" and isinstance(then, str) and date.fromisoformat(then) > today:
        return False
    match direction:
        case "either":
            return True
        case "gained":
            return now is None and then is not None
        case "rises" | "falls":
            before, after = _as_number(now), _as_number(then)
            return after > before if direction == "rises" else after < before
    return False


def distance(now: RawValue, then: RawValue) -> tuple[int, float, str]:
    """How far a change goes: no number at all, by how much of what it is, and then by its name."""
    if isinstance(now, int) and isinstance(then, int) and not isinstance(then, bool):
        return (0, abs(then - now) / max(abs(now), 1), "")
    return (0, 0.0, str(then))


def critical_values(
    situation: Situation, node: ast.Expression, attribute: Attribute, context: Context
) -> Iterator[RawValue]:
    """Raw values at the thresholds that ``node`` holds this fact against, and beside them."""
    if attribute.type == "boolean":
        yield from (True, False)
    if attribute.type == "enum":
        yield from attribute.values
    for threshold in _thresholds(situation, node, attribute, context):
        yield from _raw_around(attribute, threshold)


def _thresholds(
    situation: Situation, node: ast.Expression, attribute: Attribute, context: Context
) -> Iterator[Any]:
    others: Iterable[ast.Expression] = ()
    match node:
        case ast.Comparison(left=left, right=right):
            if situation.attribute(left) is attribute:
                others = (right,)
            elif situation.attribute(right) is attribute:
                others = (left,)
        case ast.Membership(value=value, tests=tests) if situation.attribute(value) is attribute:
            others = tests
        case ast.Between(value=value, low=low, high=high) if situation.attribute(value) is attribute:
            others = (low, high)
        case ast.Call(function="starts with", arguments=(value, other)):
            if situation.attribute(value) is attribute:
                others = (other,)
        case ast.Quantified() | ast.Filter():
            return  # about the members, whose facts are theirs
    for other in others:
        ends = (other.low, other.high) if isinstance(other, ast.Interval) else (other,)
        for end in ends:
            if end is not None:
                try:
                    yield value_of(end, context)
                except TouchedUnknown:
                    continue
    for child in children(node):
        yield from _thresholds(situation, child, attribute, context)


def is_reckoned_with(situation: Situation, node: ast.Expression, attribute: Attribute) -> bool:
    """Whether a fact stands anywhere but alone on one side of a comparison, as part of a sum or of a derived value."""
    found = situation.attribute(node)
    if found is not None:
        return found is attribute or (found.derived is not None and attribute in attributes_in(found.name))
    parts = children(node)
    if isinstance(node, ast.Comparison | ast.Membership | ast.Between):
        parts = [one for one in parts if situation.attribute(one) is not attribute]
    return any(is_reckoned_with(situation, one, attribute) for one in parts)


def _raw_around(attribute: Attribute, threshold: Any) -> Iterator[RawValue]:
    if threshold is None:
        if attribute.is_nullable:
            yield None
    elif isinstance(threshold, list):
        for one in threshold:
            yield from _raw_around(attribute, one)
    elif attribute.type in NUMBERS and isinstance(threshold, Decimal):
        raw = threshold * attribute.scale
        low, high = (int(raw.to_integral_value(rounding=one)) for one in (ROUND_FLOOR, ROUND_CEILING))
        yield from (one for one in (low - 1, low, high, high + 1) if 0 <= one <= LARGEST)
    elif attribute.type == "date" and isinstance(threshold, date):
        for days in (-1, 0, 1):
            yield (threshold + timedelta(days=days)).isoformat()
    elif attribute.type == "division" and isinstance(threshold, str):
        yield from _division_in(threshold)
    elif isinstance(threshold, str) and attribute.type in ("enum", "text"):
        yield threshold


def _division_in(prefix: str) -> Iterator[str]:
    """The outermost division that begins with these digits."""
    known = catalogue().divisions
    found = [code for code in known if prefix_of(code) == prefix or (code == prefix and len(code) == 9)]
    yield from found[:1] or [code for code in sorted(known) if encloses(prefix, code)][:1]


def _bisected(situation: Situation, place: int, attribute: Attribute, now: int) -> Iterator[int]:
    """Where a fact is part of a sum: the nearest value to either side at which the condition no longer fails."""

    def fails(value: int) -> bool:
        return situation.truth(place, {attribute.id: value}) is Truth.NOT_TRUE

    direction = direction_of(attribute)
    for bound, is_allowed in ((0, direction != "rises"), (LARGEST, direction != "falls")):
        if not is_allowed or now == bound or fails(bound):
            continue
        bad, good = _galloped(now, bound, fails)
        while abs(good - bad) > 1:
            middle = (bad + good) // 2
            bad, good = (middle, good) if fails(middle) else (bad, middle)
        yield good


def _galloped(now: int, bound: int, fails: Callable[[int], bool]) -> tuple[int, int]:
    """From here towards the bound in doubling steps, until the condition no longer fails."""
    bad, step, sign = now, 1, 1 if bound > now else -1
    while step < abs(bound - now):
        value = now + sign * step
        if not fails(value):
            return bad, value
        bad, step = value, step * 4
    return bad, bound


def _as_number(value: RawValue) -> int:
    return int(value) if isinstance(value, int) else 0
