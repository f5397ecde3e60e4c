"""The syntax tree of an expression: frozen nodes, each with the place it came from."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import msgspec

from policy_engine.language.temporal_text import Temporal


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """``line`` and ``column`` (from 1) of where the node begins in the text."""

    line: int = 1
    column: int = 1


class Literal(Node, frozen=True):
    value: Decimal | str | bool | Temporal | None


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


class Test(Node, frozen=True):
    """A unary test that speaks of the value tested as ``?`` and holds when it comes to true."""

    condition: "Expression"


class EqualityRange(Node, frozen=True):
    """``(= end)`` or ``(!= end)`` as a value."""

    operator: str
    end: "Expression"


class Loop(Node, frozen=True):
    """``for variable in source return result``; several variables nest. A source of two ends counts from one to the
    other. ``uses_partial``: the result reads what came before."""

    variables: tuple[str, ...]
    sources: tuple["Expression | tuple[Expression, Expression]", ...]
    result: "Expression"
    uses_partial: bool = False


class Entries(Node, frozen=True):
    """``{key: value, …}``; later entries see earlier ones."""

    keys: tuple[str, ...]
    values: tuple["Expression", ...]


class FunctionDefinition(Node, frozen=True):
    """``function(a: number, b) body``; a type left out is null."""

    parameters: tuple[str, ...]
    types: tuple["TypeOf | None", ...]
    body: "Expression"


class Invocation(Node, frozen=True):
    """A call that is not just a name with values: of what an expression comes to, or with its arguments by name."""

    function: "Expression"
    arguments: tuple["Expression", ...]
    names: tuple[str, ...] = ()


class InstanceOf(Node, frozen=True):
    value: "Expression"
    type: "TypeOf"


class TypeOf(msgspec.Struct, frozen=True):
    """A type as it is written: ``name`` with the types inside ``<…>``, named for a context; a function's result last.
    ``is_allowed``: what a value of a named type must pass besides."""

    name: str
    parts: tuple["TypeOf", ...] = ()
    keys: tuple[str, ...] = ()
    is_allowed: Callable[[object], bool] | None = None


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
    | Test
    | EqualityRange
    | Loop
    | Entries
    | FunctionDefinition
    | Invocation
    | InstanceOf
)


def dotted(node: Expression) -> str:
    """A path as it is written."""
    if isinstance(node, Path):
        return f"{dotted(node.base)}.{node.name}"
    return node.name if isinstance(node, Name) else "…"


def children(node: Expression) -> list[Expression]:
    """The direct parts of a node, in order."""
    match node:
        case Literal() | Name():
            return []
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
        case (
            Test(condition=inside)
            | FunctionDefinition(body=inside)
            | InstanceOf(value=inside)
            | EqualityRange(end=inside)
        ):
            return [inside]
        case Entries(values=values):
            return list(values)
        case Invocation(function=function, arguments=arguments):
            return [function, *arguments]
        case Loop(sources=sources, result=result):
            ends = [source if isinstance(source, tuple) else (source,) for source in sources]
            return [*(end for pair in ends for end in pair), result]
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
