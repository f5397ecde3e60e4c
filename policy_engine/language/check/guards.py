"""What a condition beside another rules out: a name that is not null there may be ordered and reckoned with."""

from collections.abc import Iterator

from policy_engine.language import ast
from policy_engine.language.ast import dotted
from policy_engine.language.types import Binding, Scope


def bound_of(node: ast.Expression, scope: Scope, root: Scope) -> Binding | None:
    if isinstance(node, ast.Name):
        found = scope.names.get(node.name)
        return found if isinstance(found, Binding) else None
    if isinstance(node, ast.Path):
        base = bound_of(node.base, scope, root)
        if base is not None and base.type.kind == "entity":
            found = root.inner(base.type.entity).names.get(node.name)
            return found if isinstance(found, Binding) else None
    return None


def null_guards(operands: tuple[ast.Expression, ...], is_conjunction: bool) -> Iterator[str]:
    """``x != null`` in an ``and``, ``x = null`` in an ``or``: the other operands need not fear a null x."""
    wanted = "!=" if is_conjunction else "="
    for operand in operands:
        if isinstance(operand, ast.Comparison) and operand.operator == wanted:
            for side, other in ((operand.left, operand.right), (operand.right, operand.left)):
                if isinstance(other, ast.Literal) and other.value is None:
                    yield dotted(side)


def ruled_out(condition: ast.Expression, *, is_conjunction: bool) -> Iterator[str]:
    """What cannot be null where the condition of an ``if`` holds (``is_conjunction``), or does not hold."""
    wanted = "and" if is_conjunction else "or"
    if isinstance(condition, ast.Junction) and condition.operator == wanted:
        return null_guards(condition.operands, is_conjunction)
    return null_guards((condition,), is_conjunction)
