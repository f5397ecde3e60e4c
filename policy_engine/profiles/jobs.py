"""Background work: departments' events become facts, and facts that begin or end on a day do so."""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from connectors.events.forms import DepartmentEvent
from connectors.events.service import EVENT_TOPIC, open_event
from identity.delegation.ending import end_with_person
from identity.delegation.enterprises import change_legal_representative, dissolve_enterprise
from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.errors import Conflict, DongchuError, InvalidInput, NotFound
from kernel.house import House
from kernel.outbox import Handler, Message, once
from licenses.recording import FACTS_TOPIC as LICENCE_TOPIC
from policy_engine.profiles import repository
from policy_engine.profiles.resolution import Resolution
from policy_engine.profiles.schemas import Applied, Change, FactChange, RawValue
from policy_engine.profiles.service import FACTS_SCHEDULED, apply_changes
from policy_engine.profiles.vocabulary import require_known_attributes

DEATH = "person.is_deceased"

log = logging.getLogger(__name__)


def handlers(house: House) -> Mapping[str, Handler]:
    """What the worker calls, by topic. Raises ValueError when a licence speaks of facts nobody can know."""
    require_known_attributes()

    def take_event(message: Message) -> None:
        with house.database.write() as session:
            if once(session, EVENT_TOPIC, message.message_id):
                event = open_event(session, house.vault, message.payload)
                take(session, house.vault, event, now=house.clock.now())

    def keep_date(message: Message) -> None:
        with house.database.write() as session:
            change = msgspec.convert(message.payload, FactChange)
            apply_changes(session, [change], now=house.clock.now())

    def take_licence(message: Message) -> None:
        with house.database.write() as session:
            apply_or_note(session, _licence_changes(session, message.payload), now=house.clock.now())

    return {EVENT_TOPIC: take_event, FACTS_SCHEDULED: keep_date, LICENCE_TOPIC: take_licence}


class LicenceFacts(msgspec.Struct, frozen=True):
    """What a licence says of its holder, by attribute id; null when it has ended. One of a household's is held by one
    of its members."""

    subject_id: int
    source: str
    event_id: str
    observed_at: datetime
    values: dict[str, RawValue]
    valid_until: date | None = None


def _licence_changes(session: Session, payload: dict[str, Any]) -> list[Change]:
    facts = msgspec.convert(payload, LicenceFacts)
    holder = repository.load_subjects(session, [facts.subject_id]).get(facts.subject_id)
    owner_id = facts.subject_id if holder is None else holder.owner_id
    return [
        FactChange(
            subject_id=owner_id if attribute.startswith("household.") else facts.subject_id,
            attribute=attribute,
            value=value,
            source=facts.source,
            event_id=facts.event_id,
            observed_at=facts.observed_at,
            valid_until=facts.valid_until,
        )
        for attribute, value in facts.values.items()
    ]


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


def take(session: Session, vault: Vault, event: DepartmentEvent, *, now: datetime) -> Applied | None:
    """Apply an event whole, or note why not and change nothing (None). The same event twice changes nothing."""
    if repository.find_event(session, event.source, event.event_id) is not None:
        return None
    nested = session.begin_nested()
    try:
        resolution = Resolution(session, vault, event, now)
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
