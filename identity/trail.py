"""What identity leaves in the audit trail: every change of who may do what. Numbers and reasons only, never names."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel import audit


def note(
    session: Session,
    action: str,
    object_kind: str,
    object_id: object,
    *,
    now: datetime,
    by: int | None = None,
    **detail: Any,
) -> None:
    """One row in the caller's transaction; ``by`` is the subject who decided it, where a person did."""
    known = detail if by is None else {"by": by, **detail}
    audit.record(
        session,
        actor="identity",
        action=f"identity.{action}",
        object_kind=object_kind,
        object_id=object_id,
        detail=known,
        now=now,
    )
