"""Where a name leads: to a column, a computed tree, another entity's scope, or the rows of a relation."""

import msgspec

from policy_engine.language import ast
from policy_engine.language.ast import dotted
from policy_engine.language.problems import Problem, ProblemList
from policy_engine.language.types import Binding, FeelType, Scope

#: The columns of a relation's rows are named behind this, inside a loop.
ROW = "@."


class NotLowerable(ProblemList):
    """An expression that only the reference evaluator can work out: refused at publication, with place and reason."""

    def __init__(self, node: ast.Expression, reason: str) -> None:
        super().__init__(
            [Problem(node.line, node.column, f"这种写法不能批量计算：{reason}", "请换一种写法。")]
        )


class Place(msgspec.Struct, frozen=True):
    """A scope and the columns' prefix in it: the household's facts stand beside a person's as ``household.…``.

    ``owner`` inside a loop: the prefix of whose relation it goes through, beside whose facts each row stands.
    """

    scope: Scope
    root: Scope
    prefix: str = ""
    owner: str | None = None

    @classmethod
    def of(cls, scope: Scope) -> "Place":
        return cls(scope, scope)

    def shifted(self, prefix: str) -> "Place":
        """The same scope seen from a frame in which its columns stand behind ``prefix``."""
        return msgspec.structs.replace(self, prefix=prefix + self.prefix)


class Found(msgspec.Struct, frozen=True):
    """``place`` is where the binding stands, for its definition."""

    binding: Binding
    place: Place

    @property
    def column(self) -> str:
        path = self.binding.path
        return path if path.startswith(ROW) else self.place.prefix + path


class Related(msgspec.Struct, frozen=True):
    """The rows of a relation: its column, whose it is (the prefix of the owner's columns), and of what kind they are."""

    column: str
    owner: str
    entity: str


def find(node: ast.Expression, place: Place) -> Found | None:
    """What a name or a path through entities stands for; None for anything else (``日期.year``).

    Raises ``NotLowerable`` for what a row cannot see from inside a loop.
    """
    found = _find(node, place)
    if found is None or place.owner is None or found.column.startswith(ROW):
        return found
    is_constant = found.binding.definition is not None and not found.binding.path
    outside = found.column.removeprefix(place.owner)
    if not is_constant and (not found.column.startswith(place.owner) or "." in outside):
        reason = f"名单里的条件只能用名单成员自己和名单所属对象的事实，不能用“{dotted(node)}”"
        raise NotLowerable(node, reason)
    return found


def _find(node: ast.Expression, place: Place) -> Found | None:
    if isinstance(node, ast.Name):
        bound = place.scope.names.get(node.name)
        return Found(bound, place) if isinstance(bound, Binding) else None
    if isinstance(node, ast.Path):
        base = _find(node.base, place)
        if base is None or base.binding.type.kind != "entity":
            return None
        if base.binding.path and base.column.startswith(ROW):
            raise NotLowerable(node, f"名单成员的“{dotted(node.base)}”就是名单所属的对象，请直接写它的名称")
        return _member(node, base, place)
    return None


def _member(node: ast.Path, base: Found, place: Place) -> Found:
    prefix = ROW if base.binding.path == "@" else f"{base.column}."
    inner = Place(place.root.inner(base.binding.type.entity), place.root, prefix, place.owner)
    bound = inner.scope.names.get(node.name)
    if not isinstance(bound, Binding):
        raise NotLowerable(node, f"没有“{dotted(node)}”")
    return Found(bound, inner)


def related(source: ast.Expression, place: Place) -> Related:
    """The relation that a loop goes through. Raises ``NotLowerable``."""
    found = find(source, place)
    if place.owner is not None:
        raise NotLowerable(source, "名单里不能再套名单")
    if found is None or found.binding.type.kind != "list":
        raise NotLowerable(source, "只能逐个看目录中的名单")
    return Related(found.column, found.place.prefix, found.binding.type.entity)


def with_variable(place: Place, relation: Related, variable: str) -> Place:
    """Inside ``some variable in …``."""
    bound = Binding(FeelType("entity", entity=relation.entity), "@")
    scope = Scope({**place.scope.names, variable: bound}, place.scope.entities)
    return Place(scope, place.root, place.prefix, relation.owner)


def with_item(place: Place, relation: Related) -> Place:
    """Inside ``…[condition]``: the row's own names come first, and ``item`` is the row."""
    rows = place.root.inner(relation.entity).names
    own = {
        name: msgspec.structs.replace(one, path=ROW + one.path) if one.path else one
        for name, one in rows.items()
        if isinstance(one, Binding)
    }
    item = Binding(FeelType("entity", entity=relation.entity), "@")
    scope = Scope({**place.scope.names, **own, "item": item}, place.scope.entities)
    return Place(scope, place.root, place.prefix, relation.owner)


def derived_columns(scope: Scope) -> dict[str, Found]:
    """What is computed and has a column of its own, by column: of the subject, and of those it belongs to."""
    found: dict[str, Found] = {}
    for name, bound in scope.names.items():
        if not isinstance(bound, Binding):
            continue
        if bound.definition is not None and bound.path:
            found[bound.path] = Found(bound, Place.of(scope))
        if bound.type.kind == "entity":
            for one in scope.inner(bound.type.entity).names:
                inner = find(ast.Path(base=ast.Name(name=name), name=one), Place.of(scope))
                if inner is not None and inner.binding.definition is not None and inner.binding.path:
                    found[inner.column] = inner
    return found
