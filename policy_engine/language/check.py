"""The type check: unknown names, wrong types, values an enumeration has not, nulls that nobody handles.

The part of FEEL it lets through is what all compilers can lower; anything else is refused with its place and reason.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from policy_engine.language import ast
from policy_engine.language.ast import dotted
from policy_engine.language.built_ins import ROUNDINGS
from policy_engine.language.problems import Problem, ProblemList
from policy_engine.language.ranges import contradictions
from policy_engine.language.types import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONTHS,
    NULL,
    STRING,
    Binding,
    FeelType,
    Kind,
    Scope,
    TableFunction,
)
from policy_engine.language.values import date_of
from policy_engine.language.weight import too_heavy

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
#: Beyond this the whole numbers that columns reckon with would leave 64 bits.
FINEST_SCALE = 10**9
MOST_DECIMALS = 6
LARGEST_NUMBER = 10**12
_TOO_FINE = ("小数位数过多，批量计算会失去准确", "请先取整，再相乘或相除。")
_DATE_PARTS = ("year", "month", "day")


def check(node: ast.Expression, scope: Scope, expected: Kind | None = None) -> FeelType:
    """The type of an expression. Raises ``ProblemList`` with everything that is wrong, places and mends."""
    checker = _Checker(scope)
    found = checker.type_of(node, scope)
    if expected is not None and found is not None and found.kind != expected:
        checker.refuse(node, f"结果应为{KIND_NAMES[expected]}，却是{KIND_NAMES[found.kind]}")
    checker.problems.extend(contradictions(node))
    checker.problems.extend(too_heavy(node))
    if checker.problems:
        raise ProblemList(checker.problems)
    if found is None:
        raise AssertionError("an expression without problems has a type")
    return found


class _Checker:
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
                return self.call(node, scope)
            case ast.Quantified():
                return self.quantified(node, scope)
            case ast.Filter() | ast.ListOf() | ast.Interval():
                self.refuse(node, "政策条件不支持这种写法", "请改用 in (…)、between 或 some … satisfies。")
                return None

    def literal(self, node: ast.Literal) -> FeelType | None:
        if isinstance(node.value, Decimal) and not _is_handy(node.value):
            self.refuse(node, "数字过大或小数位数过多", "绝对值须小于一万亿，最多六位小数。")
            return None
        return _literal_type(node.value)

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
            self.refuse(node, *_TOO_FINE)
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
        with self.guarding(_null_guards(node.operands, node.operator == "and")):
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
        with self.guarding(_ruled_out(node.condition, is_conjunction=True)):
            left = self.type_of(node.consequence, scope)
        with self.guarding(_ruled_out(node.condition, is_conjunction=False)):
            right = self.type_of(node.alternative, scope)
        if left is None or right is None:
            return None
        if left.kind != right.kind:
            self.refuse(node, f"then 是{KIND_NAMES[left.kind]}，else 却是{KIND_NAMES[right.kind]}")
            return None
        return FeelType(left.kind, max(left.scale, right.scale))

    def call(self, node: ast.Call, scope: Scope) -> FeelType | None:
        bound = scope.names.get(node.function)
        if isinstance(bound, TableFunction):
            return self.lookup(node, bound, scope)
        name, count = node.function, len(node.arguments)
        if name == "not" and count == 1:
            self.want(node.arguments[0], scope, "boolean")
            return BOOLEAN
        if name == "starts with" and count == 2 and _is_text(node.arguments[1]):
            self.want(node.arguments[0], scope, "string")
            return BOOLEAN
        if name == "years and months duration" and count == 2:
            for argument in node.arguments:
                self.want(argument, scope, "date")
                self.forbid_null(argument, scope)
            return MONTHS
        if name == "date" and count == 1 and _is_date_text(node.arguments[0]):
            return DATE
        if name == "count" and count == 1:
            self.want(node.arguments[0], scope, "list")
            return INTEGER
        if name in ("min", "max") and count >= 2:
            return self.extreme(node, scope)
        if name == "abs" and count == 1:
            self.forbid_null(node.arguments[0], scope)
            return self.want(node.arguments[0], scope, "number")
        if name in ROUNDINGS and count in (1, 2):
            return self.rounding(node, scope)
        known = [
            "not",
            "starts with",
            "years and months duration",
            "date",
            "count",
            "min",
            "max",
            "abs",
            *ROUNDINGS,
        ]
        near = get_close_matches(name, [*known, *scope.names], n=1, cutoff=0.5)
        mend = f"是不是“{near[0]}”？" if near else f"可用的函数有：{'、'.join(known)}。"
        self.refuse(node, f"没有“{name}”这个函数，或参数不对", mend)
        return None

    def lookup(self, node: ast.Call, table: TableFunction, scope: Scope) -> FeelType | None:
        if len(node.arguments) != len(table.parameters):
            self.refuse(
                node, f"“{node.function}”需要{len(table.parameters)}个参数，这里有{len(node.arguments)}个"
            )
            return None
        for argument, parameter in zip(node.arguments, table.parameters, strict=True):
            self.want(argument, scope, parameter.kind)
        return table.result

    def extreme(self, node: ast.Call, scope: Scope) -> FeelType | None:
        found = [self.want(argument, scope, "number") for argument in node.arguments]
        for argument in node.arguments:
            self.forbid_null(argument, scope)
        return FeelType("number", max(one.scale for one in found if one is not None)) if all(found) else None

    def rounding(self, node: ast.Call, scope: Scope) -> FeelType | None:
        digits = _digits(node)
        if digits is None:
            self.refuse(node, "保留的小数位数应写成 0 到 6 的数字")
            return None
        inner = node.arguments[0]
        is_division = isinstance(inner, ast.Arithmetic) and inner.operator == "/"
        scale = 10**digits
        for part in ast.children(inner) if is_division else [inner]:
            found = self.want(part, scope, "number")
            self.forbid_null(part, scope)
            scale *= 1 if found is None else found.scale
        if scale > FINEST_SCALE:
            self.refuse(node, *_TOO_FINE)
            return None
        return FeelType("number", 10**digits)

    def quantified(self, node: ast.Quantified, scope: Scope) -> FeelType:
        source = self.want(node.source, scope, "list")
        if source is not None:
            inner = Binding(FeelType("entity", entity=source.entity))
            self.want(node.condition, Scope({**scope.names, node.variable: inner}, scope.entities), "boolean")
        return BOOLEAN

    def forbid_null(self, node: ast.Expression, scope: Scope) -> None:
        """What may be null is neither ordered nor reckoned with, unless a guard beside it rules null out."""
        if isinstance(node, ast.Choice):
            with self.guarding(_ruled_out(node.condition, is_conjunction=True)):
                self.forbid_null(node.consequence, scope)
            with self.guarding(_ruled_out(node.condition, is_conjunction=False)):
                self.forbid_null(node.alternative, scope)
            return
        bound = _bound(node, scope, self.scope)
        if bound is not None and bound.is_nullable and dotted(node) not in self.guarded[-1]:
            name = dotted(node)
            self.refuse(
                node, f"“{name}”可能是“没有”（null）", f"请写明没有时怎么办，例如 {name} != null and …。"
            )


def _bound(node: ast.Expression, scope: Scope, root: Scope) -> Binding | None:
    if isinstance(node, ast.Name):
        found = scope.names.get(node.name)
        return found if isinstance(found, Binding) else None
    if isinstance(node, ast.Path):
        base = _bound(node.base, scope, root)
        if base is not None and base.type.kind == "entity":
            found = root.inner(base.type.entity).names.get(node.name)
            return found if isinstance(found, Binding) else None
    return None


def _null_guards(operands: tuple[ast.Expression, ...], is_conjunction: bool) -> Iterator[str]:
    """``x != null`` in an ``and``, ``x = null`` in an ``or``: the other operands need not fear a null x."""
    wanted = "!=" if is_conjunction else "="
    for operand in operands:
        if isinstance(operand, ast.Comparison) and operand.operator == wanted:
            for side, other in ((operand.left, operand.right), (operand.right, operand.left)):
                if isinstance(other, ast.Literal) and other.value is None:
                    yield dotted(side)


def _ruled_out(condition: ast.Expression, *, is_conjunction: bool) -> Iterator[str]:
    """What cannot be null where the condition of an ``if`` holds (``is_conjunction``), or does not hold."""
    wanted = "and" if is_conjunction else "or"
    if isinstance(condition, ast.Junction) and condition.operator == wanted:
        return _null_guards(condition.operands, is_conjunction)
    return _null_guards((condition,), is_conjunction)


def _is_handy(number: Decimal) -> bool:
    """Small enough that whole numbers of its units can be multiplied in 64 bits."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS and abs(number) < LARGEST_NUMBER


def _literal_type(value: object) -> FeelType:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return FeelType("number", 10 ** max(0, -exponent) if isinstance(exponent, int) else 1)
    if isinstance(value, str):
        return STRING
    return DATE if isinstance(value, date) else NULL


def _is_text(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and isinstance(node.value, str)


def _is_date_text(node: ast.Expression) -> bool:
    if not isinstance(node, ast.Literal) or not isinstance(node.value, str):
        return False
    return date_of(node.value) is not None


def _digits(node: ast.Call) -> int | None:
    """How many decimals a rounding keeps."""
    if len(node.arguments) == 1:
        return 0
    given = node.arguments[1]
    if isinstance(given, ast.Literal) and isinstance(given.value, Decimal) and given.value in range(7):
        return int(given.value)
    return None
