"""Events that were understood but could not become facts, for instance because nobody here has that number yet.

They wait for an official: taken up again from the sealed original once the obstacle is gone, or dropped.
"""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from connectors.events import repository as received
from connectors.events.departments import DEPARTMENTS
from connectors.events.service import EVENT_TOPIC
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.outbox import enqueue
from policy_engine.profiles import repository
from policy_engine.profiles.models import AppliedEvent


class NotApplied(msgspec.Struct, frozen=True, kw_only=True):
    """``may_be_taken_again``: its original is kept. What a licence reported comes again from the licence itself."""

    source: str
    event_id: str
    kind: str
    reason: str
    noted_at: datetime
    may_be_taken_again: bool


def not_applied(session: Session, limit: int = 200) -> list[NotApplied]:
    found = []
    for row in repository.events_not_applied(session, limit):
        original = _original(session, row.source, row.event_id)
        found.append(
            NotApplied(
                source=row.source,
                event_id=row.event_id,
                kind="" if original is None else original[1],
                reason=row.reason or "",
                noted_at=row.recorded_at,
                may_be_taken_again=original is not None,
            )
        )
    return found


def take_again(session: Session, source: str, event_id: str, *, now: datetime) -> None:
    """Put the original back into the queue. Raises ``NotFound`` when it does not wait, or is not kept."""
    row = _waiting(session, source, event_id)
    original = _original(session, source, event_id)
    if original is None:
        raise NotFound(_("这条事件没有保留原件，请由来源单位重新报送。"))
    department, kind = original
    session.delete(row)
    payload = {"department": department, "event_id": event_id, "kind": kind}
    enqueue(session, EVENT_TOPIC, f"again:{department}:{event_id}"[:120], payload, now=now)


def drop(session: Session, source: str, event_id: str) -> None:
    """It stays known, so that a repetition changes nothing either. Raises ``NotFound`` when it does not wait."""
    _waiting(session, source, event_id).outcome = "dropped"


def _waiting(session: Session, source: str, event_id: str) -> AppliedEvent:
    row = repository.find_event(session, source, event_id)
    if row is None or row.outcome != "rejected":
        raise NotFound(_("没有这条待处理的事件，可能已经处理。"))
    return row


def _original(session: Session, source: str, event_id: str) -> tuple[str, str] | None:
    """(department, kind) of the kept original."""
    for department in DEPARTMENTS.values():
        if department.source == source:
            row = received.find_received(session, department.id, event_id)
            if row is not None:
                return department.id, row.kind
    return None
