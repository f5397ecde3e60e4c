"""What got stuck on its way in: tasks given up, events refused at the door, events that could not become facts.

Each is tried again or dropped by a named official; a drop has a reason, and both stand in the audit trail.
"""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from connectors.events import repository as events
from connectors.events import service as door
from connectors.events.departments import DEPARTMENTS
from kernel import audit, outbox
from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.profiles import refused
from portals.services import Services

MOST_SHOWN = 200
MOST_AT_ONCE = 500
LONGEST_REASON = 200


class RefusedAtDoor(msgspec.Struct, frozen=True, kw_only=True):
    """An event its department signed, or showed in its list, that could not be read. Its content is kept, sealed."""

    number: int
    department: str
    reason: str
    came_by: str
    received_at: datetime


class NotApplied(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was read but could not become facts."""

    source: str
    source_name: str
    event_id: str
    kind: str
    reason: str
    noted_at: datetime
    may_be_taken_again: bool


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """Events that wait for an official."""

    refused_at_door: tuple[RefusedAtDoor, ...]
    not_applied: tuple[NotApplied, ...]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is dropped."""

    reason: str


class Replayed(msgspec.Struct, frozen=True):
    count: int


def stuck_events(services: Services) -> Stuck:
    departments = catalogue().departments
    with services.house.database.read() as session:
        at_door = tuple(
            RefusedAtDoor(
                number=row.number,
                department=_(DEPARTMENTS[row.department].label),
                reason=row.reason,
                came_by=row.came_by,
                received_at=row.received_at,
            )
            for row in events.open_refusals(session, MOST_SHOWN)
        )
        inside = tuple(
            NotApplied(
                source=row.source,
                source_name=departments[row.source].name if row.source in departments else row.source,
                event_id=row.event_id,
                kind=row.kind,
                reason=row.reason,
                noted_at=row.noted_at,
                may_be_taken_again=row.may_be_taken_again,
            )
            for row in refused.not_applied(session, MOST_SHOWN)
        )
    return Stuck(refused_at_door=at_door, not_applied=inside)


def replay_topic(services: Services, principal: Principal, topic: str) -> int:
    """Tasks of one kind that were given up, once more, the oldest ``MOST_AT_ONCE``; how many that were."""
    now = services.house.clock.now()
    with services.house.database.write() as session:
        waiting = outbox.dead_letters(session, MOST_AT_ONCE, topic=topic) if topic else []
        for letter in waiting:
            outbox.replay(session, letter.message_id, now=now)
            _record(session, principal, "outbox.replay", "outbox_message", letter.message_id, now)
    return len(waiting)


def drop_letter(services: Services, principal: Principal, message_id: uuid.UUID, reason: str) -> None:
    """Raises ``NotFound`` (not stuck) or ``InvalidInput`` (no reason)."""
    why, now = _reason(reason), services.house.clock.now()
    with services.house.database.write() as session:
        outbox.drop(session, message_id, now=now)
        _record(session, principal, "outbox.drop", "outbox_message", message_id, now, why)


def read_again(services: Services, principal: Principal, number: int) -> None:
    """Raises ``InvalidInput`` or ``Conflict`` when it is still refused, and why."""
    house = services.house
    now = house.clock.now()
    with house.database.write() as session:
        door.read_again(session, house.vault, number, now=now)
        _record(session, principal, "event.read_again", "rejected_event", number, now)


def drop_refused(services: Services, principal: Principal, number: int, reason: str) -> None:
    why, now = _reason(reason), services.house.clock.now()
    with services.house.database.write() as session:
        door.drop_refused(session, number, now=now)
        _record(session, principal, "event.drop", "rejected_event", number, now, why)


def take_again(services: Services, principal: Principal, source: str, event_id: str) -> None:
    now = services.house.clock.now()
    with services.house.database.write() as session:
        refused.take_again(session, source, event_id, now=now)
        _record(session, principal, "event.take_again", "applied_event", f"{source}/{event_id}"[:80], now)


def drop_event(services: Services, principal: Principal, source: str, event_id: str, reason: str) -> None:
    why, now = _reason(reason), services.house.clock.now()
    with services.house.database.write() as session:
        refused.drop(session, source, event_id)
        _record(session, principal, "event.drop", "applied_event", f"{source}/{event_id}"[:80], now, why)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 2 <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        what = _("放弃须写明原因，2至%(longest)s个字。", longest=LONGEST_REASON)
        raise InvalidInput(what, errors=[FieldError("reason", what)])
    return reason


def _record(
    session: Session,
    principal: Principal,
    action: str,
    kind: str,
    object_id: object,
    now: datetime,
    reason: str = "",
) -> None:
    audit.record(
        session,
        actor=principal,
        action=action,
        object_kind=kind,
        object_id=object_id,
        detail={"reason": reason} if reason else {},
        now=now,
    )
