"""When a person is summoned to their inbox, and for what: pure decisions over what waits for them.

A summons says only that something waits, so one covers all of it. It rests in a person's quiet hours and comes no more
often than they like. What concerns the account itself is urgent: it goes out at once, at any hour, though refused, and
though somebody has read it meanwhile; whoever took over an account would first of all silence or open what tells of it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias

import msgspec

from kernel.clock import SHANGHAI

URGENT_KINDS = "account."
ALARM_KIND = "account.recovery"

Pace: TypeAlias = Literal["each", "hourly", "daily"]
#: "message": something waits; "alarm": somebody wants to put another phone in the place of this one.
Wording: TypeAlias = Literal["message", "alarm"]

REST = {"each": timedelta(0), "hourly": timedelta(hours=1), "daily": timedelta(hours=1)}
#: When whoever wants to hear once a day hears it.
DAILY_AT = time(9)
#: How long after a queued one to ask what became of it; after the last nobody will know.
ASK_AFTER = tuple(timedelta(minutes=one) for one in (1, 5, 30, 120, 720, 1440))
#: How long after the gateway did not answer to try again; the last one over and over.
TRY_AFTER = tuple(timedelta(seconds=one) for one in (5, 15, 60, 300, 900))
#: What could not be handed over for so long goes no more: it stands in the inbox, and whoever comes will find it.
STALE = timedelta(days=1)


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What a person likes; from and until the same time of day there are no quiet hours."""

    quiet_from: time = time(22)
    quiet_until: time = time(7)
    pace: Pace = "hourly"


class Waiting(msgspec.Struct, frozen=True):
    """A notice that nobody was summoned for yet. ``since`` is when it was written."""

    number: int
    kind: str
    since: datetime
    is_read: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """``covered`` go out now in one summons (none if empty); ``dropped`` need none; the rest waits ``until``."""

    covered: tuple[int, ...] = ()
    wording: Wording = "message"
    dropped: tuple[int, ...] = ()
    deferred: tuple[int, ...] = ()
    until: datetime | None = None


def is_urgent(kind: str) -> bool:
    return kind.startswith(URGENT_KINDS)


def decide(
    waiting: Sequence[Waiting], habits: Habits, *, last_at: datetime | None, is_wanted: bool, now: datetime
) -> Decision:
    """What becomes of all that waits for one person; ``last_at`` is when they were last summoned."""
    worth = [one for one in waiting if is_urgent(one.kind) or (is_wanted and not one.is_read)]
    kept = {one.number for one in worth}
    dropped = tuple(one.number for one in waiting if one.number not in kept)
    if alarms := tuple(one.number for one in worth if one.kind == ALARM_KIND):
        rest = tuple(one.number for one in worth if one.kind != ALARM_KIND)
        # Another sentence than any summons, so it covers nothing else: the rest is decided in the next round.
        return Decision(covered=alarms, wording="alarm", dropped=dropped, deferred=rest, until=now)
    if not worth:
        return Decision(dropped=dropped)
    numbers = tuple(one.number for one in worth)
    if any(is_urgent(one.kind) for one in worth):
        return Decision(covered=numbers, dropped=dropped)
    due = due_at(min(one.since for one in worth), habits, last_at)
    # The hour that has come since a postponed one fell due may be a quiet one: a worker may have stood still.
    due = after_quiet(max(due, now), habits) if due <= now else due
    if due <= now:
        return Decision(covered=numbers, dropped=dropped)
    return Decision(dropped=dropped, deferred=numbers, until=due)


def due_at(since: datetime, habits: Habits, last_at: datetime | None) -> datetime:
    """The first instant that suits a person for what waits since ``since``."""
    earliest = since if last_at is None else max(since, last_at + REST[habits.pace])
    if habits.pace == "daily":
        earliest = _next(DAILY_AT, earliest)
    return after_quiet(earliest, habits)


def is_quiet(instant: datetime, habits: Habits) -> bool:
    at, start, end = instant.astimezone(SHANGHAI).time(), habits.quiet_from, habits.quiet_until
    return start <= at < end if start <= end else at >= start or at < end


def after_quiet(instant: datetime, habits: Habits) -> datetime:
    """``instant`` itself, or the end of the quiet hours it lies in."""
    return _next(habits.quiet_until, instant) if is_quiet(instant, habits) else instant


def _next(at: time, instant: datetime) -> datetime:
    """The first time the clocks of Huangshi show ``at``, from ``instant`` on."""
    local = instant.astimezone(SHANGHAI)
    today = local.replace(
        hour=at.hour, minute=at.minute, second=at.second, microsecond=at.microsecond, fold=0
    )
    return (today if today >= local else today + timedelta(days=1)).astimezone(instant.tzinfo)
