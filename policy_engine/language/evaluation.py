"""The door of plain FEEL: a text and a context of Python values, within bounds of time and memory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policy_engine.language import ast
from policy_engine.language.effort import TooMuchWork, limited
from policy_engine.language.evaluator import value_of
from policy_engine.language.parser import parse
from policy_engine.language.temporal import from_datetime
from policy_engine.language.values import Function, feel_value, is_bounded

Context = Mapping[str, Any]
#: How deep inside a context names are looked for, before a text is parsed.
_DEEPEST_NAME = 3


def evaluate(text: str, context: Context | None = None, *, now: datetime | None = None) -> Any:
    """The value of a FEEL text in a context of Python values (Decimal, int, str, bool, date, datetime, list, dict, null).

    ``now`` is what ``now()`` and ``today()`` say; without it they are null. Loops, calls and long values have an
    allowance: what would take more than about a second or two is null. Raises ``ProblemList`` where the text is no FEEL.
    """
    known = {name: feel_value(value) for name, value in (context or {}).items()}
    tree = parse(text, _names(known))
    if now is not None:
        known = {**clock(now), **known}
    return value_within_limits(tree, known)


def value_within_limits(node: ast.Expression, context: Context) -> Any:
    """The value of a tree; null when it would take too much work or be too large. Raises ``TouchedUnknown``."""
    try:
        with limited():
            value = value_of(node, context)
            return value if is_bounded(value) else None
    except (TooMuchWork, RecursionError):
        return None


def clock(now: datetime) -> dict[str, Function]:
    """The functions ``now`` and ``today`` of one moment."""
    moment = from_datetime(now)
    return {"now": Function(lambda: moment, ()), "today": Function(lambda: moment.day, ())}


def _names(context: Context, depth: int = _DEEPEST_NAME) -> list[str]:
    """The names in a context and in the contexts it holds."""
    found = list(context)
    for value in context.values() if depth else ():
        for item in value[:1] if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                found.extend(_names(item, depth - 1))
    return found
