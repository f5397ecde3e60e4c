"""Going through a relation: ``some`` and ``every``, and aggregates of what a filter keeps."""

from typing import TYPE_CHECKING

from policy_engine.language import ast
from policy_engine.language.check.guards import bound_of, ruled_out
from policy_engine.language.lists import ListCall
from policy_engine.language.types import BOOLEAN, INTEGER, Binding, FeelType, Scope

if TYPE_CHECKING:
    from policy_engine.language.check.checking import Checker

ITEM = "item"


def is_list(checker: "Checker", node: ast.Expression, scope: Scope) -> bool:
    """Whether it leads to a relation."""
    bound = bound_of(node, scope, checker.scope)
    return bound is not None and bound.type.kind == "list"


def quantified_type(checker: "Checker", node: ast.Quantified, scope: Scope) -> FeelType:
    source = checker.want(node.source, scope, "list")
    if source is not None:
        inner = Binding(FeelType("entity", entity=source.entity))
        names = {**scope.names, node.variable: inner}
        checker.want(node.condition, Scope(names, scope.entities), "boolean")
    return BOOLEAN


def aggregate_type(checker: "Checker", call: ListCall, scope: Scope) -> FeelType | None:
    """A count, or the sum, least or most of a number of each row, which must not be null where it counts."""
    source = checker.want(call.source, scope, "list")
    if source is None:
        return None
    item = Binding(FeelType("entity", entity=source.entity))
    rows = checker.scope.inner(source.entity).names
    inner = Scope({**scope.names, **rows, ITEM: item}, scope.entities)
    if call.condition is not None:
        checker.want(call.condition, inner, "boolean")
    if call.value is None:
        return INTEGER
    present = set[str]()
    if call.condition is not None:
        found = set(ruled_out(call.condition, is_conjunction=True))
        present = found | {f"{ITEM}.{one}" for one in found}
    with checker.guarding(present):
        value = checker.want(call.value, inner, "number")
        checker.forbid_null(call.value, inner)
    return None if value is None else FeelType("number", value.scale)
