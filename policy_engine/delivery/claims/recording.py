"""What an official did at a stage, kept three times over: for the separation of persons, the history and the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.bulk import insert_object
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery.cases.timeline import actor_of, record_event
from policy_engine.delivery.claims.models import Claim, StageDecision
from policy_engine.delivery.claims.places import place_of
from policy_engine.delivery.terms import Stage

#: What only the office needs the words of.
INTERNAL = frozenset({"recommend", "advise_against", "send_back", "countersign"})


def record_act(
    session: Session,
    claim: Claim,
    stage: Stage,
    action: str,
    reason: str,
    principal: Principal,
    seat: SeatView,
    before: dict[str, Any],
    *,
    event: str,
    now: datetime,
) -> None:
    """``before`` is the claim's place before the act; ``event`` how the history calls it."""
    act = StageDecision(
        claim_id=claim.id,
        round=claim.round,
        visit=before["visit"],
        stage=stage.key,
        action=action,
        official_id=principal.subject_id,
        official_name=principal.name,
        seat_id=seat.id,
        seat_title=seat.title,
        department=seat.department,
        division=seat.division,
        reason=reason,
        decided_at=now,
        before=before,
        after=place_of(claim),
    )
    insert_object(session, act, refers=False)  # the claim stands already
    told: dict[str, str] = {} if event in INTERNAL else {"reason": reason}
    log_seat(
        session,
        claim,
        f"claim.{event}",
        principal,
        {"stage": stage.title} | told,
        moved=(before["state"], claim.state),
        audited={"stage": stage.key, "round": claim.round},
        now=now,
    )


def log_seat(
    session: Session,
    claim: Claim,
    kind: str,
    principal: Principal,
    detail: dict[str, Any],
    *,
    now: datetime,
    moved: tuple[str | None, str | None] = (None, None),
    audited: dict[str, Any] | None = None,
    is_public: bool = True,
) -> None:
    """One line of the history and one of the audit trail, by a seat."""
    if claim.updated_at != now:  # else it would be looked at again, to find that nothing changed
        claim.updated_at = now
    record_event(
        session,
        "claim",
        claim.id,
        kind,
        claim_id=claim.id,
        subject_id=claim.subject_id,
        actor=actor_of(principal),
        now=now,
        moved=moved,
        detail=detail,
        is_public=is_public,
    )
    audit.record(
        session,
        actor=principal,
        action=kind,
        object_kind="claim",
        object_id=claim.id,
        detail=audited or {},
        now=now,
    )
