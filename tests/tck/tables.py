"""Decision tables of a model as the tables of the language."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from policy_engine.language import ast
from policy_engine.language.parser import parse_tests
from policy_engine.language.problems import ProblemList
from policy_engine.language.tables import DecisionTable, HitPolicy, Input, Output, Rule, Tests, decide
from tests.tck.documents import Element, child, children, text

if TYPE_CHECKING:
    from tests.tck.boxed import Boxes

_POLICIES: dict[str, HitPolicy] = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "COLLECT": "C",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
}
_AGGREGATIONS: dict[str, HitPolicy] = {"SUM": "C+", "MIN": "C<", "MAX": "C>", "COUNT": "C#"}
_NEVER = (ast.Literal(value=None),)


def table_logic(box: Element, boxes: "Boxes") -> Callable[[Mapping[str, Any]], Any]:
    """The table of an element, ready to decide."""
    hit_policy = _POLICIES[box.get("hitPolicy", "UNIQUE")]
    table = DecisionTable(
        tuple(_input(one, boxes) for one in children(box, "input")),
        tuple(_output(one, boxes) for one in children(box, "output")),
        tuple(_rule(one, boxes) for one in children(box, "rule")),
        _AGGREGATIONS.get(box.get("aggregation", ""), hit_policy),
    )
    return lambda context: decide(table, context)


def _input(element: Element, boxes: "Boxes") -> Input:
    expression = boxes.expression(text(element, "inputExpression", "text"))
    allowed = text(element, "inputValues", "text")
    return Input(expression, _tests(allowed, boxes) if allowed else None)


def _output(element: Element, boxes: "Boxes") -> Output:
    allowed = text(element, "outputValues", "text")
    ranking = (_tests(allowed, boxes) or ()) if allowed else ()
    written = child(element, "defaultOutputEntry")
    default = None if written is None else boxes.expression(text(written, "text"))
    return Output(element.get("name", ""), ranking, default)


def _rule(element: Element, boxes: "Boxes") -> Rule:
    when = tuple(_tests(text(one, "text"), boxes) for one in children(element, "inputEntry"))
    then = tuple(boxes.expression(text(one, "text")) for one in children(element, "outputEntry"))
    return Rule(when, then)


def _tests(written: str, boxes: "Boxes") -> Tests:
    """A cell's tests; an empty cell asks nothing, one that is no FEEL holds for nothing but null."""
    if not written:
        return None
    try:
        return parse_tests(written, boxes.names, boxes.types)
    except ProblemList:
        return _NEVER
