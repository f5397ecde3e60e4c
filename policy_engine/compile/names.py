"""Where a name leads: to a column, a computed tree, or another entity's scope."""

import msgspec

from policy_engine.language import ast
from policy_engine.language.ast import dotted
from policy_engine.language.problems import Problem, ProblemList
from policy_engine.language.types import Binding, Scope


class NotLowerable(ProblemList):
    """An expression that only the reference evaluator can work out: refused at publication, with place and reason."""

    def __init__(self, node: ast.Expression, reason: str) -> None:
        super().__init__(
            [Problem(node.line, node.column, f"这种写法不能批量计算：{reason}", "请换一种写法。")]
        )


class Place(msgspec.Struct, frozen=True):
    """A scope and the columns' prefix in it: the household's facts stand beside a person's as ``household.…``."""

    scope: Scope
    root: Scope
    prefix: str = ""

    @classmethod
    def of(cls, scope: Scope) -> "Place":
        return cls(scope, scope)


class Found(msgspec.Struct, frozen=True):
    """``place`` is where the binding stands, for its definition."""

    binding: Binding
    place: Place

    @property
    def column(self) -> str:
        return self.place.prefix + self.binding.path


def find(node: ast.Expression, place: Place) -> Found | None:
    """What a name or a path through entities stands for; None for anything else (``日期.year``)."""
    if isinstance(node, ast.Name):
        bound = place.scope.names.get(node.name)
        return Found(bound, place) if isinstance(bound, Binding) else None
    if isinstance(node, ast.Path):
        base = find(node.base, place)
        if base is None or base.binding.type.kind != "entity":
            return None
        inner = Place(place.root.inner(base.binding.type.entity), place.root, f"{base.column}.")
        bound = inner.scope.names.get(node.name)
        if not isinstance(bound, Binding):
            raise NotLowerable(node, f"没有“{dotted(node)}”")
        return Found(bound, inner)
    return None
