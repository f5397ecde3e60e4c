"""A family as it was known at an earlier change or on an earlier day, or as it is known to become.

The store holds the present and, append-only, every change that led to it: the past is the present with the later
changes undone. The future is the present without the facts that will have ended, and with those that wait for their
day. What was loaded with the city has no history before it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.profiles.models import FactHistory
from policy_engine.profiles.repository import (
    employments_about,
    load_families,
    load_family,
    load_subjects,
)
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject

OWNER: Final = "owner"
Rows = list[FactHistory]
#: Where nobody noted when a fact of the first load was observed.
_NEVER_NOTED = datetime(1970, 1, 1, tzinfo=UTC)


def family_at(session: Session, subject_id: int, sequence: int) -> Family:
    """The family of a subject as it stood at a sequence. Raises ``NotFound`` for who was not known then."""
    present = _present(session, subject_id)
    # Whoever came, changed or left has left a later number with somebody of the family: see ``applying``.
    if present is not None and all(one.sequence <= sequence for one in present):
        return msgspec.structs.replace(present, sequence=sequence)
    return _undone(session, subject_id, FactHistory.sequence > sequence, sequence)


def family_on(session: Session, subject_id: int, day: date, *, today: date) -> Family:
    """The family as it was known at the end of a past day, or as it is known to be on a future one."""
    if day >= today:
        return _become(session, load_family(session, subject_id), day, today)
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=SHANGHAI).astimezone(UTC)
    return _undone(session, subject_id, FactHistory.recorded_at >= midnight, None)


def _present(session: Session, subject_id: int) -> Family | None:
    try:
        return load_family(session, subject_id)
    except NotFound:
        return None


def _undone(session: Session, subject_id: int, later: sa.ColumnElement[bool], sequence: int | None) -> Family:
    present = load_subjects(session, [subject_id]).get(subject_id)
    moves = _history(session, [subject_id], later, OWNER)
    owner_id = _owner_before(present, moves)
    if owner_id is None:
        raise NotFound(_("那时还没有这个对象的档案。"))
    left = _left_since(session, owner_id, later)
    families = load_families(session, [owner_id])
    now = tuple(families[owner_id]) if owner_id in families else ()
    subjects = [*now, *load_subjects(session, left - {one.subject_id for one in now}).values()]
    changes: dict[int, Rows] = {}
    for row in _history(session, [one.subject_id for one in subjects], later):
        changes.setdefault(row.subject_id, []).append(row)
    then = [_before(session, one, changes.get(one.subject_id, []), later) for one in subjects]
    members = sorted(
        (one for one in then if one and one.kind != "employment" and one.owner_id == owner_id),
        key=lambda one: one.subject_id,
    )
    owner = next((one for one in members if one.subject_id == owner_id), None)
    if owner is None:
        raise NotFound(_("那时还没有这个对象的档案。"))
    number = sequence if sequence is not None else max(one.sequence for one in members)
    jobs = _jobs_of(session, members, [one for one in then if one and one.kind == "employment"], later)
    return Family(owner, (*(one for one in members if one is not owner), *jobs), number)


def _jobs_of(
    session: Session,
    members: Sequence[KnownSubject],
    known: Sequence[KnownSubject],
    later: sa.ColumnElement[bool],
) -> list[KnownSubject]:
    """The jobs that the members had then: those of the present family that began by then, and of who has moved away."""
    numbers = {one.subject_id for one in members}
    moved = numbers - {one.about_id for one in known}
    found = [one for one in known if one.about_id in numbers]
    for job in employments_about(session, moved):
        changes = _history(session, [job.subject_id], later)
        then = _before(session, job, changes, later)
        found += [] if then is None else [then]
    return sorted(found, key=lambda one: one.subject_id)


def _history(
    session: Session, subject_ids: Iterable[int], which: sa.ColumnElement[bool], attribute: str = ""
) -> Rows:
    """Changes that counted, the oldest first."""
    statement = sa.select(FactHistory).where(
        FactHistory.subject_id.in_(list(subject_ids)), FactHistory.outcome == "applied", which
    )
    if attribute:
        statement = statement.where(FactHistory.attribute == attribute)
    return list(session.scalars(statement.order_by(FactHistory.change_id)))


def _owner_before(present: KnownSubject | None, moves: Rows) -> int | None:
    if moves:
        return int(moves[0].old[0]) if moves[0].old else None
    return None if present is None else present.owner_id


def _left_since(session: Session, owner_id: int, later: sa.ColumnElement[bool]) -> set[int]:
    """Who belonged to this owner then and has moved away since."""
    statement = sa.select(FactHistory.subject_id).where(
        FactHistory.attribute == OWNER, later, sa.cast(FactHistory.old, sa.String) == f"[{owner_id}]"
    )
    return set(session.scalars(statement))


def _before(
    session: Session, one: KnownSubject, rows: Rows, later: sa.ColumnElement[bool]
) -> KnownSubject | None:
    """One subject with these changes undone; None where it came into being with one of them."""
    facts, owner_id = dict(one.facts), one.owner_id
    for row in reversed(rows):
        if row.attribute == OWNER:
            if not row.old:
                return None
            owner_id = int(row.old[0])
            continue
        key = row.attribute.rpartition(".")[2]
        if row.old:
            facts[key] = _said_before(session, row, later)
        else:
            facts.pop(key, None)
    sequence = min((row.sequence - 1 for row in rows), default=one.sequence)
    return msgspec.structs.replace(one, facts=facts, owner_id=owner_id, sequence=min(sequence, one.sequence))


def _said_before(session: Session, row: FactHistory, later: sa.ColumnElement[bool]) -> KnownFact:
    """The old value with who had said it, as the change before tells; of the first load only the department is known."""
    statement = sa.select(FactHistory).where(
        FactHistory.subject_id == row.subject_id,
        FactHistory.attribute == row.attribute,
        FactHistory.outcome == "applied",
        sa.not_(later),
    )
    said = session.scalar(statement.order_by(FactHistory.change_id.desc()).limit(1))
    value = row.old[0]
    if said is None:
        return KnownFact(value, catalogue().attribute(row.attribute).department, _NEVER_NOTED)
    standing = "declared" if said.standing == "declared" else "verified"
    return KnownFact(value, said.source, said.observed_at, standing, said.valid_from, said.valid_until)


def _become(session: Session, family: Family, day: date, today: date) -> Family:
    """Facts that will have ended by then are unknown; those that wait for a day until then count."""
    waiting: dict[int, Rows] = {}
    statement = sa.select(FactHistory).where(
        FactHistory.subject_id.in_([one.subject_id for one in family]),
        FactHistory.outcome == "scheduled",
        FactHistory.valid_from > today,
        FactHistory.valid_from <= day,
    )
    for row in session.scalars(statement.order_by(FactHistory.valid_from, FactHistory.change_id)):
        waiting.setdefault(row.subject_id, []).append(row)

    def then(one: KnownSubject) -> KnownSubject:
        facts = dict(one.facts)
        for row in waiting.get(one.subject_id, []):
            key = row.attribute.rpartition(".")[2]
            if row.new:
                standing = "declared" if row.standing == "declared" else "verified"
                facts[key] = KnownFact(
                    row.new[0], row.source, row.observed_at, standing, row.valid_from, row.valid_until
                )
            else:
                facts.pop(key, None)
        lasting = {
            key: fact for key, fact in facts.items() if not fact.valid_until or fact.valid_until >= day
        }
        return msgspec.structs.replace(one, facts=lasting)

    return Family(then(family.owner), tuple(then(one) for one in family.members), family.sequence)
