"""What a subsidy needs of a loan, from the loan's own books: who paid what interest when, and the days that do not count."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import date

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.demands.models import Application, Demand
from portals.financing.loans import repository as loans
from portals.financing.loans.models import Loan, LoanEvent
from portals.financing.subsidies.counting import Stop


class LoanBook(msgspec.Struct, frozen=True, kw_only=True):
    """One loan that the city knows: ``unit_id`` is its number there. ``paid`` is (day, interest) in order of days."""

    loan_id: uuid.UUID
    firm_id: int
    unit_id: int
    bank_code: str
    begun_on: date
    is_first_loan: bool
    rate_bp: int
    paid: tuple[tuple[date, int], ...]
    stops: tuple[Stop, ...]


def book_of(session: Session, loan: Loan) -> LoanBook | None:
    """Nothing for a loan of a firm that the city does not know."""
    if loan.unit_id is None:
        return None
    repaid = loans.repayments_of(session, loan.id)
    return LoanBook(
        loan_id=loan.id,
        firm_id=loan.firm_id,
        unit_id=loan.unit_id,
        bank_code=loan.bank_code,
        begun_on=loan.disbursed_on,
        is_first_loan=_is_first(session, loan),
        rate_bp=loan.rate_bp,
        paid=tuple((one.on_day, one.interest_fen) for one in repaid if one.source == "firm"),
        stops=tuple(_stops(loan, loans.events_of(session, loan.id))),
    )


def begun_before(session: Session, following: date, since: date) -> Sequence[uuid.UUID]:
    """Loans that ran in a quarter: begun before its end, not over before it began."""
    statement = sa.select(Loan.id).where(
        Loan.disbursed_on < following,
        Loan.unit_id.is_not(None),
        sa.or_(Loan.closed_on.is_(None), Loan.closed_on >= since),
    )
    return session.scalars(statement.order_by(Loan.id)).all()


def _is_first(session: Session, loan: Loan) -> bool:
    """None on record when it asked, and none paid out here before it: of two demands at once only one is the first."""
    before = sa.exists().where(
        Loan.firm_id == loan.firm_id,
        Loan.id != loan.id,
        sa.or_(
            Loan.disbursed_on < loan.disbursed_on,
            sa.and_(Loan.disbursed_on == loan.disbursed_on, Loan.created_at < loan.created_at),
        ),
    )
    statement = (
        sa.select(Demand.is_first_loan)
        .join(Application, Application.demand_id == Demand.id)
        .where(Application.id == loan.application_id, ~before)
    )
    return bool(session.scalar(statement))


def _stops(loan: Loan, events: Sequence[LoanEvent]) -> Iterator[Stop]:
    since: date | None = None
    for one in events:
        if one.command == "fall_overdue" and since is None:
            since = one.on_day
        elif one.command == "cure" and since is not None:
            yield Stop(why="overdue", since=since, until=one.on_day)
            since = None
    if since is not None:
        yield Stop(why="overdue", since=since)
    if loan.extended_on is not None:
        yield Stop(why="extended", since=loan.extended_on)
