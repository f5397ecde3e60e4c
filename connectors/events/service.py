"""The one way in for events, pushed or polled: read, store once, and pass on in the same transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy.orm import Session

from connectors.events import repository
from connectors.events.departments import DEPARTMENTS, Department, read_event
from connectors.events.forms import DepartmentEvent, Envelope
from connectors.events.models import RejectedEvent
from connectors.treasury.callbacks import read_callback
from connectors.treasury.messages import OrdersSettled
from connectors.wire import UnmappableError
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue_many

EVENT_TOPIC = "department.event"
CALLBACK_TOPIC = "payment.callback"
CameBy = Literal["push", "poll"]
#: A department's clock may be a little ahead of ours; what claims to come from tomorrow is a mistake.
AHEAD = timedelta(hours=1)


class Receipt(msgspec.Struct, frozen=True):
    """What the sender is told, the same for every delivery of one event."""

    event_id: str
    receipt: uuid.UUID
    received_at: datetime


class Incoming(msgspec.Struct, frozen=True):
    """An event that was read and is ready to be stored: its row by column, and the message that goes with it."""

    row: dict[str, Any]
    topic: str
    key: str
    payload: dict[str, Any]


def read(
    vault: Vault,
    department: Department,
    body: bytes,
    *,
    came_by: CameBy,
    now: datetime,
    signed_id: str | None = None,
) -> Incoming:
    """What there is to do before the store is asked. Raises ``InvalidInput`` (unreadable)."""
    envelope = _read_envelope(body, signed_id, now)
    topic, key, common = _read_content(vault, department, envelope)
    row_id = new_id()
    row = {
        "id": row_id,
        "department": department.id,
        "event_id": envelope.event_id,
        "kind": envelope.event_type,
        "came_by": came_by,
        "digest": content_digest(vault, envelope),
        "sealed": vault.seal(msgspec.json.encode(common).decode(), context=_context(row_id)),
        "occurred_at": envelope.occurred_at,
        "received_at": now,
    }
    payload: dict[str, Any] = {
        "department": department.id,
        "event_id": envelope.event_id,
        "kind": envelope.event_type,
    }
    if topic == CALLBACK_TOPIC:
        payload |= msgspec.to_builtins(common)
    return Incoming(row, topic, key, payload)


def keep(session: Session, arrived: Sequence[Incoming], *, now: datetime) -> list[Receipt | Exception]:
    """Store events and enqueue them, each once; for each its receipt, or ``Conflict`` (same id, other content)."""
    fresh = repository.add_received(session, [one.row for one in arrived])
    by_topic: dict[str, list[tuple[str, Any]]] = {}
    for one in arrived:
        if one.row["id"] in fresh:
            by_topic.setdefault(one.topic, []).append((one.key, one.payload))
    for topic, messages in by_topic.items():
        enqueue_many(session, topic, messages, now=now)
    return [_receipt(one) if one.row["id"] in fresh else _known(session, one) for one in arrived]


def accept(
    session: Session, vault: Vault, department: Department, body: bytes, *, came_by: CameBy, now: datetime
) -> Receipt:
    """``read`` and ``keep`` one event. Raises ``InvalidInput`` (unreadable), ``Conflict`` (same id, other content)."""
    (answer,) = keep(session, [read(vault, department, body, came_by=came_by, now=now)], now=now)
    if isinstance(answer, Exception):
        raise answer
    return answer


def open_event(session: Session, vault: Vault, payload: dict[str, Any]) -> DepartmentEvent:
    """The common form that a ``department.event`` message stands for; the message itself names nobody."""
    return open_events(session, vault, [payload])[0]


def open_events(session: Session, vault: Vault, payloads: Sequence[dict[str, Any]]) -> list[DepartmentEvent]:
    """The same for many messages, in their order."""
    wanted = [(one["department"], one["event_id"]) for one in payloads]
    rows = repository.sealed_of(session, wanted)
    for department, event_id in wanted:
        if (department, event_id) not in rows:
            raise LookupError(f"event {event_id} of {department} is not in the store")
    return [
        msgspec.json.decode(vault.open(sealed, context=_context(row_id)), type=DepartmentEvent)
        for row_id, sealed in (rows[one] for one in wanted)
    ]


def reject(
    session: Session,
    vault: Vault,
    department_id: str,
    reason: str,
    body: bytes,
    *,
    came_by: CameBy,
    now: datetime,
    is_genuine: bool = False,
) -> None:
    """Note a refusal: who, why, when, and a keyed digest to recognise it by; once while it is open.

    The content of what is ``is_genuine`` (signed by the department, or read from its own list) is kept, sealed.
    """
    digest = vault.blind_index(body.hex(), purpose="rejected_event")
    if is_genuine and repository.is_refusal_open(session, department_id, digest):
        return
    row = RejectedEvent(
        department=department_id,
        reason=reason[:300],
        digest=digest,
        came_by=came_by,
        received_at=now,
    )
    repository.add_rejected(session, row)
    if is_genuine:
        row.sealed = vault.seal(body.decode(errors="replace"), context=_refused_context(row.number))


def read_again(session: Session, vault: Vault, number: int, *, now: datetime) -> Receipt:
    """A refused event once more, as if it came now: taken and settled, or refused as before and still open.

    Raises ``NotFound`` (not open), ``InvalidInput`` or ``Conflict`` (still refused).
    """
    row = _open_refusal(session, number)
    if row.sealed is None:
        raise NotFound(_("这条拒收没有保留内容，请对方重新发送。"))
    body = vault.open(row.sealed, context=_refused_context(number)).encode()
    came_by: CameBy = "poll" if row.came_by == "poll" else "push"
    receipt = accept(session, vault, DEPARTMENTS[row.department], body, came_by=came_by, now=now)
    row.settled_at, row.settled_as, row.sealed = now, "taken", None
    return receipt


def drop_refused(session: Session, number: int, *, now: datetime) -> None:
    """Done with it unread; its content goes. Raises ``NotFound`` when it is not open."""
    row = _open_refusal(session, number)
    row.settled_at, row.settled_as, row.sealed = now, "dropped", None


def _open_refusal(session: Session, number: int) -> RejectedEvent:
    row = repository.find_rejected(session, number)
    if row is None or row.settled_at is not None:
        raise NotFound(_("没有这条待处理的拒收事件，可能已经处理。"))
    return row


def _refused_context(number: int) -> str:
    return f"rejected_event/sealed/{number}"


def reason_of(refused: InvalidInput | Conflict) -> str:
    """What the log of refusals keeps: a code and the field, in words that name nobody."""
    what = "; ".join(error.what for error in refused.errors)
    return f"{refused.slug}: {what}" if what else refused.slug


def content_digest(vault: Vault, envelope: Envelope) -> bytes:
    """The same for the same content, however its JSON was spaced or ordered."""
    content = [envelope.event_type, envelope.occurred_at, msgspec.json.decode(envelope.data)]
    text = msgspec.json.encode(content, order="deterministic").decode()
    return vault.blind_index(text, purpose="received_event")


def _read_envelope(body: bytes, signed_id: str | None, now: datetime) -> Envelope:
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error) from None
    if signed_id is not None and signed_id != envelope.event_id:
        raise _unreadable(UnmappableError("event_id: differs from the signed webhook-id"))
    if envelope.occurred_at > now + AHEAD:
        raise _unreadable(UnmappableError("occurred_at: lies in the future"))
    return envelope


def _read_content(
    vault: Vault, department: Department, envelope: Envelope
) -> tuple[str, str, msgspec.Struct]:
    try:
        if department.id == "treasury":
            callback = read_callback(envelope)
            first = (
                callback.instruction_ids[0]
                if isinstance(callback, OrdersSettled)
                else callback.instruction_id
            )
            return CALLBACK_TOPIC, f"payment:{first}", callback
        event = read_event(department, envelope)
    except (msgspec.MsgspecError, UnmappableError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error) from None
    return EVENT_TOPIC, f"event:{_order_key(vault, event)}", event


def _order_key(vault: Vault, event: DepartmentEvent) -> str:
    """Events about one subject are done in the order they came; the key does not show who it is."""
    first = event.subjects[0].identifiers[0]
    return vault.blind_index(f"{first.scheme}:{first.value}", purpose="event_order").hex()[:32]


def _receipt(one: Incoming) -> Receipt:
    return Receipt(one.row["event_id"], one.row["id"], one.row["received_at"])


def _known(session: Session, one: Incoming) -> Receipt | Conflict:
    known = repository.find_received(session, one.row["department"], one.row["event_id"])
    if known is None:
        raise LookupError(f"event {one.row['event_id']} was neither added nor found")
    if known.digest != one.row["digest"]:
        return Conflict(_("同一事件编号已收到过不同内容，请使用新的事件编号重新发送。"))
    return Receipt(known.event_id, known.id, known.received_at)


def _unreadable(error: Exception) -> InvalidInput:
    return InvalidInput(
        _("事件内容不符合约定的格式，未作任何处理。请按字段说明更正后，用新的事件编号重新发送。"),
        errors=[FieldError(where="body", what=str(error)[:250])],
    )


def _context(row_id: uuid.UUID) -> str:
    return f"received_event/sealed/{row_id}"
