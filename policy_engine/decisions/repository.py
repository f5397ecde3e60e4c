"""All SQL of decision records. Lists are oldest first."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.prepared import Prepared
from policy_engine.decisions.models import DecisionRecord


class Last(NamedTuple):
    """What the next record about the same thing needs of the one before it."""

    id: uuid.UUID
    outcome: str
    policy_version: int
    facts_sequence: int
    digest: str


_RECORD = cast(sa.Table, DecisionRecord.__table__)
# Built once: every decision asks for what came before it.
_LAST = Prepared(
    sa.select(*(_RECORD.c[name] for name in Last._fields))
    .where(
        sa.or_(_RECORD.c.offer_id == sa.bindparam("offer_id"), _RECORD.c.claim_id == sa.bindparam("claim_id"))
    )
    .order_by(_RECORD.c.created_at.desc(), _RECORD.c.id.desc())
    .limit(1),
    flushes=False,
)


def find_record(session: Session, record_id: uuid.UUID) -> DecisionRecord | None:
    return session.get(DecisionRecord, record_id)


def last_about(session: Session, *, offer_id: uuid.UUID | None, claim_id: uuid.UUID | None) -> Last | None:
    """The newest record of an offer and of the claim that came of it."""
    row = _LAST.first(session, {"offer_id": offer_id, "claim_id": claim_id})
    return None if row is None else Last(*row)


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
