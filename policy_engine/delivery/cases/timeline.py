"""Writing the history: who did what, when, from which state to which."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.delivery.access import Relation
from policy_engine.delivery.cases.models import CaseEvent

ActorKind = Literal["system", "person", "proxy", "counter", "seat", "bank"]
ObjectKind = Literal["offer", "claim", "award", "payment", "overpayment"]


class Actor(msgspec.Struct, frozen=True):
    kind: ActorKind
    subject_id: int | None
    name: str


SYSTEM = Actor("system", None, N_("系统"))
TREASURY = Actor("bank", None, N_("国库与银行"))


def actor_of(principal: Principal, relation: Relation | None = None) -> Actor:
    """The actor a timeline shows: an official by seat, never by a private name the reader need not know."""
    if principal.seat is not None:
        kind: ActorKind = "counter" if relation == "counter" else "seat"
        return Actor(kind, principal.subject_id, principal.seat.post.zh)
    return Actor("proxy" if relation == "proxy" else "person", principal.subject_id, principal.name)


class NewEvent(NamedTuple):
    """One line of the history, its columns in order. ``detail`` carries numbers and reasons, never values of facts."""

    id: uuid.UUID
    object_kind: ObjectKind
    object_id: uuid.UUID
    claim_id: uuid.UUID | None
    subject_id: int
    kind: str
    from_state: str | None
    to_state: str | None
    actor_kind: ActorKind
    actor_id: int | None
    actor_name: str
    detail: dict[str, Any]
    is_public: bool
    happened_at: datetime


def record_events(session: Session, events: Sequence[NewEvent]) -> None:
    """Add many lines at once, in their order."""
    insert_rows(session, CaseEvent, NewEvent._fields, events, refers=False)


def new_event(
    object_kind: ObjectKind,
    object_id: uuid.UUID,
    kind: str,
    *,
    claim_id: uuid.UUID | None,
    subject_id: int,
    actor: Actor,
    now: datetime,
    moved: tuple[str | None, str | None] = (None, None),
    detail: dict[str, Any] | None = None,
    is_public: bool = True,
) -> NewEvent:
    """A line that is not written yet; ``moved`` is (from state, to state)."""
    return NewEvent(
        id=new_id(),
        object_kind=object_kind,
        object_id=object_id,
        claim_id=claim_id,
        subject_id=subject_id,
        kind=kind,
        from_state=moved[0],
        to_state=moved[1],
        actor_kind=actor.kind,
        actor_id=actor.subject_id,
        actor_name=actor.name,
        detail=detail or {},
        is_public=is_public,
        happened_at=now,
    )


def record_event(
    session: Session,
    object_kind: ObjectKind,
    object_id: uuid.UUID,
    kind: str,
    *,
    claim_id: uuid.UUID | None,
    subject_id: int,
    actor: Actor,
    now: datetime,
    moved: tuple[str | None, str | None] = (None, None),
    detail: dict[str, Any] | None = None,
    is_public: bool = True,
) -> None:
    """Add one line to the history."""
    line = new_event(
        object_kind,
        object_id,
        kind,
        claim_id=claim_id,
        subject_id=subject_id,
        actor=actor,
        now=now,
        moved=moved,
        detail=detail,
        is_public=is_public,
    )
    record_events(session, [line])
