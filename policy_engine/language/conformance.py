"""Whether a value is of a type, and what it becomes where a type is wanted (DMN 1.5 §10.3.2.9)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from policy_engine.language.ast import TypeOf
from policy_engine.language.effort import spend
from policy_engine.language.temporal import DateTime, FarDate, Months, Seconds, Time
from policy_engine.language.values import Function, Span

_SIMPLE: Final[dict[str, type | tuple[type, ...]]] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": (date, FarDate),
    "time": Time,
    "date and time": DateTime,
    "dateTime": DateTime,
    "days and time duration": Seconds,
    "dayTimeDuration": Seconds,
    "years and months duration": Months,
    "yearMonthDuration": Months,
}
ANY: Final = TypeOf("Any")


def conforms(value: Any, wanted: TypeOf) -> bool:
    """``value instance of wanted``; null is of no type but Null."""
    spend()
    if value is None:
        return wanted.name == "Null"
    if wanted.name == "Any":
        return True
    simple = _SIMPLE.get(wanted.name)
    if simple is not None:
        return isinstance(value, simple)
    check = _COMPOUND.get(wanted.name)
    return check is not None and check(value, wanted)


def _is_list(value: Any, wanted: TypeOf) -> bool:
    if not isinstance(value, list):
        return False
    item = wanted.parts[0] if wanted.parts else ANY
    return item == ANY or all(one is None or conforms(one, item) for one in value)


def _is_context(value: Any, wanted: TypeOf) -> bool:
    if not isinstance(value, dict):
        return False
    return all(
        key in value and (value[key] is None or conforms(value[key], part))
        for key, part in zip(wanted.keys, wanted.parts, strict=True)
    )


def _is_range(value: Any, wanted: TypeOf) -> bool:
    if not isinstance(value, Span):
        return False
    part = wanted.parts[0] if wanted.parts else ANY
    ends = [end for end in (value.low, value.high) if end is not None]
    return bool(ends) and all(conforms(end, part) for end in ends)


def _is_function(value: Any, wanted: TypeOf) -> bool:
    """Parameters may be wider than wanted, the result narrower; what is not declared may be anything."""
    if not isinstance(value, Function):
        return False
    parameters, result = wanted.parts[:-1], wanted.parts[-1]
    if not wanted.parts or (result == ANY and not parameters):
        return True
    if len(value.parameters) != len(parameters):
        return False
    declared = [one or ANY for one in value.types] or [ANY] * len(parameters)
    is_wide_enough = all(is_within(given, own) for given, own in zip(parameters, declared, strict=True))
    return is_wide_enough and (value.result is None or is_within(value.result, result))


_COMPOUND: Final[dict[str, Callable[[Any, TypeOf], bool]]] = {
    "list": _is_list,
    "context": _is_context,
    "range": _is_range,
    "function": _is_function,
}


def is_within(narrow: TypeOf, wide: TypeOf) -> bool:
    """Whether every value of one type is of the other."""
    if wide.name == "Any" or narrow.name == "Null":
        return True
    if narrow.name != wide.name:
        return False
    if narrow.name == "context":
        known = dict(zip(narrow.keys, narrow.parts, strict=True))
        return all(
            key in known and is_within(known[key], part)
            for key, part in zip(wide.keys, wide.parts, strict=True)
        )
    return len(narrow.parts) == len(wide.parts) and all(
        is_within(a, b) for a, b in zip(narrow.parts, wide.parts, strict=True)
    )


def coerced(value: Any, wanted: TypeOf | None) -> Any:
    """The value where a type is wanted: a list of one gives its item, an item a list, a date its midnight; else null."""
    if wanted is None or value is None:
        return value
    found = _fitted(value, wanted)
    return found if _is_allowed(found, wanted) else None


def _fitted(value: Any, wanted: TypeOf) -> Any:
    if conforms(value, wanted):
        return value
    if isinstance(value, list) and len(value) == 1 and conforms(value[0], wanted):
        return value[0]
    if wanted.name == "list" and not isinstance(value, list) and conforms([value], wanted):
        return [value]
    if isinstance(value, date | FarDate) and wanted.name in ("date and time", "dateTime"):
        return DateTime(value, Time(0, 0, 0, 0, 0))
    return None


def _is_allowed(value: Any, wanted: TypeOf) -> bool:
    """What a named type asks beyond its kind (``instance of`` asks only for the kind)."""
    if value is None:
        return True
    if wanted.is_allowed is not None and not wanted.is_allowed(value):
        return False
    if isinstance(value, list) and wanted.name == "list" and wanted.parts:
        return all(_is_allowed(item, wanted.parts[0]) for item in value)
    if isinstance(value, dict) and wanted.name == "context":
        return all(
            _is_allowed(value.get(key), part) for key, part in zip(wanted.keys, wanted.parts, strict=True)
        )
    return True
