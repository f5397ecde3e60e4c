"""What a list of numbers comes to (§10.3.4.4): sums, means, extremes; and whether all or any of a list holds."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from policy_engine.language.built_ins.numbers import finite
from policy_engine.language.built_ins.registry import of_list
from policy_engine.language.temporal import Months, Seconds
from policy_engine.language.values import DECIMAL128, ordered


def _numbers(items: list[Any]) -> list[Decimal] | None:
    """The items where all are numbers, and there are some."""
    return items if items and all(isinstance(item, Decimal) for item in items) else None


@of_list("count")
def count(items: list[Any]) -> Decimal:
    return Decimal(len(items))


def _best(wanted: int) -> Callable[[list[Any]], Any]:
    def best(items: list[Any]) -> Any:
        if not items:
            return None
        found = items[0]
        for item in items:
            order = ordered(item, found)
            if order is None:
                return None
            if order == wanted:
                found = item
        return found

    return best


of_list("min")(_best(-1))
of_list("max")(_best(1))


@of_list("sum")
def total(items: list[Any]) -> Any:
    """Of numbers, or of lengths of time of one kind."""
    if items and all(isinstance(item, Months) for item in items):
        return Months(sum(item.months for item in items))
    if items and all(isinstance(item, Seconds) for item in items):
        return Seconds(sum((item.seconds for item in items), Decimal(0)))
    numbers = _numbers(items)
    return None if numbers is None else finite(_added(numbers))


def _added(numbers: list[Decimal]) -> Decimal:
    found = Decimal(0)
    for number in numbers:
        found = DECIMAL128.add(found, number)
    return found


@of_list("product")
def product(items: list[Any]) -> Decimal | None:
    if (numbers := _numbers(items)) is None:
        return None
    found = Decimal(1)
    for number in numbers:
        found = DECIMAL128.multiply(found, number)
    return finite(found)


@of_list("mean")
def mean(items: list[Any]) -> Decimal | None:
    numbers = _numbers(items)
    return None if numbers is None else finite(DECIMAL128.divide(_added(numbers), Decimal(len(numbers))))


@of_list("median")
def median(items: list[Any]) -> Decimal | None:
    if (numbers := _numbers(items)) is None:
        return None
    ranked = sorted(numbers)
    middle = len(ranked) // 2
    if len(ranked) % 2:
        return ranked[middle]
    return finite(DECIMAL128.divide(_added(ranked[middle - 1 : middle + 1]), Decimal(2)))


@of_list("stddev")
def deviation(items: list[Any]) -> Decimal | None:
    """Of a sample: the squares are divided by one less than their number."""
    numbers = _numbers(items)
    centre = mean(items)
    if numbers is None or centre is None or len(numbers) < 2:
        return None
    squares = [DECIMAL128.power(DECIMAL128.subtract(number, centre), 2) for number in numbers]
    return finite(DECIMAL128.sqrt(DECIMAL128.divide(_added(squares), Decimal(len(numbers) - 1))))


@of_list("mode")
def most_frequent(items: list[Any]) -> list[Decimal] | None:
    """All that occur most often, in rising order."""
    if not items:
        return []
    if (numbers := _numbers(items)) is None:
        return None
    times = Counter(numbers)
    most = max(times.values())
    return sorted(number for number, found in times.items() if found == most)


@of_list("all")
def all_hold(items: list[Any]) -> bool | None:
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@of_list("any")
def any_holds(items: list[Any]) -> bool | None:
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None
