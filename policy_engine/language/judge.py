"""Judging a condition where facts may be unknown: the definition of right that every compiler must equal.

A condition is brought to negation normal form; a leaf that touches an unknown fact is unknown, else true or not true by
plain FEEL; ``and``, ``or``, ``some`` and ``every`` are three-valued over {true, not true, unknown}. Under a negation a
leaf is judged with its ``not`` inside, because in FEEL ``not(null)`` is null and so is not true either.

An aggregate over a list touches the facts of the items that its filter keeps; an item that the filter leaves open leaves
the whole open, and one that it turns away says nothing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from policy_engine.language import ast
from policy_engine.language.ast import children, dotted
from policy_engine.language.evaluator import TouchedUnknown, call, inside, items_of, reckoned, value_of
from policy_engine.language.values import UNKNOWN, Truth, Unknown


def judge(node: ast.Expression, context: Mapping[str, Any]) -> Truth:
    """Whether the condition holds; ``context`` may say ``UNKNOWN`` of a fact."""
    return _truth(node, context, is_negated=False)


def _truth(node: ast.Expression, context: Mapping[str, Any], *, is_negated: bool) -> Truth:
    if isinstance(node, ast.Call) and node.function == "not" and len(node.arguments) == 1:
        return _truth(node.arguments[0], context, is_negated=not is_negated)
    if isinstance(node, ast.Junction):
        is_conjunction = (node.operator == "and") is not is_negated
        return _joined(
            [_truth(operand, context, is_negated=is_negated) for operand in node.operands], is_conjunction
        )
    if isinstance(node, ast.Quantified):
        return _quantified(node, context, is_negated=is_negated)
    if isinstance(node, ast.Choice):
        return _chosen(node, context, is_negated=is_negated)
    return _leaf(node, context, is_negated=is_negated)


def _joined(truths: list[Truth], is_conjunction: bool) -> Truth:
    decisive, other = (Truth.NOT_TRUE, Truth.TRUE) if is_conjunction else (Truth.TRUE, Truth.NOT_TRUE)
    if decisive in truths:
        return decisive
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else other


def _quantified(node: ast.Quantified, context: Mapping[str, Any], *, is_negated: bool) -> Truth:
    if _source_names(node.source, context):
        return Truth.UNKNOWN
    source = value_of(node.source, context)
    if not isinstance(source, list):
        return Truth.NOT_TRUE
    truths = [
        _truth(node.condition, {**context, node.variable: item}, is_negated=is_negated) for item in source
    ]
    return _joined(truths, is_conjunction=(node.quantifier == "every") is not is_negated)


def _chosen(node: ast.Choice, context: Mapping[str, Any], *, is_negated: bool) -> Truth:
    """``(c and a) or (not-true(c) and b)``: a null condition takes ``else``, an unknown one leaves it open."""
    condition = judge(node.condition, context)
    taken = _truth(node.consequence, context, is_negated=is_negated)
    otherwise = _truth(node.alternative, context, is_negated=is_negated)
    if condition is Truth.UNKNOWN:
        return _joined(
            [_joined([Truth.UNKNOWN, taken], True), _joined([Truth.UNKNOWN, otherwise], True)], False
        )
    return taken if condition is Truth.TRUE else otherwise


def _leaf(node: ast.Expression, context: Mapping[str, Any], *, is_negated: bool) -> Truth:
    if touches_unknown(node, context):
        return Truth.UNKNOWN
    value = _known_value(node, context)
    return Truth.TRUE if value is (not is_negated) else Truth.NOT_TRUE


def judge_amount(node: ast.Expression, context: Mapping[str, Any]) -> Any | Unknown:
    """The value of a formula, null where it has none, ``UNKNOWN`` where a fact it needs is.

    Only the branch of an ``if`` that is taken is needed, wherever in the formula it stands.
    """
    if isinstance(node, ast.Choice):
        condition = judge(node.condition, context)
        if condition is Truth.UNKNOWN:
            return UNKNOWN
        return judge_amount(node.consequence if condition is Truth.TRUE else node.alternative, context)
    if isinstance(node, ast.Arithmetic):
        left, right = judge_amount(node.left, context), judge_amount(node.right, context)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        return reckoned(left, node.operator, right)
    if isinstance(node, ast.Call):
        arguments = [judge_amount(argument, context) for argument in node.arguments]
        if any(argument is UNKNOWN for argument in arguments):
            return UNKNOWN
        return call(node.function, arguments, context)
    if touches_unknown(node, context):
        return UNKNOWN
    return _known_value(node, context)


def _known_value(node: ast.Expression, context: Mapping[str, Any]) -> Any:
    """The value of a tree that hangs on nothing unknown, though a filter in it may look at unknown facts."""
    try:
        return value_of(node, context)
    except TouchedUnknown:
        kept: dict[str, Any] = {}
        settled = _settled(node, context, kept)
        return value_of(settled, {**context, **kept})


def _settled(node: Any, context: Mapping[str, Any], kept: dict[str, Any]) -> Any:
    """The tree with a name in place of each filter, which stands for the items that it is known to keep."""
    if isinstance(node, tuple):
        return tuple(_settled(one, context, kept) for one in node)
    if not isinstance(node, ast.Node) or isinstance(node, ast.Quantified):
        return node
    if isinstance(node, ast.Filter):
        items = items_of(_known_value(node.base, context))
        name = f"[{len(kept)}]"  # no name that a text could write
        kept[name] = [one for one in items if judge(node.condition, inside(context, one)) is Truth.TRUE]
        return ast.Name(name=name)
    parts = {name: _settled(getattr(node, name), context, kept) for name in node.__struct_fields__}
    return msgspec.structs.replace(node, **parts)


def touches_unknown(node: ast.Expression, context: Mapping[str, Any]) -> bool:
    """Whether any fact named in the tree is unknown, whichever branch evaluation would take."""
    return bool(unknown_names(node, context))


def unknown_names(node: ast.Expression, context: Mapping[str, Any]) -> list[str]:
    """The unknown facts that a tree names, as written (``家庭.月收入``), in order, each once."""
    found: dict[str, None] = {}
    _collect(node, context, found)
    return list(found)


def _collect(node: ast.Expression, context: Mapping[str, Any], found: dict[str, None]) -> None:
    if isinstance(node, ast.Name):
        value = context.get(node.name)
        if value is UNKNOWN or (isinstance(value, list) and any(item is UNKNOWN for item in value)):
            found[node.name] = None
        return
    if isinstance(node, ast.Path):
        _collect_path(node, context, found)
        return
    if isinstance(node, ast.Filter | ast.Quantified):
        _collect_each(node, context, found)
        return
    for child in children(node):
        _collect(child, context, found)


def _collect_path(node: ast.Path, context: Mapping[str, Any], found: dict[str, None]) -> None:
    missing = unknown_names(node.base, context)
    if missing:
        found.update(dict.fromkeys(missing))
        return
    try:
        _known_value(node, context)
    except TouchedUnknown:
        base = node.base.base if isinstance(node.base, ast.Filter) else node.base
        found[f"{dotted(base)}.{node.name}"] = None


def _source_names(source: ast.Expression, context: Mapping[str, Any]) -> list[str]:
    """What keeps a list from being gone through; that one of its items is unknown does not."""
    if isinstance(source, ast.Name):
        return [source.name] if context.get(source.name) is UNKNOWN else []
    return unknown_names(source, context)


def _collect_each(
    node: ast.Filter | ast.Quantified, context: Mapping[str, Any], found: dict[str, None]
) -> None:
    source = node.base if isinstance(node, ast.Filter) else node.source
    missing = _source_names(source, context)
    if missing:
        found.update(dict.fromkeys(missing))
        return
    value = _known_value(source, context)
    if isinstance(node, ast.Quantified):
        for item in value if isinstance(value, list) else []:
            _collect(node.condition, {**context, node.variable: item}, found)
        return
    for item in items_of(value):
        scope = inside(context, item)
        if judge(node.condition, scope) is Truth.UNKNOWN:
            _collect(node.condition, scope, found)


__all__ = ["children", "dotted", "judge", "judge_amount", "touches_unknown", "unknown_names"]
