"""Decision records in the transparency log: none can be deleted, replaced or made later without being noticed."""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.transparency import Content
from kernel.transparency.sources import Source
from policy_engine.decisions.models import DecisionRecord

KIND = "decision"


def content_of_record(row: DecisionRecord) -> Content:
    """The signed text by its digest, and what the row says about it beside."""
    return {
        "sha256": hashlib.sha256(row.content.encode()).hexdigest(),
        "signature": row.signature,
        "outcome": row.outcome,
        "subject_id": row.subject_id,
        "offer": None if row.offer_id is None else str(row.offer_id),
        "claim": None if row.claim_id is None else str(row.claim_id),
        "policy": row.policy_id,
        "version": row.policy_version,
    }


def _contents(session: Session, record_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Content]:
    rows = session.scalars(sa.select(DecisionRecord).where(DecisionRecord.id.in_(record_ids)))
    return {row.id: content_of_record(row) for row in rows}


def _every(session: Session) -> Iterator[uuid.UUID]:
    yield from session.scalars(sa.select(DecisionRecord.id).execution_options(yield_per=1000))


SOURCE = Source(KIND, _contents, _every)
