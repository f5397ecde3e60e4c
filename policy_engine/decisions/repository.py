"""All SQL of decision records. Lists are oldest first."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.decisions.models import DecisionRecord


def find_record(session: Session, record_id: uuid.UUID) -> DecisionRecord | None:
    return session.get(DecisionRecord, record_id)


def records_about(
    session: Session, *, offer_id: uuid.UUID | None, claim_id: uuid.UUID | None
) -> Sequence[DecisionRecord]:
    """The records of an offer and of the claim that came of it."""
    about = []
    if offer_id is not None:
        about.append(DecisionRecord.offer_id == offer_id)
    if claim_id is not None:
        about.append(DecisionRecord.claim_id == claim_id)
    if not about:
        return []
    statement = sa.select(DecisionRecord).where(sa.or_(*about))
    return session.scalars(statement.order_by(DecisionRecord.created_at, DecisionRecord.id)).all()
