"""What follows every act on a licence: its history, the audit trail, the facts, and word to the holder."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.house import House
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.transparency import record as commit_to
from kernel.web.principal import Principal
from licenses.catalogue import LicenceType
from licenses.log.sources import ACT, act_content, columns
from licenses.models import Licence, LicenceOperation
from licenses.states import Operation
from licenses.writing import facts_payload, number

FACTS_TOPIC = "licence.facts"


def log_operation(
    session: Session,
    house: House,
    licence: Licence,
    operation: Operation,
    reason: str,
    effective_on: date,
    actor: Principal | str,
) -> LicenceOperation:
    """One line of history, in the log for everybody and in the audit trail."""
    now = house.clock.now()
    act = LicenceOperation(
        id=new_id(),
        licence_id=licence.id,
        operation=operation.value,
        state=licence.state,
        reason=reason,
        effective_on=effective_on,
        recorded_at=now,
        actor=actor_name(actor),
    )
    session.add(act)
    commit_to(session, ACT, act.id, act_content(columns(act), columns(licence)), now=now)
    record(
        session,
        actor=actor,
        action=f"licence.{operation.value}",
        object_kind="licence",
        object_id=licence.id,
        detail={"type": licence.type_id, "state": licence.state, "effective_on": effective_on.isoformat()},
        now=now,
    )
    return act


def actor_name(actor: Principal | str) -> str:
    """The seat, not the person: rights belong to the post."""
    return actor if isinstance(actor, str) else (actor.seat.title if actor.seat else actor.name)


def state_facts(
    session: Session,
    house: House,
    kind: LicenceType,
    licence: Licence,
    act: LicenceOperation,
    fields: dict[str, Any] | None,
) -> None:
    """Tell the engine what the licence says after an act; without fields it says nothing any more: known to be none."""
    now = house.clock.now()
    payload = facts_payload(
        kind,
        act_id=act.id,
        holder_id=licence.holder_id,
        valid_until=licence.valid_until,
        fields=fields,
        number=number(house, licence),
        now=now,
    )
    if payload is not None:
        enqueue(session, FACTS_TOPIC, f"subject:{licence.holder_id}", payload, now=now)
