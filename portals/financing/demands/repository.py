"""All SQL of demands and applications."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.demands.models import Application, Demand, FinancingEvent
from portals.financing.demands.states import OPEN


def demand_of(session: Session, demand_id: uuid.UUID, firm_id: int) -> Demand | None:
    """A firm's own demand."""
    return session.scalar(sa.select(Demand).where(Demand.id == demand_id, Demand.firm_id == firm_id))


def lock_demand(session: Session, demand_id: uuid.UUID) -> Demand | None:
    """The demand, held until the transaction ends: everything about its applications passes here."""
    return session.scalar(
        sa.select(Demand)
        .where(Demand.id == demand_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def demands_of(session: Session, firm_id: int) -> Sequence[Demand]:
    """The newest first."""
    return session.scalars(
        sa.select(Demand)
        .where(Demand.firm_id == firm_id)
        .order_by(Demand.created_at.desc(), Demand.id.desc())
    ).all()


def count_open(session: Session, firm_id: int, closed: Sequence[str]) -> int:
    statement = sa.select(sa.func.count()).where(Demand.firm_id == firm_id, Demand.state.not_in(closed))
    return session.scalar(statement.select_from(Demand)) or 0


def application(session: Session, application_id: uuid.UUID) -> Application | None:
    return session.get(Application, application_id)


def application_at(session: Session, application_id: uuid.UUID, bank_code: str) -> Application | None:
    """An application at this bank; another bank's is as if it were not there."""
    return session.scalar(
        sa.select(Application).where(Application.id == application_id, Application.bank_code == bank_code)
    )


def applications_of(session: Session, demand_id: uuid.UUID) -> Sequence[Application]:
    """In the order of asking."""
    return session.scalars(
        sa.select(Application).where(Application.demand_id == demand_id).order_by(Application.position)
    ).all()


def queue_of(
    session: Session, bank_code: str, states: Sequence[str] | None = None, *, limit: int = 200
) -> Sequence[tuple[Application, Demand]]:
    """What lies before a bank, the nearest clock first."""
    statement = (
        sa.select(Application, Demand)
        .join(Demand, Demand.id == Application.demand_id)
        .where(Application.bank_code == bank_code, Application.state.in_(states or sorted(OPEN)))
        .order_by(Application.next_clock_at.is_(None), Application.next_clock_at, Application.routed_at)
        .limit(limit)
    )
    return [(application, demand) for application, demand in session.execute(statement)]


def clocks_due(session: Session, now: datetime, limit: int) -> Sequence[uuid.UUID]:
    """Applications whose clock has something to do."""
    return session.scalars(
        sa.select(Application.id)
        .where(Application.next_clock_at <= now)
        .order_by(Application.next_clock_at, Application.id)
        .limit(limit)
    ).all()


def events_of(session: Session, demand_id: uuid.UUID) -> Sequence[FinancingEvent]:
    """The history of a demand with all its applications, the oldest first."""
    return session.scalars(
        sa.select(FinancingEvent).where(FinancingEvent.demand_id == demand_id).order_by(FinancingEvent.number)
    ).all()
