"""The made policies as one decision of the zen engine: a node of expressions for each stratum, the benefits last."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import zen

from benchmarks.plain_policies import PlainCondition, PlainPolicy
from benchmarks.rivals.sample import Person, name_of, name_of_status


class InZen:
    """Facts pass through; every node adds its answers to them."""

    def __init__(self, policies: Sequence[PlainPolicy]) -> None:
        groups: dict[tuple[int, bool], list[PlainPolicy]] = {}
        for one in policies:
            groups.setdefault((one.stratum, not one.is_status), []).append(one)
        nodes = [_node(f"n{at}", groups[key]) for at, key in enumerate(sorted(groups), 1)]
        names = ["in", *(one["id"] for one in nodes), "out"]
        ends = [
            {"id": "in", "name": "in", "type": "inputNode"},
            *nodes,
            {"id": "out", "name": "out", "type": "outputNode"},
        ]
        edges = [
            {"id": f"e{at}", "sourceId": one, "targetId": two, "type": "edge"}
            for at, (one, two) in enumerate(pairwise(names))
        ]
        content = {"nodes": [{**one, "position": {"x": 0, "y": 0}} for one in ends], "edges": edges}
        self._benefits = {name_of_status(one): one.id for one in policies if not one.is_status}
        self._decision = zen.ZenEngine().create_decision(json.dumps(content))

    def paid(self, person: Person) -> dict[str, int]:
        """By benefit, in fen."""
        answers = self._decision.evaluate(person)["result"]
        return {
            policy_id: int(answers[name])
            for name, policy_id in self._benefits.items()
            if answers.get(name) is not None
        }


def _node(name: str, policies: Sequence[PlainPolicy]) -> dict[str, Any]:
    expressions = [{"id": one.id, "key": name_of_status(one), "value": _expression(one)} for one in policies]
    content = {"expressions": expressions, "passThrough": True}
    return {"id": name, "name": name, "type": "expressionNode", "content": content}


def _expression(policy: PlainPolicy) -> str:
    holds = " and ".join(_holds(one) for one in policy.conditions)
    if policy.is_status:
        return holds
    amount = f"(home_member_count >= 4 ? {policy.large_home_fen} : {policy.small_home_fen})"
    return f"({holds}) ? {amount} : null"


def _holds(condition: PlainCondition) -> str:
    name, value = name_of(condition), json.dumps(condition.value, ensure_ascii=False)
    match condition.test:
        case "is":
            return name
        case "is not":
            return f"not({name})"
        case "is or is not":
            return f"({name} or not({name}))"
        case "none or <=" | "none or >=":
            return f"({name} == null or {name} {condition.test[-2:]} {value})"
        case "=":
            return f"{name} == {value}"
        case _:
            return f"{name} {condition.test} {value}"


__all__ = ["InZen"]
