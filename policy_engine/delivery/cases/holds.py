"""Pausing a claim or a payment with a reason, and lifting the pause: a person's by a person only."""

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from policy_engine.delivery.cases import repository
from policy_engine.delivery.cases.models import Hold
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment

Cause = Literal["manual", "suspected_loss", "death", "recheck", "recall"]


def place_hold(
    session: Session,
    thing: Claim | Payment,
    cause: Cause,
    reason: str,
    *,
    set_by_id: int | None,
    now: datetime,
) -> None:
    """Pause; a second hold with the same cause adds nothing."""
    known = repository.open_holds(session, thing.__tablename__, [thing.id])
    if not any(hold.cause == cause for hold in known):
        session.add(
            Hold(
                object_kind=thing.__tablename__,
                object_id=thing.id,
                cause=cause,
                reason=reason,
                set_by_id=set_by_id,
                set_at=now,
            )
        )
        session.flush()
    thing.is_held = True


def release_holds(
    session: Session, thing: Claim | Payment, *, released_by_id: int | None, now: datetime
) -> bool:
    """Lift the pauses the caller may lift: the system (``released_by_id`` null) lifts only its own. True when free."""
    remaining = 0
    for hold in repository.open_holds(session, thing.__tablename__, [thing.id]):
        if hold.set_by_id is not None and released_by_id is None:
            remaining += 1
            continue
        hold.released_by_id = released_by_id
        hold.released_at = now
    session.flush()
    thing.is_held = remaining > 0
    return not thing.is_held


def holds_of(session: Session, thing: Claim | Payment) -> list[Hold]:
    return repository.open_holds(session, thing.__tablename__, [thing.id])
