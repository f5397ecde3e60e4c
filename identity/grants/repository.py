"""All SQL of grants."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.grants.models import OAuthGrant


def get(session: Session, grant_id: uuid.UUID) -> OAuthGrant | None:
    return session.get(OAuthGrant, grant_id, populate_existing=True)


def add(session: Session, grant: OAuthGrant) -> OAuthGrant:
    session.add(grant)
    session.flush()
    return grant


def end(session: Session, condition: sa.ColumnElement[bool], *, reason: str, now: datetime) -> None:
    session.execute(
        sa.update(OAuthGrant)
        .where(condition, OAuthGrant.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason, epoch=OAuthGrant.epoch + 1)
    )


def raise_epoch(session: Session, grant_id: uuid.UUID) -> None:
    session.execute(
        sa.update(OAuthGrant).where(OAuthGrant.grant_id == grant_id).values(epoch=OAuthGrant.epoch + 1)
    )


def latest_of(session: Session, *, sid: uuid.UUID, client_id: str, now: datetime) -> OAuthGrant | None:
    """The newest live grant of a sign-in for a client."""
    return session.scalar(
        sa.select(OAuthGrant)
        .where(
            OAuthGrant.sid == sid,
            OAuthGrant.client_id == client_id,
            OAuthGrant.ended_at.is_(None),
            OAuthGrant.expires_at > now,
        )
        .order_by(OAuthGrant.created_at.desc())
        .limit(1)
    )


def live_of_session(session: Session, sid: uuid.UUID, now: datetime) -> Sequence[OAuthGrant]:
    return session.scalars(
        sa.select(OAuthGrant).where(
            OAuthGrant.sid == sid, OAuthGrant.ended_at.is_(None), OAuthGrant.expires_at > now
        )
    ).all()
