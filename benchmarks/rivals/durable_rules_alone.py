"""The made benefits as rules of durable-rules alone, statuses given among the facts: it has no safe negation over them.

One event for each person and policy: an event is consumed by the first rule that matches it, so that each rule names its
policy and one more, of lower priority, takes those that nothing matched.
"""

import itertools
from collections.abc import Sequence
from typing import Any

from durable import engine

from benchmarks.plain_policies import PlainCondition, PlainPolicy
from benchmarks.rivals.sample import Person, name_of

_NONE = "_is_none"


class InDurableRules:
    """Only benefits: whoever has a status is told."""

    def __init__(self, policies: Sequence[PlainPolicy]) -> None:
        self._benefits = [one for one in policies if not one.is_status]
        self._paid: dict[str, int] = {}
        self._numbers = itertools.count(1)
        rules = {
            f"r{at}": {"all": [{"m": {"$and": _conditions(at, one)}}], "pri": 1, "run": self._pay}
            for at, one in enumerate(self._benefits)
        }
        rest = {"all": [{"m": {"$gte": {"policy": 0}}}], "pri": 2, "run": _leave}
        self._rules = engine.Ruleset("bench", None, {**rules, "rest": rest})

    def paid(self, person: Person) -> dict[str, int]:
        """By benefit, in fen."""
        self._paid = {}
        facts = {name: value for name, value in person.items() if value is not None}
        facts |= {name + _NONE: value is None for name, value in person.items() if value is None}
        for at, _ in enumerate(self._benefits):
            self._rules.assert_event({**facts, "policy": at, "n": next(self._numbers), "sid": "1"})
            self._rules.dispatch()
        return self._paid

    def _pay(self, closure: Any) -> None:
        policy = self._benefits[closure.m.policy]
        fen = policy.large_home_fen if closure.m.home_member_count >= 4 else policy.small_home_fen
        self._paid[policy.id] = fen or 0


def _leave(_closure: Any) -> None:
    """Nobody is paid."""


def _conditions(at: int, policy: PlainPolicy) -> list[dict[str, Any]]:
    return [{"policy": at}, *(found for one in policy.conditions if (found := _holds(one)) is not None)]


def _holds(condition: PlainCondition) -> dict[str, Any] | None:
    name, value = name_of(condition), condition.value
    match condition.test:
        case "is":
            return {name: True}
        case "is not":
            return {name: False}
        case "is or is not":
            return None
        case "=":
            return {name: value}
        case "!=":
            return {"$neq": {name: value}}
        case "<=" | ">=":
            return {"$lte" if condition.test == "<=" else "$gte": {name: value}}
        case "none or <=" | "none or >=":
            bound = "$lte" if condition.test.endswith("<=") else "$gte"
            return {"$or": [{name + _NONE: True}, {bound: {name: value}}]}


__all__ = ["InDurableRules"]
