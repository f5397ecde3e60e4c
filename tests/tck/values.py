"""Values as test cases write them, and when a result counts as the one expected."""

from datetime import date
from decimal import Decimal
from typing import Any

from policy_engine.language.temporal import DateTime, FarDate, Months, Seconds, Time
from policy_engine.language.temporal_text import day_from, duration_from, moment_from, time_from
from policy_engine.language.values import is_same
from tests.tck.documents import XSI, Element, child, children, kind

#: Results of roots and logarithms are written down with a few digits only.
_NEAR = Decimal("1E-8")


def value_in(element: Element | None) -> Any:
    """The value inside an input or an expected result."""
    if element is None:
        return None
    if (items := child(element, "list")) is not None:
        return None if _is_nil(items) else [value_in(one) for one in children(items, "item")]
    if components := children(element, "component"):
        return {one.get("name", ""): value_in(one) for one in components}
    return _simple(child(element, "value"))


def _is_nil(element: Element) -> bool:
    return element.get(f"{XSI}nil") == "true"


def _simple(value: Element | None) -> Any:
    if value is None or _is_nil(value):
        return None
    written = value.text or ""
    type_ = value.get(f"{XSI}type", "xsd:string").rpartition(":")[2]
    if type_ == "boolean":
        return written.strip() == "true"
    if type_ in ("decimal", "double", "integer", "float", "int", "long"):
        return Decimal(written.strip())
    reader = {"date": day_from, "time": time_from, "dateTime": moment_from, "duration": duration_from}.get(
        type_
    )
    return written if reader is None else reader(written.strip())


def is_expected(found: Any, expected: Any) -> bool:
    """Whether the kit would accept the result; lengths of time of zero count as one, whatever their kind."""
    if isinstance(expected, Decimal) and isinstance(found, Decimal):
        return found == expected or abs(found - expected) <= _NEAR
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(is_expected, found, expected))
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            is_expected(found[key], expected[key]) for key in found
        )
    if expected is None or found is None:
        return found is expected
    return is_same(found, expected)


def shown(value: Any) -> str:
    if isinstance(value, date | FarDate | Time | DateTime | Months | Seconds):
        return repr(value)
    return str(value)


__all__ = ["child", "is_expected", "kind", "shown", "value_in"]
