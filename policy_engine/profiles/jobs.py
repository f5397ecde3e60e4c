"""Background work: departments' events become facts, and facts that begin or end on a day do so."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from connectors.events.service import EVENT_TOPIC, open_events
from kernel.house import House
from kernel.outbox import Handler, Message, Together
from licenses.recording import FACTS_TOPIC as LICENCE_TOPIC
from policy_engine.catalogue import catalogue
from policy_engine.profiles import repository
from policy_engine.profiles.schemas import Change, FactChange, RawValue
from policy_engine.profiles.service import FACTS_SCHEDULED, apply_checked
from policy_engine.profiles.taking import apply_or_note, take_all
from policy_engine.profiles.validation import require_valid
from policy_engine.profiles.vocabulary import require_known_attributes


def handlers(house: House) -> Mapping[str, Handler]:
    """What the worker calls, by topic. Raises ValueError when a licence speaks of facts nobody can know."""
    require_known_attributes()

    def keep_dates(session: Session, messages: Sequence[Message]) -> None:
        changes = [msgspec.convert(one.payload, FactChange) for one in messages]
        require_valid(changes, catalogue())
        # Not by event id: all facts of one event begin and end under the same, each by a message of its own.
        apply_checked(session, changes, now=house.clock.now())

    def take_licences(session: Session, messages: Sequence[Message]) -> None:
        for message in messages:
            apply_or_note(session, _licence_changes(session, message.payload), now=house.clock.now())

    return {
        EVENT_TOPIC: taking_events(house),
        FACTS_SCHEDULED: Together(house.database, FACTS_SCHEDULED, keep_dates),
        LICENCE_TOPIC: Together(house.database, LICENCE_TOPIC, take_licences),
    }


def taking_events(house: House) -> Together:
    """What departments report, many events in one transaction."""

    def take_events(session: Session, messages: Sequence[Message]) -> None:
        events = open_events(session, house.vault, [one.payload for one in messages])
        take_all(session, house.vault, events, now=house.clock.now())

    return Together(house.database, EVENT_TOPIC, take_events)


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
