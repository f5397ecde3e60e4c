"""Who is summoned next, and what became of it. Every step is one short transaction; whoever calls sends in between.

``take_next`` writes the summonses that are due, a bounded number of them and one for each way by which a person wants to
hear and can be reached, and lends out those of one way whose time has come. What is lent comes back by ``note_outcome``;
what never comes back (a process was killed) is lent again after ``LOAN``, under the same number, so that the gateway knows it
for the same message.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Literal, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import changed_rows, insert
from kernel.notices.models import Notice, NoticePreference, SummoningHabits, Summons
from kernel.notices.summoning import (
    ASK_AFTER,
    STALE,
    TRY_AFTER,
    Decision,
    Habits,
    Pace,
    Waiting,
    decide,
    is_urgent,
)

LOAN = timedelta(seconds=60)
KEEP = timedelta(days=180)

Outcome = Literal["accepted", "queued", "delivered", "undeliverable", "refused", "unanswered"]
#: Whether somebody (by number) can be reached on a channel.
Addressed = Callable[[Session, int, str], bool]


class Errand(msgspec.Struct, frozen=True):
    """A summons lent out: to be sent, or to be asked about if the gateway has it already."""

    number: int
    subject_id: int
    wording: str
    covers: int
    check_number: str
    is_sent: bool

    @property
    def key(self) -> str:
        return f"summons-{self.number}"


class Batch(msgspec.Struct, frozen=True):
    """``looked_at`` also counts those of whom nothing is to be sent: there is more while it is not nought."""

    errands: list[Errand]
    looked_at: int


class Ways(msgspec.Struct, frozen=True):
    """By which channels people may be summoned, and who can be reached on which."""

    channels: tuple[str, ...]
    is_addressed: Addressed


def take_next(session: Session, *, channel: str, limit: int, ways: Ways | None, now: datetime) -> Batch:
    """At most ``limit`` to send by ``channel``, begun ones first, and some to ask about.

    With ``ways``, whoever is due is decided on as far as there is room: people with something urgent, then who waits
    longest. Their summonses by other channels are written too, for whoever takes from those.
    """
    begun = _begun(session, channel, "sending", limit, now)
    fresh = [row for row in begun if not _has_grown_stale(row, now)]
    subjects = _due_subjects(session, limit - len(begun), now) if ways is not None else []
    if ways is not None and subjects:
        fresh += [row for row in _write_due(session, ways, subjects, now) if row.channel == channel]
    # A storm must not keep receipts from being read, nor sixty thousand receipts a new summons from going out.
    asked = _begun(session, channel, "queued", max(limit // 4, limit - len(fresh)), now)
    for row in (*fresh, *asked):
        row.act_at = now + LOAN
    session.flush()
    return Batch([_errand(row) for row in (*fresh, *asked)], len(begun) + len(subjects) + len(asked))


def note_outcome(session: Session, outcomes: Iterable[tuple[int, Outcome]], *, now: datetime) -> None:
    """What the gateway said of each; ``unanswered`` is tried or asked again later."""
    said = dict(outcomes)
    # Whose ``act_at`` is gone was noted already by whoever took it up after us.
    rows = sa.select(Summons).where(Summons.number.in_(said), Summons.act_at.is_not(None))
    for row in session.scalars(rows.with_for_update()):
        outcome = said[row.number]
        row.attempts += 1
        row.updated_at = now
        if outcome == "unanswered":
            row.act_at = now + TRY_AFTER[min(row.attempts, len(TRY_AFTER)) - 1]
            continue
        asked = row.attempts if row.state == "queued" else 0
        row.state, row.attempts = outcome, asked
        if outcome != "queued":
            row.act_at = None
        elif asked < len(ASK_AFTER):
            row.act_at = now + ASK_AFTER[asked]
        else:
            row.state, row.act_at = "unknown", None


def give_back(session: Session, numbers: Collection[int], *, now: datetime) -> None:
    """What was lent out and not begun: anybody may take it at once."""
    if numbers:
        statement = sa.update(Summons).where(Summons.number.in_(numbers), Summons.act_at.is_not(None))
        session.execute(statement.values(act_at=now))


def silence_all(session: Session) -> None:
    """Nobody is summoned for what is written so far: it stands in the inboxes (a demonstration's first day)."""
    session.execute(sa.update(Notice).where(Notice.summon_at.is_not(None)).values(summon_at=None))


def latest(session: Session, subject_id: int, limit: int = 5) -> list[Summons]:
    statement = sa.select(Summons).where(Summons.subject_id == subject_id)
    return list(session.scalars(statement.order_by(Summons.number.desc()).limit(limit)))


def purge(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Forget what is long over, the oldest ``limit`` at most; how many that were."""
    oldest = sa.select(Summons.number, Summons.written_at).order_by(Summons.number).limit(limit).subquery()
    old = sa.select(oldest.c.number).where(oldest.c.written_at < now - KEEP)
    return changed_rows(session, sa.delete(Summons).where(Summons.number.in_(old)))


def habits_of(session: Session, subject_id: int) -> Habits:
    row = session.get(SummoningHabits, subject_id)
    return _habits(row) if row is not None else Habits()


def set_habits(session: Session, subject_id: int, habits: Habits, *, now: datetime) -> None:
    """Holds for what waits too: the next round looks at it again."""
    values = {**msgspec.structs.asdict(habits), "changed_at": now}
    statement = insert(session, SummoningHabits).values(subject_id=subject_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["subject_id"], set_=values))
    look_again(session, subject_id, now=now)


def look_again(session: Session, subject_id: int, *, now: datetime) -> None:
    """What was put off is decided anew."""
    waiting = sa.update(Notice).where(Notice.subject_id == subject_id, Notice.summon_at.is_not(None))
    session.execute(waiting.values(summon_at=now))


def _begun(session: Session, channel: str, state: str, limit: int, now: datetime) -> list[Summons]:
    statement = sa.select(Summons).where(
        Summons.act_at <= now, Summons.channel == channel, Summons.state == state
    )
    statement = statement.order_by(Summons.act_at).limit(limit)
    return list(session.scalars(statement.with_for_update(skip_locked=True)))


def _has_grown_stale(row: Summons, now: datetime) -> bool:
    """A gateway that was down for a day is not to wake people for yesterday's messages."""
    if row.state != "sending" or row.wording == "alarm" or now - row.written_at < STALE:
        return False
    row.state, row.updated_at, row.act_at = "unknown", now, None
    return True


def _write_due(session: Session, ways: Ways, subjects: list[int], now: datetime) -> list[Summons]:
    waiting: defaultdict[int, list[Notice]] = defaultdict(list)
    rows = sa.select(Notice).where(Notice.subject_id.in_(subjects), Notice.summon_at.is_not(None))
    for notice in session.scalars(rows.order_by(Notice.number).with_for_update(skip_locked=True)):
        waiting[notice.subject_id].append(notice)
    habits = {
        row.subject_id: _habits(row)
        for row in session.scalars(sa.select(SummoningHabits).where(SummoningHabits.subject_id.in_(subjects)))
    }
    refused = _refused(session, ways.channels, subjects)
    last = _last_summoned(session, subjects)
    written: list[Summons] = []
    for subject_id, notices in waiting.items():
        wanted = [channel for channel in ways.channels if (subject_id, channel) not in refused]
        decision = decide(
            [Waiting(one.number, one.kind, one.created_at, one.read_at is not None) for one in notices],
            habits.get(subject_id, Habits()),
            last_at=last.get(subject_id),
            is_wanted=bool(wanted),
            now=now,
        )
        _apply(decision, notices)
        if decision.covered:
            covered = [one for one in notices if one.number in decision.covered]
            # What concerns the account goes by every way there is, refused or not.
            channels = ways.channels if any(is_urgent(one.kind) for one in covered) else wanted
            written += [
                _summons(decision, covered, channel, now)
                for channel in channels
                if ways.is_addressed(session, subject_id, channel)
            ]
    session.add_all(written)
    session.flush()
    return written


def _refused(session: Session, channels: Collection[str], subjects: list[int]) -> set[tuple[int, str]]:
    statement = sa.select(NoticePreference.subject_id, NoticePreference.channel).where(
        NoticePreference.subject_id.in_(subjects),
        NoticePreference.channel.in_(channels),
        NoticePreference.is_enabled.is_(False),
    )
    return {(row.subject_id, row.channel) for row in session.execute(statement)}


def _due_subjects(session: Session, limit: int, now: datetime) -> list[int]:
    """The people of the first notices due, the urgent ones before all; never more than are asked for is read."""
    found: dict[int, None] = {}
    for urgent in (True, False):
        due = sa.select(Notice.subject_id).where(Notice.is_urgent.is_(urgent), Notice.summon_at <= now)
        due = due.order_by(Notice.summon_at, Notice.number).limit(max(0, limit - len(found)))
        found |= dict.fromkeys(session.scalars(due))
    return list(found)


def _last_summoned(session: Session, subjects: Collection[int]) -> dict[int, datetime]:
    newest = sa.select(sa.func.max(Summons.number)).where(Summons.subject_id.in_(subjects))
    statement = sa.select(Summons.subject_id, Summons.written_at).where(
        Summons.number.in_(newest.group_by(Summons.subject_id))
    )
    return {row.subject_id: row.written_at for row in session.execute(statement)}


def _apply(decision: Decision, notices: Collection[Notice]) -> None:
    for notice in notices:
        notice.summon_at = decision.until if notice.number in decision.deferred else None


def _summons(decision: Decision, covered: Collection[Notice], channel: str, now: datetime) -> Summons:
    newest = max(covered, key=lambda one: one.number)
    return Summons(
        subject_id=newest.subject_id,
        channel=channel,
        wording=decision.wording,
        covers=len(covered),
        through_number=newest.number,
        check_number=newest.check_number,
        state="sending",
        attempts=0,
        written_at=now,
        updated_at=now,
        act_at=now,
    )


def _errand(row: Summons) -> Errand:
    return Errand(
        row.number, row.subject_id, row.wording, row.covers, row.check_number, row.state == "queued"
    )


def _habits(row: SummoningHabits) -> Habits:
    return Habits(quiet_from=row.quiet_from, quiet_until=row.quiet_until, pace=cast("Pace", row.pace))
