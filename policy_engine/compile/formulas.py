"""Conditions as formulas over leaves: negation pushed inwards, computed names put in, each leaf with a name of its own.

Policies ask much the same: a leaf that many of them name has the same ``key`` and need be worked out only once.
"""

import msgspec

from policy_engine.compile.names import Place, find
from policy_engine.language import ast


class Leaf(msgspec.Struct, frozen=True):
    """What can be asked of a subject without looking into it further: a comparison, a fact by name, a question to rows."""

    node: ast.Expression
    place: Place
    is_negated: bool

    @property
    def key(self) -> str:
        """The same for what asks the same of the same subjects, wherever it is written."""
        return f"{'not ' if self.is_negated else ''}{self.place.prefix}|{written(self.node)}"


class Joined(msgspec.Struct, frozen=True):
    """All of the parts, or any."""

    is_all: bool
    parts: tuple["Formula", ...]


class Otherwise(msgspec.Struct, frozen=True):
    """True where the condition is not, unknown where it is: FEEL takes ``else`` for null as for false."""

    condition: "Formula"


Formula = Leaf | Joined | Otherwise


def formula(node: ast.Expression, place: Place, *, is_negated: bool = False) -> Formula:
    """A checked condition, or its negation. Raises ``NotLowerable``."""
    match node:
        case ast.Call(function="not", arguments=(inner,)):
            return formula(inner, place, is_negated=not is_negated)
        case ast.Junction(operator=operator, operands=operands):
            parts = tuple(formula(one, place, is_negated=is_negated) for one in operands)
            return Joined((operator == "and") is not is_negated, parts)
        case ast.Choice():
            condition = formula(node.condition, place)
            yes = formula(node.consequence, place, is_negated=is_negated)
            no = formula(node.alternative, place, is_negated=is_negated)
            branches = (Joined(True, (condition, yes)), Joined(True, (Otherwise(condition), no)))
            return Joined(False, branches)
        case ast.Name() | ast.Path():
            found = find(node, place)
            if found is not None and found.binding.definition is not None:
                return formula(found.binding.definition, found.place, is_negated=is_negated)
    return Leaf(node, place, is_negated)


def leaves(of: Formula) -> list[Leaf]:
    """Every leaf, from left to right."""
    match of:
        case Leaf():
            return [of]
        case Otherwise(condition=condition):
            return leaves(condition)
        case Joined(parts=parts):
            return [leaf for part in parts for leaf in leaves(part)]


def written(part: object) -> str:
    """A tree by what it says and not by where it stands."""
    if isinstance(part, tuple):
        return f"({','.join(written(one) for one in part)})"
    if not isinstance(part, ast.Node):
        return repr(part)
    fields = [one for one in part.__struct_fields__ if one not in ("line", "column")]
    return f"{type(part).__name__}({','.join(written(getattr(part, one)) for one in fields)})"


__all__ = ["Formula", "Joined", "Leaf", "Otherwise", "formula", "leaves", "written"]
