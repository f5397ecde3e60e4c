"""How large an expression becomes when it is lowered: a rounding or a choice repeats what stands inside it."""

from collections.abc import Iterator

from policy_engine.language import ast
from policy_engine.language.built_ins import ROUNDINGS
from policy_engine.language.problems import Problem

HEAVIEST = 50_000
#: A rounding looks at its number for sign, quotient and rest; ``if`` asks whether its condition holds or is open.
_OF_ROUNDING = 6
_OF_EXTREME = 2
_OF_CHOICE = 4


def too_heavy(node: ast.Expression) -> Iterator[Problem]:
    """One problem where nested roundings and choices would grow beyond all bounds."""
    if weight(node) > HEAVIEST:
        message = "取整、if、min 和 max 互相嵌套过深"
        yield Problem(node.line, node.column, message, "请拆成几个条款，或改用决定表。")


def weight(node: ast.Expression) -> int:
    """How many leaves the lowered expression has, about."""
    match node:
        case ast.Call(function=function, arguments=arguments):
            inside = sum(weight(one) for one in arguments)
            if function in ROUNDINGS:
                return 1 + _OF_ROUNDING * inside
            return 1 + (_OF_EXTREME if function in ("min", "max") else 1) * inside
        case ast.Choice(condition=condition, consequence=consequence, alternative=alternative):
            return _OF_CHOICE * weight(condition) + weight(consequence) + weight(alternative)
        case ast.Membership(value=value, tests=tests):
            return weight(value) * len(tests) + sum(weight(one) for one in tests)
        case ast.Between(value=value, low=low, high=high):
            return 2 * weight(value) + weight(low) + weight(high)
    return 1 + sum(weight(child) for child in ast.children(node))
