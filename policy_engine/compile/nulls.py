"""Which values may be null where nothing is unknown: a missing row of a standard, a division by zero, a fold of nothing."""

from policy_engine.compile.names import Place, find
from policy_engine.language import ast
from policy_engine.language.ast import children
from policy_engine.language.lists import AGGREGATES, list_call
from policy_engine.language.types import TableFunction


def may_be_null(node: ast.Expression, place: Place) -> bool:
    """Whether the value of a checked tree may be null; said of too many rather than of too few."""
    match node:
        case ast.Literal(value=value):
            return value is None
        case ast.Name() | ast.Path():
            found = find(node, place)
            if found is None:
                return isinstance(node, ast.Path) and may_be_null(node.base, place)
            if found.binding.definition is not None:
                return may_be_null(found.binding.definition, found.place)
            return found.binding.is_nullable
        case ast.Call(function=function):
            if isinstance(place.scope.names.get(function), TableFunction) or _divides(node):
                return True
            if function in AGGREGATES and len(node.arguments) == 1 and list_call(node) is not None:
                return function != "count"
    return any(may_be_null(child, place) for child in children(node))


def _divides(node: ast.Call) -> bool:
    inner = node.arguments[0] if node.arguments else None
    return isinstance(inner, ast.Arithmetic) and inner.operator == "/"
