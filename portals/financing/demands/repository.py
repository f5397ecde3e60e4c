"""All SQL of demands and applications."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.demands.models import Access, Application, Authorisation, Demand, FinancingEvent
from portals.financing.demands.states import OPEN, ApplicationState


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


def awaiting_firm(session: Session, firm_id: int) -> Sequence[Application]:
    """The firm's applications that wait for its own word, the longest waiting first."""
    states = (ApplicationState.OFFERED, ApplicationState.OFFER_ACCEPTED)
    return session.scalars(
        sa.select(Application)
        .where(Application.firm_id == firm_id, Application.state.in_(states))
        .order_by(Application.updated_at, Application.id)
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


def authorisations_of(session: Session, demand_id: uuid.UUID) -> Sequence[Authorisation]:
    """The newest first."""
    return session.scalars(
        sa.select(Authorisation)
        .where(Authorisation.demand_id == demand_id)
        .order_by(
            Authorisation.given_at.is_(None), Authorisation.given_at.desc(), Authorisation.asked_at.desc()
        )
    ).all()


def authorisation_of(session: Session, authorisation_id: uuid.UUID, firm_id: int) -> Authorisation | None:
    return session.scalar(
        sa.select(Authorisation).where(Authorisation.id == authorisation_id, Authorisation.firm_id == firm_id)
    )


def authorisations_of_firm(session: Session, firm_id: int) -> Sequence[tuple[Authorisation, Demand]]:
    """Those that were given, the newest first."""
    rows = session.execute(
        sa.select(Authorisation, Demand)
        .join(Demand, Demand.id == Authorisation.demand_id)
        .where(Authorisation.firm_id == firm_id, Authorisation.given_at.is_not(None))
        .order_by(Authorisation.given_at.desc())
    )
    return [(row, demand) for row, demand in rows]


def overdue_authorisations(session: Session, *, now: datetime, limit: int) -> Sequence[Authorisation]:
    return session.scalars(
        sa.select(Authorisation)
        .where(Authorisation.state == "authorised", Authorisation.expires_at <= now)
        .order_by(Authorisation.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def has_read(session: Session, authorisation_id: uuid.UUID, bank_code: str) -> bool:
    statement = sa.select(Access.id).where(
        Access.authorisation_id == authorisation_id, Access.bank_code == bank_code
    )
    return session.scalar(statement.limit(1)) is not None


def accesses_of_firm(
    session: Session, firm_id: int, *, authorisation_id: uuid.UUID | None = None, limit: int = 200
) -> Sequence[Access]:
    """Who read what when, the newest first."""
    statement = sa.select(Access).where(Access.firm_id == firm_id)
    if authorisation_id is not None:
        statement = statement.where(Access.authorisation_id == authorisation_id)
    return session.scalars(statement.order_by(Access.at.desc(), Access.id).limit(limit)).all()


def records_of_banks(session: Session, since: datetime) -> dict[str, tuple[int, int]]:
    """For each bank how many applications it was given since, and how many of them it let a clock run out on."""
    given = session.execute(
        sa.select(Application.bank_code, sa.func.count())
        .where(Application.routed_at >= since)
        .group_by(Application.bank_code)
    )
    late = session.execute(
        sa.select(Application.bank_code, sa.func.count(FinancingEvent.application_id.distinct()))
        .join(FinancingEvent, FinancingEvent.application_id == Application.id)
        .where(Application.routed_at >= since, FinancingEvent.command == "breach")
        .group_by(Application.bank_code)
    )
    over = {row[0]: row[1] for row in late}
    return {row[0]: (row[1], over.get(row[0], 0)) for row in given}


def last_in_rotation(session: Session) -> dict[str, datetime]:
    """When each bank was last given an application of a demand in rotation."""
    rows = session.execute(
        sa.select(Application.bank_code, sa.func.max(Application.routed_at))
        .join(Demand, Demand.id == Application.demand_id)
        .where(Demand.routing == "rotation")
        .group_by(Application.bank_code)
    )
    return {row[0]: row[1] for row in rows}
