"""All SQL of grants. What ends takes with it whatever came of it by token exchange, however far down."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant

# Built once, because every use of a token runs it; as the store has it now, whatever this session read before.
_BY_ID = (
    sa.select(OAuthGrant)
    .where(OAuthGrant.grant_id == sa.bindparam("grant_id"))
    .execution_options(populate_existing=True)
)
_HOLD = (
    sa.select(OAuthGrant.grant_id)
    .where(
        OAuthGrant.grant_id == sa.bindparam("grant_id"),
        OAuthGrant.epoch == sa.bindparam("epoch"),
        OAuthGrant.ended_at.is_(None),
    )
    .with_for_update(read=True)
)


@dataclass(frozen=True, slots=True)
class Listener:
    """A client that wants to be told when a sign-in is over, for one sign-in."""

    client_id: str
    sid: uuid.UUID
    subject_id: int


def get(session: Session, grant_id: uuid.UUID) -> OAuthGrant | None:
    return session.scalar(_BY_ID, {"grant_id": grant_id})


def hold(session: Session, grant: OAuthGrant) -> bool:
    """Whether a grant still stands as it was read; it does until this transaction is over (so it is where one writes)."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return (
        session.connection().execute(_HOLD, {"grant_id": grant.grant_id, "epoch": grant.epoch}).first()
        is not None
    )


def add(session: Session, grant: OAuthGrant) -> OAuthGrant:
    session.add(grant)
    session.flush()
    return grant


def end(session: Session, condition: sa.ColumnElement[bool], *, reason: str, now: datetime) -> None:
    """The grants themselves first: a child that is being opened holds its parent, and is seen once that is let go."""
    over = {"ended_at": now, "end_reason": reason, "epoch": OAuthGrant.epoch + 1}
    session.execute(sa.update(OAuthGrant).where(condition, OAuthGrant.ended_at.is_(None)).values(over))
    end_children(session, condition, reason=reason, now=now)


def end_children(session: Session, condition: sa.ColumnElement[bool], *, reason: str, now: datetime) -> None:
    """What was exchanged from grants that meet ``condition``, and from that in turn. Few grants are children at all."""
    first = sa.select(OAuthGrant.grant_id).where(
        OAuthGrant.parent_id.is_not(None),
        OAuthGrant.parent_id.in_(sa.select(OAuthGrant.grant_id).where(condition)),
    )
    doomed = first.cte("doomed", recursive=True)
    doomed = doomed.union(
        sa.select(OAuthGrant.grant_id).where(
            OAuthGrant.parent_id.is_not(None), OAuthGrant.parent_id == doomed.c.grant_id
        )
    )
    session.execute(
        sa.update(OAuthGrant)
        .where(OAuthGrant.grant_id.in_(sa.select(doomed.c.grant_id)), OAuthGrant.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason, epoch=OAuthGrant.epoch + 1)
        .execution_options(synchronize_session=False)
    )


def listeners(session: Session, condition: sa.ColumnElement[bool]) -> Sequence[Listener]:
    """Who must hear that the live grants which meet ``condition`` are over (back-channel logout)."""
    rows = session.execute(
        sa.select(OAuthGrant.client_id, OAuthGrant.sid, OAuthGrant.subject_id)
        .join(OAuthClient, OAuthClient.client_id == OAuthGrant.client_id)
        .where(condition, OAuthGrant.ended_at.is_(None), OAuthClient.backchannel_logout_uri.is_not(None))
        .distinct()
    )
    return [Listener(*row) for row in rows]


def raise_epoch(session: Session, grant_id: uuid.UUID) -> None:
    session.execute(
        sa.update(OAuthGrant).where(OAuthGrant.grant_id == grant_id).values(epoch=OAuthGrant.epoch + 1)
    )


def overdue(session: Session, *, now: datetime, limit: int) -> Sequence[uuid.UUID]:
    """Grants whose time is up and that nobody has ended."""
    return session.scalars(
        sa.select(OAuthGrant.grant_id)
        .where(OAuthGrant.ended_at.is_(None), OAuthGrant.expires_at <= now)
        .order_by(OAuthGrant.expires_at)
        .limit(limit)
    ).all()


def latest_of(session: Session, *, sid: uuid.UUID, client_id: str, now: datetime) -> OAuthGrant | None:
    """The newest live grant of a sign-in for a client."""
    return session.scalar(
        sa.select(OAuthGrant)
        .where(
            OAuthGrant.sid == sid,
            OAuthGrant.client_id == client_id,
            OAuthGrant.parent_id.is_(None),
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
