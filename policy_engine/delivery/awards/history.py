"""The history of an award."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.timeline import Actor, record_event


def log(
    session: Session,
    award: Award,
    kind: str,
    actor: Actor,
    before: str,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    if award.updated_at != now:  # else it would be looked at again, to find that nothing changed
        award.updated_at = now
    record_event(
        session,
        "award",
        award.id,
        kind,
        claim_id=award.claim_id,
        subject_id=award.subject_id,
        actor=actor,
        now=now,
        moved=(before, award.state),
        detail=detail,
    )
