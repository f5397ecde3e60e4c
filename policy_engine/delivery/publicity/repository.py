"""All SQL of public notices and objections to them."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.publicity.models import NoticeObjection
from policy_engine.delivery.states import ClaimState


def running(session: Session, on: date, division: str, policy_id: str, limit: int) -> Sequence[Claim]:
    """Claims whose notice runs on this day, the next to end first."""
    statement = sa.select(Claim).where(Claim.state == ClaimState.NOTICE, Claim.notice_until_on >= on)
    if division:
        statement = statement.where(Claim.division.between(*bounds_of(division)))
    if policy_id:
        statement = statement.where(Claim.policy_id == policy_id)
    return session.scalars(statement.order_by(Claim.notice_until_on, Claim.id).limit(limit)).all()


def open_objections(session: Session, claim_id: uuid.UUID) -> list[NoticeObjection]:
    """Not settled yet, the first one first."""
    statement = sa.select(NoticeObjection).where(
        NoticeObjection.claim_id == claim_id, NoticeObjection.settled_at.is_(None)
    )
    return list(session.scalars(statement.order_by(NoticeObjection.made_at, NoticeObjection.id)))


def objections(session: Session, claim_id: uuid.UUID) -> list[NoticeObjection]:
    statement = sa.select(NoticeObjection).where(NoticeObjection.claim_id == claim_id)
    return list(session.scalars(statement.order_by(NoticeObjection.made_at, NoticeObjection.id)))


def by_receipt(session: Session, receipt_hash: bytes) -> NoticeObjection | None:
    return session.scalar(sa.select(NoticeObjection).where(NoticeObjection.receipt_hash == receipt_hash))
