"""What of a quarter's settled interest counts for a subsidy, by the day. PURE.

Interest that was settled on a day is for the days since the one before. Where some of those days are in arrears or after
an extension, only the others count: pro rata by day, what is left of a fen cut off.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from portals.financing.subsidies.rules import SubsidyRule

Why = Literal["overdue", "extended"]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Interest that the firm itself paid on a day, for the days from ``since`` up to that day."""

    since: date
    on: date
    interest_fen: int


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which the loan is overdue or extended: from ``since`` up to ``until``, or from then on."""

    why: Why
    since: date
    until: date | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One settled sum: of its ``days`` so many count, and of its interest so much."""

    since: date
    on: date
    days: int
    counted_days: int
    interest_fen: int
    counted_fen: int
    why: Why | None


def quarter_of(day: date) -> tuple[date, date]:
    """The first day of the quarter, and the first of the next."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return first, date(first.year + (first.month == 10), first.month % 12 + 3 if first.month < 10 else 1, 1)


def label_of(first: date) -> str:
    return f"{first.year}Q{(first.month + 2) // 3}"


def settled_in(
    paid: Sequence[tuple[date, int]], begun_on: date, first: date, following: date
) -> list[Settled]:
    """Of (day, interest) in order of days, those paid in the quarter, each with the days it is for."""
    found: list[Settled] = []
    since = begun_on
    for on, interest_fen in paid:
        if first <= on < following and interest_fen > 0:
            found.append(Settled(since=since, on=on, interest_fen=interest_fen))
        since = on
    return found


def count(settled: Iterable[Settled], stops: Sequence[Stop], rule: SubsidyRule) -> tuple[Line, ...]:
    """Line by line what counts under a rule."""
    binding = tuple(_binding(stops, rule))
    return tuple(_line(one, binding) for one in settled)


def _binding(stops: Sequence[Stop], rule: SubsidyRule) -> Iterator[Stop]:
    """The stops as the rule reads them: for good where it says so."""
    for stop in stops:
        reach = rule.overdue if stop.why == "overdue" else rule.extended
        yield msgspec.structs.replace(stop, until=None) if reach == "for_good" else stop


def _line(one: Settled, stops: Sequence[Stop]) -> Line:
    days = max((one.on - one.since).days, 1)
    out = [_stop_on(one.since + timedelta(days=place), stops) for place in range(days)]
    counted = sum(why is None for why in out)
    return Line(
        since=one.since,
        on=one.on,
        days=days,
        counted_days=counted,
        interest_fen=one.interest_fen,
        counted_fen=one.interest_fen * counted // days,
        why=next((why for why in out if why is not None), None),
    )


def _stop_on(day: date, stops: Sequence[Stop]) -> Why | None:
    for stop in stops:
        if stop.since <= day and (stop.until is None or day < stop.until):
            return stop.why
    return None
