"""All SQL of delegation."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.delegation.models import Assignment, Mandate, Membership, Proxy, SeatAuthorisation

Right = TypeVar("Right", Proxy, Membership, Mandate, Assignment, SeatAuthorisation)
AnyRight = Proxy | Membership | Mandate | Assignment | SeatAuthorisation


def add(session: Session, row: AnyRight) -> None:
    session.add(row)
    session.flush()


def get_proxy(session: Session, proxy_id: uuid.UUID) -> Proxy | None:
    return session.get(Proxy, proxy_id)


def get_membership(session: Session, membership_id: uuid.UUID) -> Membership | None:
    return session.get(Membership, membership_id)


def get_mandate(session: Session, mandate_id: uuid.UUID) -> Mandate | None:
    return session.get(Mandate, mandate_id)


def get_assignment(session: Session, assignment_id: uuid.UUID) -> Assignment | None:
    return session.get(Assignment, assignment_id)


def get_seat_authorisation(session: Session, authorisation_id: uuid.UUID) -> SeatAuthorisation | None:
    return session.get(SeatAuthorisation, authorisation_id)


def live_proxies_to(session: Session, agent_id: int, now: datetime) -> Sequence[Proxy]:
    return _live(session, Proxy, now, Proxy.agent_id == agent_id)


def live_proxies_from(session: Session, principal_id: int, now: datetime) -> Sequence[Proxy]:
    return _live(session, Proxy, now, Proxy.principal_id == principal_id)


def live_memberships(
    session: Session, now: datetime, *, subject_id: int | None = None, firm_id: int | None = None
) -> Sequence[Membership]:
    conditions = []
    if subject_id is not None:
        conditions.append(Membership.subject_id == subject_id)
    if firm_id is not None:
        conditions.append(Membership.firm_id == firm_id)
    return _live(session, Membership, now, *conditions)


def live_mandates(
    session: Session, now: datetime, *, principal_id: int | None = None, holder_id: int | None = None
) -> Sequence[Mandate]:
    """What one has granted to organisations, or what an organisation holds."""
    conditions = []
    if principal_id is not None:
        conditions.append(Mandate.principal_id == principal_id)
    if holder_id is not None:
        conditions.append(Mandate.holder_id == holder_id)
    return _live(session, Mandate, now, *conditions)


def live_assignments(session: Session, mandate_ids: Collection[uuid.UUID], now: datetime) -> list[Assignment]:
    return list(_live(session, Assignment, now, Assignment.mandate_id.in_(mandate_ids)))


def live_work(session: Session, subject_id: int, now: datetime) -> list[tuple[Assignment, Mandate]]:
    """The mandates that a person of an organisation may work on."""
    rows = session.execute(
        sa.select(Assignment, Mandate)
        .join(Mandate, Mandate.mandate_id == Assignment.mandate_id)
        .where(
            Assignment.subject_id == subject_id,
            *_standing(Assignment, now),
            *_standing(Mandate, now),
        )
        .order_by(Assignment.from_at, Assignment.assignment_id)
    )
    return [(assignment, mandate) for assignment, mandate in rows]


def live_seat_authorisations(
    session: Session, now: datetime, *, principal_id: int, seat_id: int | None = None
) -> Sequence[SeatAuthorisation]:
    conditions = [SeatAuthorisation.principal_id == principal_id]
    if seat_id is not None:
        conditions.append(SeatAuthorisation.seat_id == seat_id)
    return _live(session, SeatAuthorisation, now, *conditions)


def unrevoked_memberships(session: Session, firm_id: int) -> Sequence[Membership]:
    return session.scalars(
        sa.select(Membership).where(Membership.firm_id == firm_id, Membership.revoked_at.is_(None))
    ).all()


def appointed_under(session: Session, membership_id: uuid.UUID) -> Sequence[Membership]:
    """The unrevoked memberships that hang directly on one."""
    return session.scalars(
        sa.select(Membership).where(Membership.appointed_by == membership_id, Membership.revoked_at.is_(None))
    ).all()


def unrevoked_mandates(session: Session, condition: sa.ColumnElement[bool]) -> Sequence[Mandate]:
    return session.scalars(sa.select(Mandate).where(condition, Mandate.revoked_at.is_(None))).all()


def unrevoked_assignments(session: Session, condition: sa.ColumnElement[bool]) -> Sequence[Assignment]:
    return session.scalars(sa.select(Assignment).where(condition, Assignment.revoked_at.is_(None))).all()


def unrevoked_proxies_about(session: Session, subject_id: int) -> Sequence[Proxy]:
    """Those in which a person is principal or agent."""
    return session.scalars(
        sa.select(Proxy).where(
            sa.or_(Proxy.principal_id == subject_id, Proxy.agent_id == subject_id),
            Proxy.revoked_at.is_(None),
        )
    ).all()


def _standing(table: Any, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return table.revoked_at.is_(None), table.from_at <= now, table.until_at > now


def _live(
    session: Session, table: type[Right], now: datetime, *conditions: sa.ColumnElement[bool]
) -> Sequence[Right]:
    """The oldest first."""
    key = sa.inspect(table).primary_key[0]
    query = sa.select(table).where(*conditions, *_standing(table, now))
    return session.scalars(query.order_by(table.from_at, key)).all()
