"""All SQL of delegation."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.delegation.models import Membership, Proxy


def add(session: Session, row: Proxy | Membership) -> None:
    session.add(row)
    session.flush()


def get_proxy(session: Session, proxy_id: uuid.UUID) -> Proxy | None:
    return session.get(Proxy, proxy_id)


def get_membership(session: Session, membership_id: uuid.UUID) -> Membership | None:
    return session.get(Membership, membership_id)


def live_proxies_to(session: Session, agent_id: int, now: datetime) -> Sequence[Proxy]:
    return session.scalars(
        sa.select(Proxy)
        .where(
            Proxy.agent_id == agent_id,
            Proxy.revoked_at.is_(None),
            Proxy.from_at <= now,
            Proxy.until_at > now,
        )
        .order_by(Proxy.from_at)
    ).all()


def live_proxies_from(session: Session, principal_id: int, now: datetime) -> Sequence[Proxy]:
    return session.scalars(
        sa.select(Proxy)
        .where(Proxy.principal_id == principal_id, Proxy.revoked_at.is_(None), Proxy.until_at > now)
        .order_by(Proxy.from_at)
    ).all()


def live_memberships(
    session: Session, now: datetime, *, subject_id: int | None = None, firm_id: int | None = None
) -> Sequence[Membership]:
    query = sa.select(Membership).where(
        Membership.revoked_at.is_(None), Membership.from_at <= now, Membership.until_at > now
    )
    if subject_id is not None:
        query = query.where(Membership.subject_id == subject_id)
    if firm_id is not None:
        query = query.where(Membership.firm_id == firm_id)
    return session.scalars(query.order_by(Membership.from_at, Membership.membership_id)).all()


def appointed_under(session: Session, membership_id: uuid.UUID) -> Sequence[Membership]:
    """The unrevoked memberships that hang directly on one."""
    return session.scalars(
        sa.select(Membership).where(Membership.appointed_by == membership_id, Membership.revoked_at.is_(None))
    ).all()


def revoke_all_of_firm(session: Session, firm_id: int, now: datetime) -> None:
    session.execute(
        sa.update(Membership)
        .where(Membership.firm_id == firm_id, Membership.revoked_at.is_(None))
        .values(revoked_at=now)
    )
