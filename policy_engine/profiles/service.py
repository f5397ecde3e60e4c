"""What it means to learn a fact: checked, weighed against other sources, numbered, remembered, and passed on once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI, business_date
from kernel.outbox import enqueue, enqueue_many
from policy_engine.catalogue import catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.applying import Working
from policy_engine.profiles.repository import load_families, load_family
from policy_engine.profiles.schemas import (
    Applied,
    Change,
    FactChange,
    FactsChanged,
    KnownSubject,
    OwnerChanged,
    SubjectAdded,
)
from policy_engine.profiles.validation import require_valid

__all__ = [
    "CONFIRMED_BY_TWO",
    "FACTS_CHANGED",
    "FACTS_CORROBORATED",
    "FACTS_SCHEDULED",
    "apply_changes",
    "apply_checked",
    "load_families",
    "load_family",
]

FACTS_CHANGED: Final = "facts.changed"
FACTS_SCHEDULED: Final = "facts.scheduled"
FACTS_CORROBORATED: Final = "facts.corroborated"
#: What somebody loses a right by only when a second department says so too.
CONFIRMED_BY_TWO: Final = frozenset({"person.is_deceased"})


def apply_changes(session: Session, changes: Sequence[Change], *, now: datetime) -> Applied:
    """Learn new facts, all or none, in the caller's transaction.

    What a source has said before under the same event id, and exact repeats, change nothing. The history keeps what
    did not count, and why. A change with a future ``valid_from`` waits for its day. Every household and firm touched
    gets one ``facts.changed`` message. Raises ``InvalidInput`` (not as the catalogue says), ``NotFound`` (nobody).
    """
    require_valid(changes, catalogue())
    before = repository.lock_sequence(session)
    changes = _not_yet_told(session, changes, now)
    return apply_checked(session, changes, now=now)[0] if changes else Applied(before, ())


def apply_checked(
    session: Session, changes: Sequence[Change], *, now: datetime
) -> tuple[Applied, Mapping[str, int]]:
    """``apply_changes`` for whoever checked each change and keeps count of what was told; also how many had which
    outcome."""
    before = repository.lock_sequence(session)
    working = Working(
        catalogue=catalogue(),
        sequence=before + 1,
        today=business_date(now),
        now=now,
        subjects=repository.load_subjects(session, _concerned(changes)),
    )
    _bring_old_owners(session, working, changes)
    _bring_the_employed(session, working)
    working.apply(changes)
    repository.insert_history(session, working.history)
    _tell_of_second_sources(session, working, now)
    _schedule(session, working, now)
    written = sorted(working.touched | working.confirmed)
    repository.save(session, [working.subjects[one] for one in written], working.added)
    if not working.touched:
        return Applied(before, ()), working.outcomes
    repository.set_sequence(session, working.sequence)
    _tell(session, working, now)
    return Applied(working.sequence, working.owners), working.outcomes


def _not_yet_told(session: Session, changes: Sequence[Change], now: datetime) -> list[Change]:
    is_new: dict[tuple[str, str], bool] = {}
    for change in changes:
        event = (change.source, change.event_id)
        if event not in is_new:
            is_new[event] = repository.note_event(session, *event, outcome="applied", reason=None, now=now)
    return [change for change in changes if is_new[change.source, change.event_id]]


def _concerned(changes: Sequence[Change]) -> Collection[int]:
    numbers = {change.subject_id for change in changes}
    numbers |= {change.about_id for change in changes if isinstance(change, SubjectAdded) and change.about_id}
    return numbers | {change.owner_id for change in changes if not isinstance(change, FactChange)}


def _bring_old_owners(session: Session, working: Working, changes: Sequence[Change]) -> None:
    """Whoever is left behind by a move changes too."""
    moving = {change.subject_id for change in changes if isinstance(change, OwnerChanged)}
    owners = {working.subjects[one].owner_id for one in moving if one in working.subjects}
    working.subjects.update(repository.load_subjects(session, owners - working.subjects.keys()))


def _bring_the_employed(session: Session, working: Working) -> None:
    """A hire is somebody's employment: what changes about it concerns that person's household as well."""
    hires = [one for one in working.subjects.values() if one.kind == "hire"]
    numbers = {one.about_id for one in hires if one.about_id is not None} - working.subjects.keys()
    if numbers:
        working.subjects.update(repository.load_subjects(session, numbers))


def _tell(session: Session, working: Working, now: datetime) -> None:
    by_owner: dict[int, list[KnownSubject]] = {}
    for number in sorted(working.touched):
        one = working.subjects[number]
        by_owner.setdefault(one.owner_id, []).append(one)
    messages = []
    for owner_id in working.owners:
        concerned = by_owner[owner_id]
        kind = "household" if concerned[0].kind in ("household", "person") else "firm"
        payload = FactsChanged(
            owner_id=owner_id,
            subject_ids=tuple(
                sorted({one.subject_id for one in concerned} | working.employments.get(owner_id, set()))
            ),
            attributes=tuple(sorted(working.attributes.get(owner_id, ()))),
            sequence=working.sequence,
            is_restructured=owner_id in working.restructured,
            arrived=tuple(one.subject_id for one in concerned if one.subject_id in working.arrived),
        )
        messages.append((f"{kind}:{owner_id}", payload))
    enqueue_many(session, FACTS_CHANGED, messages, now=now)


def _tell_of_second_sources(session: Session, working: Working, now: datetime) -> None:
    """Another department said the same: the fact stands as it did, but something may wait for just that word."""
    for row in working.history:
        is_second = (
            row["outcome"] == "outranked" and row["standing"] == "verified" and row["old"] == row["new"]
        )
        if is_second and row["attribute"] in CONFIRMED_BY_TWO:
            owner_id = working.subjects[row["subject_id"]].owner_id
            payload = {"subject_id": row["subject_id"], "attribute": row["attribute"]}
            enqueue(session, FACTS_CORROBORATED, f"household:{owner_id}", payload, now=now)


def _schedule(session: Session, working: Working, now: datetime) -> None:
    """A message for the day on which a change begins to count, or a fact ends."""
    for day, change in working.scheduled:
        if day == change.valid_from and day > working.today:
            due, later = day, msgspec.structs.replace(change, event_id=f"{change.event_id}#from:{day}")
        else:
            due = day + timedelta(days=1)
            later = msgspec.structs.replace(
                change,
                value=msgspec.UNSET,
                valid_from=None,
                valid_until=None,
                event_id=f"{change.event_id}#until:{day}",
            )
        # A key of its own: a message for next month must not hold up this household's messages of today.
        key = f"scheduled:{later.subject_id}:{later.attribute}:{later.source}:{later.event_id}"[:120]
        enqueue(session, FACTS_SCHEDULED, key, later, now=now, available_at=_midnight(due))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)
