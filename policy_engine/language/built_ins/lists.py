"""Lists (§10.3.4.4): to look in, cut, join, change and sort; places count from 1, or from -1 backwards."""

from datetime import date
from decimal import Decimal
from functools import cmp_to_key
from types import NoneType
from typing import Any, Final

from policy_engine.language.built_ins.registry import (
    ANY,
    BUILT_INS,
    FUNCTION,
    LIST,
    NUMBER,
    BuiltIn,
    built_in,
)
from policy_engine.language.effort import spend
from policy_engine.language.temporal import Months
from policy_engine.language.values import Function, equal, is_same

#: What equals only its own kind, and by its value.
_SIMPLE: Final = (Decimal, str, bool, date, Months, NoneType)


def _place(items: list[Any], position: Decimal) -> int | None:
    """The index of a place in the list, null outside it; a fraction does not count."""
    if not 1 <= abs(position) < len(items) + 1:
        return None
    return int(position) - 1 if position > 0 else len(items) + int(position)


@built_in("list contains", {"list": LIST, "element": ANY})
def contains(items: list[Any], element: Any) -> bool:
    return any(equal(item, element) is True for item in items)


@built_in("sublist", {"list": LIST, "start position": NUMBER, "length": NUMBER}, fewest=2)
def sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any] | None:
    first = _place(items, start)
    if first is None:
        return None
    if length is None:
        return items[first:]
    if length != length.to_integral_value() or not 0 <= length <= len(items) - first:
        return None
    return items[first : first + int(length)]


def _append(*arguments: Any) -> list[Any] | None:
    if not arguments or arguments[0] is None:
        return None
    items = arguments[0] if isinstance(arguments[0], list) else [arguments[0]]
    spend(len(items) + len(arguments))
    return [*items, *arguments[1:]]


def _joined(*lists: Any) -> list[Any] | None:
    if not lists or any(one is None for one in lists):
        return None
    joined: list[Any] = []
    for one in lists:
        items = one if isinstance(one, list) else [one]
        spend(1 + len(items))
        joined.extend(items)
    return joined


def _united(*lists: Any) -> list[Any] | None:
    joined = _joined(*lists)
    return None if joined is None else distinct(joined)


class _OfAnyNumber(BuiltIn, frozen=True):
    """Takes as many arguments as are given."""

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


for _name, _body, _signature in (
    ("append", _append, {"list": LIST, "item": ANY}),
    ("concatenate", _joined, {"list": LIST}),
    ("union", _united, {"list": LIST}),
):
    BUILT_INS[_name] = _OfAnyNumber(_body, (list,), 1, (_signature,))


@built_in("insert before", {"list": LIST, "position": NUMBER, "newItem": ANY})
def insert_before(items: list[Any], position: Decimal, new: Any) -> list[Any] | None:
    place = _place(items, position)
    spend(len(items))
    return None if place is None else [*items[:place], new, *items[place:]]


@built_in("remove", {"list": LIST, "position": NUMBER})
def remove(items: list[Any], position: Decimal) -> list[Any] | None:
    place = _place(items, position)
    spend(len(items))
    return None if place is None else [*items[:place], *items[place + 1 :]]


@built_in(
    "list replace",
    {"list": LIST, "position": (Decimal, Function), "newItem": ANY},
    named=(
        {"list": LIST, "position": NUMBER, "newItem": ANY},
        {"list": LIST, "match": Function, "newItem": ANY},
    ),
)
def list_replace(items: list[Any], position: Decimal | Function, new: Any) -> list[Any] | None:
    """Another item at a place, or wherever ``match(item, newItem)`` is true."""
    spend(len(items))
    if isinstance(position, Decimal):
        place = _place(items, position)
        return None if place is None else [*items[:place], new, *items[place + 1 :]]
    if not position.takes_any and len(position.parameters) != 2:
        return None
    matches = [position(item, new) for item in items]
    if not all(isinstance(match, bool) for match in matches):
        return None
    return [new if match else item for item, match in zip(items, matches, strict=True)]


@built_in("reverse", {"list": LIST})
def reverse(items: list[Any]) -> list[Any]:
    spend(len(items))
    return items[::-1]


@built_in("index of", {"list": LIST, "match": ANY})
def index_of(items: list[Any], match: Any) -> list[Decimal]:
    spend(len(items))
    return [Decimal(place) for place, item in enumerate(items, 1) if equal(item, match) is True]


@built_in("distinct values", {"list": LIST})
def distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    compound: list[Any] = []
    simple: set[tuple[type, Any]] = set()
    for item in items:
        if isinstance(item, _SIMPLE):
            if (type(item), item) not in simple:
                simple.add((type(item), item))
                found.append(item)
            continue
        spend(1 + len(compound))
        if not any(is_same(item, one) for one in compound):
            compound.append(item)
            found.append(item)
    return found


@built_in("flatten", {"list": LIST})
def flatten(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            spend()
            if isinstance(item, list):
                pending.append(iter(item))
                break
            flat.append(item)
        else:
            pending.pop()
    return flat


@built_in("partition", {"list": LIST, "size": NUMBER})
def partition(items: list[Any], size: Decimal) -> list[list[Any]] | None:
    """Pieces of that many items, the last perhaps shorter."""
    if size != size.to_integral_value() or size < 1:
        return None
    step = int(min(size, Decimal(len(items) or 1)))
    return [items[start : start + step] for start in range(0, len(items), step)]


@built_in("sort", {"list": LIST, "precedes": FUNCTION})
def sort(items: list[Any], precedes: Function) -> list[Any] | None:
    """In the order that ``precedes(a, b)`` gives; null where it does not say."""
    if not precedes.takes_any and len(precedes.parameters) != 2:
        return None
    answers: list[Any] = []

    def order(left: Any, right: Any) -> int:
        spend()
        answer = precedes(left, right)
        if not isinstance(answer, bool):
            answers.append(answer)
        # Sorting asks only which of two comes first.
        return -1 if answer is True else 0

    ranked = sorted(items, key=cmp_to_key(order))
    return None if answers else ranked
