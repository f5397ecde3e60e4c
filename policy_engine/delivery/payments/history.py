"""What happened to payments, line by line, as their claims' timelines show it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from kernel.ids import new_id
from policy_engine.delivery.cases.timeline import Actor, NewEvent, record_events
from policy_engine.delivery.payments.models import Payment


class Happened(NamedTuple):
    """A payment as it stands now, what happened to it, and the state before."""

    payment: Payment
    kind: str
    before: str | None
    detail: dict[str, Any] = {}  # noqa: RUF012  (never changed: it is only read into a new one)


def log_all(session: Session, happened: Iterable[Happened], actor: Actor, *, now: datetime) -> None:
    """A line for each, in their order."""
    events = []
    for payment, kind, before, detail in happened:
        if payment.updated_at != now:  # else it would be looked at again, to find that nothing changed
            payment.updated_at = now
        events.append(
            NewEvent(
                id=new_id(),
                object_kind="payment",
                object_id=payment.id,
                claim_id=payment.claim_id,
                subject_id=payment.subject_id,
                kind=kind,
                from_state=before,
                to_state=payment.state,
                actor_kind=actor.kind,
                actor_id=actor.subject_id,
                actor_name=actor.name,
                detail={"period": payment.period, "amount_fen": payment.amount_fen} | detail,
                is_public=True,
                happened_at=now,
            )
        )
    record_events(session, events)


def log(
    session: Session,
    payment: Payment,
    kind: str,
    actor: Actor,
    before: str | None,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    log_all(session, [Happened(payment, kind, before, detail or {})], actor, now=now)
