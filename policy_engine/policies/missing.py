"""Exactly which facts an open question hangs on: only those in the parts of a condition that are still open."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.contexts import derivation
from policy_engine.language import Truth, ast, judge, unknown_names
from policy_engine.language.judge import children

Context = Mapping[str, Any]


def open_names(node: ast.Expression, context: Context, *, is_negated: bool = False) -> Iterator[str]:
    """The unknown names of a condition that could still change it, as written (``家庭.低保家庭``)."""
    asked = ast.Call(function="not", arguments=(node,)) if is_negated else node
    if judge(asked, context) is not Truth.UNKNOWN:
        return
    if isinstance(node, ast.Call) and node.function == "not" and len(node.arguments) == 1:
        yield from open_names(node.arguments[0], context, is_negated=not is_negated)
    elif isinstance(node, ast.Junction):
        for operand in node.operands:
            yield from open_names(operand, context, is_negated=is_negated)
    elif isinstance(node, ast.Choice):
        yield from open_names(node.condition, context)
        for branch in (node.consequence, node.alternative):
            yield from open_names(branch, context, is_negated=is_negated)
    else:
        yield from unknown_names(node, context)


def open_amount_names(node: ast.Expression, context: Context) -> Iterator[str]:
    """The unknown names that an amount hangs on: of the branch taken, or of the condition that chooses it."""
    if isinstance(node, ast.Choice):
        truth = judge(node.condition, context)
        if truth is Truth.UNKNOWN:
            yield from open_names(node.condition, context)
        else:
            yield from open_amount_names(
                node.consequence if truth is Truth.TRUE else node.alternative, context
            )
    elif isinstance(node, ast.Arithmetic):
        for child in children(node):
            yield from open_amount_names(child, context)
    else:
        yield from unknown_names(node, context)


def attribute_ids(names: Iterable[str], kind: EntityKind) -> tuple[str, ...]:
    """Names as written to the ids of the facts behind them; what is derived stands for what it is derived from."""
    found: dict[str, None] = {}
    for name in names:
        for one in _facts_behind(name.split("."), kind):
            found[one] = None
    return tuple(found)


def _facts_behind(parts: list[str], kind: EntityKind) -> Iterator[str]:
    entity = catalogue().entities[kind]
    if len(parts) > 1 and parts[0] in entity.relations:
        yield from _facts_behind(parts[1:], entity.relations[parts[0]].to)
        return
    attribute = catalogue().named(kind, parts[-1]) if len(parts) == 1 else None
    if attribute is None:
        attribute = _anywhere(parts[-1], kind)
    if attribute is None:
        yield ".".join([kind, *parts])  # a relation that is itself unknown, or a status
    elif attribute.derived is None:
        yield attribute.id
    else:
        for name in _names_in(derivation(attribute.id)):
            if name in catalogue().entities[attribute.entity].relations or catalogue().named(
                attribute.entity, name
            ):
                yield from _facts_behind([name], attribute.entity)


def _anywhere(name: str, kind: EntityKind) -> Attribute | None:
    """The attribute behind a loop's variable, whose entity the name alone does not tell: of what is within reach first."""
    near = {one.to for one in catalogue().entities[kind].relations.values() if one.many}
    found = [one for one in catalogue().attributes if one.name == name]
    return min(found, key=lambda one: one.entity not in near, default=None)


def _names_in(node: ast.Expression) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.name
    for child in children(node):
        yield from _names_in(child)
