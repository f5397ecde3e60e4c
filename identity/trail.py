"""What identity leaves in the audit trail: every change of who may do what. Numbers and reasons only, never names."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit
from kernel.web.principal import Principal


def note(
    session: Session,
    action: str,
    object_kind: str,
    object_id: object,
    *,
    now: datetime,
    by: int | Principal | None = None,
    acting_for: int | None = None,
    **detail: Any,
) -> None:
    """One row in the caller's transaction; ``by`` is who decided it, where a person did.

    A person without a grant acts for themselves, or for the firm ``acting_for``.
    """
    audit.record(
        session,
        actor=_actor(by, acting_for),
        action=f"identity.{action}",
        object_kind=object_kind,
        object_id=object_id,
        detail=detail,
        now=now,
    )


def _actor(by: int | Principal | None, acting_for: int | None) -> Principal | audit.Actor | str:
    if by is None:
        return "identity"
    if isinstance(by, Principal):
        return by
    capacity = "self" if acting_for is None else "enterprise"
    return audit.Actor(subject_id=by, acting_for=acting_for or by, capacity=capacity)
