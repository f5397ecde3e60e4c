"""The type check: unknown names, wrong types, values an enumeration has not, nulls that nobody handles.

The part of FEEL it lets through is what all compilers can lower; anything else is refused with its place and reason.
"""

from policy_engine.language import ast
from policy_engine.language.check.checking import KIND_NAMES, Checker
from policy_engine.language.problems import ProblemList
from policy_engine.language.ranges import contradictions
from policy_engine.language.types import FeelType, Kind, Scope
from policy_engine.language.weight import too_heavy


def check(node: ast.Expression, scope: Scope, expected: Kind | None = None) -> FeelType:
    """The type of an expression. Raises ``ProblemList`` with everything that is wrong, places and mends."""
    checker = Checker(scope)
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


__all__ = ["check"]
