"""What a bank owes a firm in working days: to accept (1), to make contact (3), to disburse once there is a contract (5).

Pure. A clock is half gone: a reminder; gone: a breach, which stays with the bank that let it pass and is never reset.
A bank that has not even accepted when its time for contact is over is passed by, and others are asked.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec

from kernel.clock import SHANGHAI
from kernel.i18n import N_
from kernel.working_days import add_working_days
from portals.financing.demands.states import ApplicationState as A

ClockName = Literal["accept", "contact", "disburse"]
LABELS: dict[str, str] = {
    "accept": N_("1 个工作日内受理"),
    "contact": N_("3 个工作日内联系"),
    "disburse": N_("签约后 5 个工作日内放款"),
}


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One promise: it runs in ``states``, counted from the day of ``since``."""

    name: ClockName
    working_days: int
    states: frozenset[A]
    since: Literal["routed_at", "contracted_at"]


CLOCKS = (
    Clock(name="accept", working_days=1, states=frozenset({A.ROUTED}), since="routed_at"),
    Clock(name="contact", working_days=3, states=frozenset({A.ROUTED, A.ACCEPTED}), since="routed_at"),
    Clock(name="disburse", working_days=5, states=frozenset({A.CONTRACTED}), since="contracted_at"),
)


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of one application: when to remind, and when it is over."""

    name: ClockName
    remind_at: datetime
    due_at: datetime


def running(state: str, routed_at: datetime, contracted_at: datetime | None) -> Iterator[Running]:
    """The clocks that run in this state, the nearest end first."""
    starts = {"routed_at": routed_at, "contracted_at": contracted_at}
    for clock in CLOCKS:
        start = starts[clock.since]
        if start is not None and A(state) in clock.states:
            due = end_of(start.astimezone(SHANGHAI).date(), clock.working_days)
            yield Running(name=clock.name, remind_at=_half(start, due), due_at=due)


def end_of(day: date, working_days: int) -> datetime:
    """The end of the last working day of a time limit that begins on ``day``, which itself does not count."""
    last = add_working_days(day, working_days)
    return datetime.combine(last + timedelta(days=1), time(), SHANGHAI)


def _half(start: datetime, due: datetime) -> datetime:
    return start + (due - start) / 2
