"""Calls of functions and standards: what they take, and what they give."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from policy_engine.language import ast
from policy_engine.language.built_ins import ROUNDINGS
from policy_engine.language.check.lists import aggregate_type, is_list
from policy_engine.language.check.literals import digits, is_date_text, is_text
from policy_engine.language.lists import AGGREGATES, list_call
from policy_engine.language.types import BOOLEAN, DATE, MONTHS, FeelType, Scope, TableFunction

if TYPE_CHECKING:
    from policy_engine.language.check.checking import Checker

#: Beyond this the whole numbers that columns reckon with would leave 64 bits.
FINEST_SCALE = 10**9
TOO_FINE = ("小数位数过多，批量计算会失去准确", "请先取整，再相乘或相除。")
#: How those are written that take something particular.
USAGE = {
    "date": '请写一个真实的日期，如 date("2026-01-31")。',
    "not": "请写 not(条件)，只有一个条件。",
    "starts with": '请写 starts with(名称, "4202")，第二项是引号里的文字。',
    "years and months duration": "请写 years and months duration(较早的日期, 较晚的日期)。",
    "abs": "请写 abs(数字)，只有一个数字。",
}
KNOWN = ("not", "starts with", "years and months duration", "date", "abs", *AGGREGATES, *ROUNDINGS)


def call_type(checker: "Checker", node: ast.Call, scope: Scope) -> FeelType | None:
    bound = scope.names.get(node.function)
    if isinstance(bound, TableFunction):
        return _lookup(checker, node, bound, scope)
    name, count = node.function, len(node.arguments)
    listed = list_call(node)
    if listed is not None and is_list(checker, listed.source, scope):
        return aggregate_type(checker, listed, scope)
    if name == "not" and count == 1:
        checker.want(node.arguments[0], scope, "boolean")
        return BOOLEAN
    if name == "starts with" and count == 2 and is_text(node.arguments[1]):
        checker.want(node.arguments[0], scope, "string")
        return BOOLEAN
    if name == "years and months duration" and count == 2:
        for argument in node.arguments:
            checker.want(argument, scope, "date")
            checker.forbid_null(argument, scope)
        return MONTHS
    if name == "date" and count == 1 and is_date_text(node.arguments[0]):
        return DATE
    if name in ("min", "max") and count >= 2:
        return _extreme(checker, node, scope)
    if name == "abs" and count == 1:
        checker.forbid_null(node.arguments[0], scope)
        return checker.want(node.arguments[0], scope, "number")
    if name in ROUNDINGS and count in (1, 2):
        return _rounding(checker, node, scope)
    if name in USAGE:
        checker.refuse(node, f"“{name}”的参数不对", USAGE[name])
        return None
    near = [one for one in get_close_matches(name, [*KNOWN, *scope.names], n=1, cutoff=0.5) if one != name]
    mend = f"是不是“{near[0]}”？" if near else f"可用的函数有：{'、'.join(KNOWN)}。"
    checker.refuse(node, f"没有“{name}”这个函数", mend)
    return None


def _lookup(checker: "Checker", node: ast.Call, table: TableFunction, scope: Scope) -> FeelType | None:
    if len(node.arguments) != len(table.parameters):
        checker.refuse(
            node, f"“{node.function}”需要{len(table.parameters)}个参数，这里有{len(node.arguments)}个"
        )
        return None
    for argument, parameter in zip(node.arguments, table.parameters, strict=True):
        checker.want(argument, scope, parameter.kind)
    return table.result


def _extreme(checker: "Checker", node: ast.Call, scope: Scope) -> FeelType | None:
    found = [checker.want(argument, scope, "number") for argument in node.arguments]
    for argument in node.arguments:
        checker.forbid_null(argument, scope)
    return FeelType("number", max(one.scale for one in found if one is not None)) if all(found) else None


def _rounding(checker: "Checker", node: ast.Call, scope: Scope) -> FeelType | None:
    kept = digits(node)
    if kept is None:
        checker.refuse(node, "保留的小数位数应写成 0 到 6 的数字")
        return None
    inner = node.arguments[0]
    is_division = isinstance(inner, ast.Arithmetic) and inner.operator == "/"
    scale = 10**kept
    for part in ast.children(inner) if is_division else [inner]:
        found = checker.want(part, scope, "number")
        checker.forbid_null(part, scope)
        scale *= 1 if found is None else found.scale
    if scale > FINEST_SCALE:
        checker.refuse(node, *TOO_FINE)
        return None
    return FeelType("number", 10**kept)
