"""All SQL of guarantees."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.guarantees.models import Guarantee


def lock_at(session: Session, guarantee_id: uuid.UUID, guarantor_code: str) -> Guarantee | None:
    """One of this guarantor's, held; another's is as if it were not there."""
    return session.scalar(
        sa.select(Guarantee)
        .where(Guarantee.id == guarantee_id, Guarantee.guarantor_code == guarantor_code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def at_guarantor(session: Session, guarantor_code: str, *, limit: int = 200) -> Sequence[Guarantee]:
    """What waits comes first, the oldest of it first."""
    waits = sa.case((Guarantee.state == "requested", 0), else_=1)
    return session.scalars(
        sa.select(Guarantee)
        .where(Guarantee.guarantor_code == guarantor_code)
        .order_by(waits, Guarantee.requested_at, Guarantee.id)
        .limit(limit)
    ).all()


def of_application(session: Session, application_id: uuid.UUID) -> Sequence[Guarantee]:
    """The newest first."""
    return session.scalars(
        sa.select(Guarantee)
        .where(Guarantee.application_id == application_id)
        .order_by(Guarantee.requested_at.desc(), Guarantee.id.desc())
    ).all()


def of_firm(session: Session, firm_id: int) -> Sequence[Guarantee]:
    return session.scalars(
        sa.select(Guarantee)
        .where(Guarantee.firm_id == firm_id)
        .order_by(Guarantee.requested_at.desc(), Guarantee.id.desc())
    ).all()


def issued_for(session: Session, application_id: uuid.UUID) -> Guarantee | None:
    return session.scalar(
        sa.select(Guarantee).where(Guarantee.application_id == application_id, Guarantee.state == "issued")
    )
