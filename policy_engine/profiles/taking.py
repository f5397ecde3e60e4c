"""Departments' events become facts: whole or not at all, one alone or many in one go."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from connectors.events.forms import DepartmentEvent
from identity.delegation.ending import end_with_person
from identity.delegation.enterprises import change_legal_representative, dissolve_enterprise
from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.errors import Conflict, DongchuError, InvalidInput, NotFound
from policy_engine.catalogue import catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.acquaintance import Acquaintance
from policy_engine.profiles.resolution import Resolution
from policy_engine.profiles.schemas import Applied, Change
from policy_engine.profiles.service import apply_changes, apply_checked
from policy_engine.profiles.validation import require_valid

DEATH = "person.is_deceased"

log = logging.getLogger(__name__)


def take(session: Session, vault: Vault, event: DepartmentEvent, *, now: datetime) -> Applied | None:
    """Apply an event whole, or note why not and change nothing (None). The same event twice changes nothing."""
    if repository.find_event(session, event.source, event.event_id) is not None:
        return None
    nested = session.begin_nested()
    try:
        resolution = Resolution(session, vault, event, now, Acquaintance(session, vault))
        resolution.resolve()
        applied = apply_changes(session, resolution.changes, now=now)
        registry.load_relationships(session, resolution.relationships)
        _tell_identity(session, event, resolution, now)
    except (InvalidInput, NotFound, Conflict) as refusal:
        nested.rollback()
        _note(session, event.source, event.event_id, refusal, now)
        return None
    nested.commit()
    return applied


def take_all(session: Session, vault: Vault, events: Sequence[DepartmentEvent], *, now: datetime) -> None:
    """``take`` for many, in their order. Those in a row that only say facts of people and things already known are
    understood, written and told of together, under one sequence."""
    plain: list[DepartmentEvent] = []
    for event in events:
        if only_says_facts(event):
            plain.append(event)
            continue
        _take_plain(session, vault, plain, now)
        plain = []
        take(session, vault, event, now=now)
    _take_plain(session, vault, plain, now)


def only_says_facts(event: DepartmentEvent) -> bool:
    """Whether an event, whoever it names, can neither bring, join nor move anybody, nor change what others may do."""
    return (
        all(one.relation == "household_of" for one in event.relations)
        and all(len(one.identifiers) == (one.kind != "household") for one in event.subjects)
        and all(one.attribute != DEATH for one in event.changes)
    )


def _take_plain(session: Session, vault: Vault, events: Sequence[DepartmentEvent], now: datetime) -> None:
    if len(events) == 1:
        take(session, vault, events[0], now=now)
    elif events:
        nested = session.begin_nested()
        try:
            _take_together(session, vault, events, now)
        except (
            InvalidInput,
            NotFound,
            Conflict,
        ):  # of one of them: each says for itself whether it was that one
            nested.rollback()
            for event in events:
                take(session, vault, event, now=now)
        else:
            nested.commit()


def _take_together(session: Session, vault: Vault, events: Sequence[DepartmentEvent], now: datetime) -> None:
    said = {(change.source or one.source, one.event_id) for one in events for change in one.changes}
    had = repository.events_among(session, {*said, *((one.source, one.event_id) for one in events)})
    told: dict[tuple[str, str], None] = {}
    changes: list[Change] = []
    met = Acquaintance(session, vault)
    met.meet(events)
    for event in events:
        if (event.source, event.event_id) in had:
            continue
        resolution = Resolution(session, vault, event, now, met)
        resolution.resolve()
        fresh = [one for one in resolution.changes if (one.source, one.event_id) not in had]
        told |= dict.fromkeys((one.source, one.event_id) for one in fresh)
        had |= told.keys()
        changes += fresh
    require_valid(changes, catalogue())
    repository.note_applied(session, list(told), now=now)
    if changes:
        apply_checked(session, changes, now=now)


def apply_or_note(session: Session, changes: list[Change], *, now: datetime) -> Applied | None:
    """Apply changes of one event whole, or note why not and change nothing (None)."""
    if not changes:
        return None
    nested = session.begin_nested()
    try:
        applied = apply_changes(session, changes, now=now)
    except (InvalidInput, NotFound) as refusal:
        nested.rollback()
        _note(session, changes[0].source, changes[0].event_id, refusal, now)
        return None
    nested.commit()
    return applied


def _tell_identity(session: Session, event: DepartmentEvent, resolution: Resolution, now: datetime) -> None:
    """Who may act for whom changes in the same transaction: a new representative, a firm struck off, a death."""
    for firm_id, person_id in resolution.representatives:
        change_legal_representative(
            session,
            firm_id=firm_id,
            new_subject_id=person_id,
            source=event.source,
            on=resolution.on,
            now=now,
        )
    for firm_id in resolution.dissolved:
        dissolve_enterprise(session, firm_id=firm_id, on=resolution.on, now=now)
    for change in event.changes:
        if change.attribute == DEATH and change.value is True:
            end_with_person(session, resolution.numbers[change.role], reason="died", now=now)


def _note(session: Session, source: str, event_id: str, refusal: DongchuError, now: datetime) -> None:
    reason = "; ".join((refusal.detail, *(f"{one.where}: {one.what}" for one in refusal.errors)))
    repository.note_event(session, source, event_id, outcome="rejected", reason=reason, now=now)
    log.warning("event %s of %s was not applied: %s", event_id, source, refusal.slug)
