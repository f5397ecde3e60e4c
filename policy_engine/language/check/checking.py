"""The types of expressions from the leaves up, against the names that a scope allows."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from policy_engine.language import ast
from policy_engine.language.ast import dotted
from policy_engine.language.check.calls import FINEST_SCALE, TOO_FINE, call_type
from policy_engine.language.check.guards import bound_of, null_guards, ruled_out
from policy_engine.language.check.lists import quantified_type
from policy_engine.language.check.literals import is_handy, literal_type
from policy_engine.language.problems import Problem
from policy_engine.language.types import (
    BOOLEAN,
    INTEGER,
    Binding,
    FeelType,
    Kind,
    Scope,
    TableFunction,
)

KIND_NAMES: dict[Kind, str] = {
    "boolean": "是否",
    "number": "数字",
    "string": "文字",
    "date": "日期",
    "months": "时长",
    "entity": "对象",
    "list": "名单",
    "null": "null",
    "interval": "区间",
}
_DATE_PARTS = ("year", "month", "day")


class Checker:
    """Collects what is wrong while it finds the type of each part."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.problems: list[Problem] = []
        self.guarded: list[frozenset[str]] = [frozenset()]

    def refuse(self, node: ast.Expression, message: str, mend: str = "") -> None:
        self.problems.append(Problem(node.line, node.column, message, mend))

    def type_of(self, node: ast.Expression, scope: Scope) -> FeelType | None:
        """None where something below was refused already."""
        match node:
            case ast.Literal():
                return self.literal(node)
            case ast.Name():
                return self.name(node, scope)
            case ast.Path():
                return self.path(node, scope)
            case ast.Negative():
                self.forbid_null(node.operand, scope)
                return self.want(node.operand, scope, "number")
            case ast.Arithmetic():
                return self.arithmetic(node, scope)
            case ast.Comparison():
                return self.comparison(node, scope)
            case ast.Junction():
                return self.junction(node, scope)
            case ast.Membership():
                return self.membership(node, scope)
            case ast.Between():
                return self.between(node, scope)
            case ast.Choice():
                return self.choice(node, scope)
            case ast.Call():
                return call_type(self, node, scope)
            case ast.Quantified():
                return quantified_type(self, node, scope)
            case _:
                self.refuse(
                    node,
                    "政策条件不支持这种写法",
                    "请改用 in (…)、between、some … satisfies，或 count(名单[…])。",
                )
                return None

    def literal(self, node: ast.Literal) -> FeelType | None:
        if not isinstance(node.value, Decimal | str | bool | date | None):
            self.refuse(node, "政策条件不支持时间、时长和公元 1 至 9999 年以外的日期", "请改用日期或数字。")
            return None
        if isinstance(node.value, Decimal) and not is_handy(node.value):
            self.refuse(node, "数字过大或小数位数过多", "绝对值须小于一万亿，最多六位小数。")
            return None
        return literal_type(node.value)

    def want(self, node: ast.Expression, scope: Scope, kind: Kind) -> FeelType | None:
        found = self.type_of(node, scope)
        if found is not None and found.kind != kind:
            self.refuse(node, f"这里应为{KIND_NAMES[kind]}，却是{KIND_NAMES[found.kind]}")
            return None
        return found

    def name(self, node: ast.Name, scope: Scope) -> FeelType | None:
        bound = scope.names.get(node.name)
        if isinstance(bound, Binding):
            return bound.type
        if isinstance(bound, TableFunction):
            self.refuse(node, f"“{node.name}”要带参数", f"请写成 {node.name}(…)。")
            return None
        self.unknown_name(node, node.name, scope)
        return None

    def unknown_name(self, node: ast.Expression, name: str, scope: Scope) -> None:
        near = get_close_matches(name, list(scope.names), n=1, cutoff=0.5)
        mend = f"是不是“{near[0]}”？" if near else f"可用的名称有：{'、'.join(sorted(scope.names)[:8])} 等。"
        self.refuse(node, f"目录中没有“{name}”", mend)

    def path(self, node: ast.Path, scope: Scope) -> FeelType | None:
        base = self.type_of(node.base, scope)
        if base is None:
            return None
        if base.kind == "entity":
            return self.name(
                ast.Name(name=node.name, line=node.line, column=node.column), self.scope.inner(base.entity)
            )
        if base.kind == "date" and node.name in _DATE_PARTS:
            return INTEGER
        if base.kind == "months" and node.name in ("years", "months"):
            return INTEGER
        self.refuse(node, f"{KIND_NAMES[base.kind]}没有“{node.name}”这一项")
        return None

    def arithmetic(self, node: ast.Arithmetic, scope: Scope) -> FeelType | None:
        left, right = self.want(node.left, scope, "number"), self.want(node.right, scope, "number")
        for side in (node.left, node.right):
            self.forbid_null(side, scope)
        if node.operator == "**":
            self.refuse(node, "政策条件不支持乘方")
            return None
        if node.operator == "/":
            self.refuse(node, "除法只能写在取整函数里", "请写成 round half up(甲 / 乙, 2)。")
            return None
        if left is None or right is None:
            return None
        scale = left.scale * right.scale if node.operator == "*" else max(left.scale, right.scale)
        if scale > FINEST_SCALE:
            self.refuse(node, *TOO_FINE)
            return None
        return FeelType("number", scale)

    def comparison(self, node: ast.Comparison, scope: Scope) -> FeelType:
        left, right = self.type_of(node.left, scope), self.type_of(node.right, scope)
        self.compared(node, left, right, node.operator)
        if node.operator not in ("=", "!="):
            self.forbid_null(node.left, scope)
            self.forbid_null(node.right, scope)
        else:
            self.check_values(left, node.right)
            self.check_values(right, node.left)
        return BOOLEAN

    def between(self, node: ast.Between, scope: Scope) -> FeelType:
        value = self.type_of(node.value, scope)
        for end in (node.low, node.high):
            self.compared(node, value, self.type_of(end, scope), "between")
            self.forbid_null(end, scope)
        self.forbid_null(node.value, scope)
        return BOOLEAN

    def compared(
        self, node: ast.Expression, left: FeelType | None, right: FeelType | None, operator: str
    ) -> None:
        if left is None or right is None:
            return
        if operator in ("=", "!=") and "null" in (left.kind, right.kind):
            return
        if left.kind != right.kind:
            self.refuse(node, f"{KIND_NAMES[left.kind]}不能和{KIND_NAMES[right.kind]}比较")
        elif operator not in ("=", "!=") and left.kind not in ("number", "date", "months"):
            self.refuse(node, f"{KIND_NAMES[left.kind]}不能比较大小")

    def check_values(self, type_: FeelType | None, other: ast.Expression) -> None:
        if type_ is None or not type_.values or not isinstance(other, ast.Literal):
            return
        if isinstance(other.value, str) and other.value not in type_.values:
            self.refuse(other, f"没有“{other.value}”这个值", f"可选：{'、'.join(type_.values)}。")

    def junction(self, node: ast.Junction, scope: Scope) -> FeelType:
        with self.guarding(null_guards(node.operands, node.operator == "and")):
            for operand in node.operands:
                self.want(operand, scope, "boolean")
        return BOOLEAN

    @contextmanager
    def guarding(self, names: Iterable[str]) -> Generator[None]:
        """Inside, these names are known not to be null."""
        self.guarded.append(self.guarded[-1] | frozenset(names))
        yield
        self.guarded.pop()

    def membership(self, node: ast.Membership, scope: Scope) -> FeelType:
        value = self.type_of(node.value, scope)
        for test in node.tests:
            if isinstance(test, ast.Interval):
                self.forbid_null(node.value, scope)
                for end in (test.low, test.high):
                    if end is not None:
                        self.compared(test, value, self.type_of(end, scope), "<")
                        self.forbid_null(end, scope)
            else:
                self.compared(test, value, self.type_of(test, scope), "=")
                self.check_values(value, test)
        return BOOLEAN

    def choice(self, node: ast.Choice, scope: Scope) -> FeelType | None:
        self.want(node.condition, scope, "boolean")
        with self.guarding(ruled_out(node.condition, is_conjunction=True)):
            left = self.type_of(node.consequence, scope)
        with self.guarding(ruled_out(node.condition, is_conjunction=False)):
            right = self.type_of(node.alternative, scope)
        if left is None or right is None:
            return None
        if left.kind != right.kind:
            self.refuse(node, f"then 是{KIND_NAMES[left.kind]}，else 却是{KIND_NAMES[right.kind]}")
            return None
        return FeelType(left.kind, max(left.scale, right.scale))

    def forbid_null(self, node: ast.Expression, scope: Scope) -> None:
        """What may be null is neither ordered nor reckoned with, unless a guard beside it rules null out."""
        if isinstance(node, ast.Choice):
            with self.guarding(ruled_out(node.condition, is_conjunction=True)):
                self.forbid_null(node.consequence, scope)
            with self.guarding(ruled_out(node.condition, is_conjunction=False)):
                self.forbid_null(node.alternative, scope)
            return
        bound = bound_of(node, scope, self.scope)
        if bound is not None and bound.is_nullable and dotted(node) not in self.guarded[-1]:
            name = dotted(node)
            self.refuse(
                node, f"“{name}”可能是“没有”（null）", f"请写明没有时怎么办，例如 {name} != null and …。"
            )
