"""Aggregates over the rows of a relation, as they are written: ``count(成员[年龄 < 18])``, ``sum(成员.收入)``."""

import msgspec

from policy_engine.language import ast

AGGREGATES = ("count", "sum", "min", "max")


class ListCall(msgspec.Struct, frozen=True):
    """``function`` of each row of ``source`` that ``condition`` keeps; ``value`` is what is taken of a row.

    Condition and value are read in the row's own names; with a ``variable`` the value is read by that name.
    """

    function: str
    source: ast.Expression
    condition: ast.Expression | None = None
    value: ast.Expression | None = None
    variable: str | None = None


def list_call(node: ast.Call) -> ListCall | None:
    """How a call reads if its argument is a list; None where it cannot be one."""
    if node.function not in AGGREGATES or len(node.arguments) != 1:
        return None
    argument = node.arguments[0]
    value: ast.Expression | None = None
    if node.function != "count":
        if not isinstance(argument, ast.Path):
            return None
        value = ast.Path(
            base=ast.Name(name="item", line=argument.line, column=argument.column),
            name=argument.name,
            line=argument.line,
            column=argument.column,
        )
        argument = argument.base
    if isinstance(argument, ast.Filter):
        return ListCall(node.function, argument.base, argument.condition, value)
    if isinstance(argument, ast.Name | ast.Path):
        return ListCall(node.function, argument, None, value)
    return None


__all__ = ["AGGREGATES", "ListCall", "list_call"]
