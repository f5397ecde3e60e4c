"""All SQL of consumers, entitlements and grants."""

import uuid
from collections.abc import Collection
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import changed_rows
from licenses.models import LicenceConsumer, LicenceEntitlement, LicenceGrant, LicenceUse

Pair = tuple[LicenceGrant, LicenceEntitlement]


def consumer_by_access_id(session: Session, access_id: str) -> LicenceConsumer | None:
    return session.scalar(sa.select(LicenceConsumer).where(LicenceConsumer.access_id == access_id))


def consumers(session: Session, consumer_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, LicenceConsumer]:
    statement = sa.select(LicenceConsumer).where(LicenceConsumer.id.in_(consumer_ids))
    return {one.id: one for one in session.scalars(statement)}


def entitlements(
    session: Session, consumer_id: uuid.UUID, type_id: str, day: date
) -> list[LicenceEntitlement]:
    """Those in force on a day, the oldest first."""
    statement = sa.select(LicenceEntitlement).where(
        LicenceEntitlement.consumer_id == consumer_id,
        LicenceEntitlement.type_id == type_id,
        LicenceEntitlement.since <= day,
        sa.or_(LicenceEntitlement.until.is_(None), LicenceEntitlement.until >= day),
    )
    return list(session.scalars(statement.order_by(LicenceEntitlement.id)))


def grant(session: Session, grant_id: uuid.UUID, *, for_update: bool = False) -> Pair | None:
    statement = (
        sa.select(LicenceGrant, LicenceEntitlement)
        .join(LicenceEntitlement, LicenceEntitlement.id == LicenceGrant.entitlement_id)
        .where(LicenceGrant.id == grant_id)
    )
    if for_update:
        statement = statement.with_for_update(of=LicenceGrant)
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def open_grant(session: Session, entitlement_id: uuid.UUID, holder_id: int | None) -> LicenceGrant | None:
    """The newest request or grant between these two that is still open."""
    statement = sa.select(LicenceGrant).where(
        LicenceGrant.entitlement_id == entitlement_id,
        LicenceGrant.holder_id == holder_id,
        LicenceGrant.state.in_(("asked", "granted")),
    )
    return session.scalar(statement.order_by(LicenceGrant.asked_at.desc()).limit(1))


def of_holders(session: Session, holder_ids: Collection[int], limit: int = 100) -> list[Pair]:
    """The open questions first, then the newest."""
    statement = (
        sa.select(LicenceGrant, LicenceEntitlement)
        .join(LicenceEntitlement, LicenceEntitlement.id == LicenceGrant.entitlement_id)
        .where(LicenceGrant.holder_id.in_(holder_ids))
        .order_by(LicenceGrant.state != "asked", LicenceGrant.asked_at.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def count_asked(session: Session, holder_ids: Collection[int]) -> int:
    statement = sa.select(sa.func.count()).where(
        LicenceGrant.holder_id.in_(holder_ids), LicenceGrant.state == "asked"
    )
    return session.scalar(statement) or 0


def use_up(session: Session, grant_id: uuid.UUID) -> bool:
    """A grant for one use is used by exactly one of many who try."""
    statement = sa.update(LicenceGrant).where(LicenceGrant.id == grant_id, LicenceGrant.state == "granted")
    return changed_rows(session, statement.values(state="used")) == 1


def copies(session: Session, licence_id: uuid.UUID, consumer: str) -> list[LicenceUse]:
    """The annotated copies that a consumer has had, the newest first."""
    statement = sa.select(LicenceUse).where(
        LicenceUse.licence_id == licence_id,
        LicenceUse.kind == "download",
        LicenceUse.verifier == consumer,
        LicenceUse.is_verifier_known,
    )
    return list(session.scalars(statement.order_by(LicenceUse.used_at.desc()).limit(100)))
