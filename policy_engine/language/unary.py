"""Unary tests and comparisons of values: ranges, lists, and plain equality (DMN 1.5 §10.3.2.13, table 55)."""

from typing import Any

from policy_engine.language.values import Span, equal, ordered


def compared(left: Any, operator: str, right: Any) -> bool | None:
    """``<``, ``<=``, ``>`` or ``>=``; null where the two have no order."""
    order = ordered(left, right)
    if order is None:
        return None
    if operator == "<":
        return order < 0
    if operator == "<=":
        return order <= 0
    return order > 0 if operator == ">" else order >= 0


def holds(value: Any, test: Any) -> bool | None:
    """One unary test: within a range, among a list, or equal."""
    if isinstance(test, Span):
        return equal(value, test) if isinstance(value, Span) else within(value, test)
    if isinstance(test, list):
        if isinstance(value, list) and equal(value, test) is True:
            return True
        return any(holds(value, item) is True for item in test)
    return equal(value, test)


def within(value: Any, span: Span) -> bool | None:
    """Whether a value lies in a range; an end that its form leaves out sets no limit, a null one makes it null."""
    if span.form in ("=", "!="):
        same = equal(value, span.low)
        return None if same is None else same is (span.form == "=")
    low: bool | None = True
    high: bool | None = True
    if not span.form.startswith("<"):
        low = compared(value, ">=" if span.is_low_closed else ">", span.low)
    if not span.form.startswith(">"):
        high = compared(value, "<=" if span.is_high_closed else "<", span.high)
    return None if low is None or high is None else low and high
