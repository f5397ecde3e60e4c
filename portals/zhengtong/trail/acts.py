"""Reading the audit trail, mending what got stuck, and looking at what was refused."""

import re
import uuid
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from connectors.events import repository as events
from connectors.events.departments import DEPARTMENTS
from identity.registry import service as registry
from identity.seats import repository as seat_rows
from kernel import audit, outbox
from kernel.audit import AuditEvent
from kernel.audit_head import HeadBroken, known_head
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.outbox.models import OutboxMessage
from kernel.web.formats import masked
from kernel.web.principal import Principal
from policy_engine.matching import repository as matching
from portals.services import Services
from portals.zhengtong.trail import repository

PAGE = 50
_CHINESE = re.compile("[\u4e00-\u9fff]")
MOST_SHOWN = 200
#: Nobody turns more pages.
FARTHEST = 1_000_000


class FullMatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """One night's match of the whole city. ``drifted`` is null where there was nothing to compare with."""

    as_of: date
    sequence: int
    drifted: int | None
    matched_at: datetime


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the trail. Officials by name and seat, residents with their name masked."""

    number: int
    at: datetime
    actor: str
    seat: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, object]
    is_chained: bool


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    """``findings`` is null when the chain was not checked just now, empty when it is whole."""

    chained: int
    waiting: int
    findings: tuple[str, ...] | None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was given up after many attempts; it keeps what comes after it on its key waiting.

    ``reason`` is what ``error`` says in words, where it does: our own problems do, others only name their kind.
    """

    message_id: uuid.UUID
    topic: str
    key: str
    attempts: int
    enqueued_at: datetime
    dead_at: datetime | None
    error: str
    error_kind: str = ""
    reason: str = ""


class RejectedLine(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    department: str
    reason: str
    came_by: str
    received_at: datetime


class ReceivedLine(msgspec.Struct, frozen=True, kw_only=True):
    department: str
    event_id: str
    kind: str
    came_by: str
    received_at: datetime


class DepartmentEvents(msgspec.Struct, frozen=True, kw_only=True):
    """What departments sent lately."""

    rejected: tuple[RejectedLine, ...]
    received: tuple[ReceivedLine, ...]


def trail(services: Services, action: str, before: int | None) -> list[AuditLine]:
    """A page of the trail, the newest first; ``action`` by its beginning."""
    house = services.house
    with house.database.read() as session:
        rows = audit.recent(session, action=action, before=before, limit=PAGE)
        seats = {str(seat.seat_id): seat.title for seat, _department in seat_rows.open_seats(session)}
        actors = {row.actor_id for row in rows if row.actor_id is not None}
        names = registry.describe(session, actors, vault=house.vault)
        return [
            _audit_line(
                row,
                names[row.actor_id].name if row.actor_id in names and row.actor_id is not None else "",
                seats.get(row.seat_id or "", ""),
            )
            for row in rows
        ]


def chain(services: Services, *, is_checked: bool) -> ChainState:
    """How far the chain has come; checking walks through every row."""
    house = services.house
    with house.database.read() as session:
        chained, waiting = repository.chain_counts(session)
        findings = tuple(_chain_findings(session, house)) if is_checked else None
    return ChainState(chained=chained, waiting=waiting, findings=findings)


def _chain_findings(session: Session, house: House) -> list[str]:
    try:
        head = known_head(house.settings.home, house.vault)
    except HeadBroken as error:
        return [str(error), *audit.verify_chain(session, house.vault)]
    return audit.verify_chain(session, house.vault, head)


def dead_letters(
    services: Services, topic: str = "", *, limit: int = MOST_SHOWN, offset: int = 0
) -> list[DeadLetter]:
    """The oldest first; of one topic, or of all."""
    with services.house.database.read() as session:
        return [_dead_letter(row) for row in outbox.dead_letters(session, limit, topic=topic, offset=offset)]


def _dead_letter(row: OutboxMessage) -> DeadLetter:
    lines = (row.error or "").strip().splitlines()
    error = lines[-1][:300] if lines else ""
    kind, _colon, words = error.partition(": ")
    return DeadLetter(
        message_id=row.message_id,
        topic=row.topic,
        key=row.key,
        attempts=row.attempts,
        enqueued_at=row.enqueued_at,
        dead_at=row.dead_at,
        error=error,
        error_kind=kind,
        reason=words if _CHINESE.search(words) else "",
    )


def dead_by_topic(services: Services) -> list[tuple[str, int]]:
    with services.house.database.read() as session:
        return outbox.dead_by_topic(session)


def replay(services: Services, principal: Principal, message_id: uuid.UUID) -> None:
    """Try it again from the start; who asked for it is recorded."""
    now = services.house.clock.now()
    with services.house.database.write() as session:
        outbox.replay(session, message_id, now=now)
        audit.record(
            session,
            actor=principal,
            action="outbox.replay",
            object_kind="outbox_message",
            object_id=message_id,
            now=now,
        )


def full_matches(services: Services) -> list[FullMatchLine]:
    """The latest nights, and whether what was kept still agreed with the city matched anew."""
    with services.house.database.read() as session:
        return [
            FullMatchLine(
                as_of=row.as_of, sequence=row.sequence, drifted=row.drifted, matched_at=row.matched_at
            )
            for row in matching.full_matches(session)
        ]


def department_events(services: Services) -> DepartmentEvents:
    """The latest refusals and the latest arrivals; contents stay sealed."""
    with services.house.database.read() as session:
        rejected = tuple(
            RejectedLine(
                number=row.number,
                department=_department(row.department),
                reason=row.reason,
                came_by=row.came_by,
                received_at=row.received_at,
            )
            for row in events.latest_rejected(session, MOST_SHOWN)
        )
        received = tuple(
            ReceivedLine(
                department=_department(row.department),
                event_id=row.event_id,
                kind=row.kind,
                came_by=row.came_by,
                received_at=row.received_at,
            )
            for row in events.latest_received(session, PAGE)
        )
    return DepartmentEvents(rejected=rejected, received=received)


def _department(code: str) -> str:
    """By the name that its events come under, which is not always the one that its facts carry."""
    department = DEPARTMENTS.get(code)
    return code if department is None else _(department.label)


def _audit_line(row: AuditEvent, name: str, seat: str) -> AuditLine:
    actor = name if seat else masked(name, "name") if name else row.actor_name
    return AuditLine(
        number=row.number,
        at=row.at,
        actor=actor,
        seat=seat,
        action=row.action,
        object_kind=row.object_kind,
        object_id=row.object_id if row.object_kind != "subject" else "",
        detail=row.detail,
        is_chained=row.position is not None,
    )
