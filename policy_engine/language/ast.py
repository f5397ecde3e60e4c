"""The syntax tree of an expression: frozen nodes, each with the place it came from."""

from datetime import date
from decimal import Decimal
from typing import TypeAlias

import msgspec


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """``line`` and ``column`` (from 1) of where the node begins in the text."""

    line: int = 1
    column: int = 1


class Literal(Node, frozen=True):
    value: Decimal | str | bool | date | None


class Name(Node, frozen=True):
    name: str


class Path(Node, frozen=True):
    base: "Expression"
    name: str


class Negative(Node, frozen=True):
    operand: "Expression"


class Arithmetic(Node, frozen=True):
    operator: str
    left: "Expression"
    right: "Expression"


class Comparison(Node, frozen=True):
    operator: str
    left: "Expression"
    right: "Expression"


class Junction(Node, frozen=True):
    """``and`` or ``or`` over two or more operands."""

    operator: str
    operands: tuple["Expression", ...]


class Interval(Node, frozen=True):
    """``[low..high]`` with open or closed ends; an end left out is null."""

    low: "Expression | None"
    high: "Expression | None"
    is_low_closed: bool
    is_high_closed: bool


class Membership(Node, frozen=True):
    """``value in tests``: true when one of the tests holds."""

    value: "Expression"
    tests: tuple["Expression", ...]


class Between(Node, frozen=True):
    value: "Expression"
    low: "Expression"
    high: "Expression"


class Choice(Node, frozen=True):
    """``if condition then consequence else alternative``."""

    condition: "Expression"
    consequence: "Expression"
    alternative: "Expression"


class Call(Node, frozen=True):
    function: str
    arguments: tuple["Expression", ...]


class ListOf(Node, frozen=True):
    items: tuple["Expression", ...]


class Filter(Node, frozen=True):
    base: "Expression"
    condition: "Expression"


class Quantified(Node, frozen=True):
    """``some`` or ``every`` variable in source satisfies condition."""

    quantifier: str
    variable: str
    source: "Expression"
    condition: "Expression"


Expression: TypeAlias = (
    Literal
    | Name
    | Path
    | Negative
    | Arithmetic
    | Comparison
    | Junction
    | Interval
    | Membership
    | Between
    | Choice
    | Call
    | ListOf
    | Filter
    | Quantified
)


def dotted(node: Expression) -> str:
    """A path as it is written."""
    if isinstance(node, Path):
        return f"{dotted(node.base)}.{node.name}"
    return node.name if isinstance(node, Name) else "…"


def children(node: Expression) -> list[Expression]:
    """The direct parts of a node, in order."""
    match node:
        case Path(base=base):
            return [base]
        case Negative(operand=operand):
            return [operand]
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return [left, right]
        case Junction(operands=operands):
            return list(operands)
        case Interval(low=low, high=high):
            return [end for end in (low, high) if end is not None]
        case Membership(value=value, tests=tests):
            return [value, *tests]
        case Between(value=value, low=low, high=high):
            return [value, low, high]
        case Choice(condition=condition, consequence=consequence, alternative=alternative):
            return [condition, consequence, alternative]
        case Call(arguments=arguments):
            return list(arguments)
        case ListOf(items=items):
            return list(items)
        case Filter(base=base, condition=condition):
            return [base, condition]
        case Quantified(source=source, condition=condition):
            return [source, condition]
    return []


def deepest(node: Expression) -> tuple[Expression, int]:
    """The node that lies deepest, and how deep (the root is 1); without recursion, so that any tree can be measured."""
    found, most = node, 0
    pending = [(node, 1)]
    while pending:
        one, depth = pending.pop()
        if depth > most:
            found, most = one, depth
        pending.extend((child, depth + 1) for child in children(one))
    return found, most
