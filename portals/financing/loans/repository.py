"""All SQL of loans. A bank finds its own, a firm its own, and nobody another's."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portals.financing.loans.models import Loan, LoanEvent, Repayment


def at_bank(session: Session, loan_id: uuid.UUID, bank_code: str) -> Loan | None:
    return session.scalar(sa.select(Loan).where(Loan.id == loan_id, Loan.bank_code == bank_code))


def of_firm(session: Session, loan_id: uuid.UUID, firm_id: int) -> Loan | None:
    return session.scalar(sa.select(Loan).where(Loan.id == loan_id, Loan.firm_id == firm_id))


def lock(session: Session, loan_id: uuid.UUID) -> Loan | None:
    """The loan, held until the transaction ends, as it is now."""
    return session.scalar(
        sa.select(Loan).where(Loan.id == loan_id).with_for_update().execution_options(populate_existing=True)
    )


def of_application(session: Session, application_id: uuid.UUID) -> Loan | None:
    """The loan that an application led to first; what renewed it comes after."""
    return session.scalar(
        sa.select(Loan).where(Loan.application_id == application_id, Loan.renews_id.is_(None))
    )


def numbered(session: Session, bank_code: str, contract_number: str) -> Loan | None:
    return session.scalar(
        sa.select(Loan).where(Loan.bank_code == bank_code, Loan.contract_number == contract_number)
    )


def loans_of_bank(session: Session, bank_code: str, *, limit: int = 500) -> Sequence[Loan]:
    """What falls due next comes first; loans that are over come last."""
    return session.scalars(
        sa.select(Loan)
        .where(Loan.bank_code == bank_code)
        .order_by(Loan.next_due_on.is_(None), Loan.next_due_on, Loan.disbursed_on, Loan.id)
        .limit(limit)
    ).all()


def loans_of_firm(session: Session, firm_id: int) -> Sequence[Loan]:
    """The newest first."""
    return session.scalars(
        sa.select(Loan).where(Loan.firm_id == firm_id).order_by(Loan.disbursed_on.desc(), Loan.id.desc())
    ).all()


def repayments_of(session: Session, loan_id: uuid.UUID) -> Sequence[Repayment]:
    return session.scalars(
        sa.select(Repayment).where(Repayment.loan_id == loan_id).order_by(Repayment.on_day, Repayment.id)
    ).all()


def repayment(session: Session, loan_id: uuid.UUID, reference: str) -> Repayment | None:
    return session.scalar(
        sa.select(Repayment).where(Repayment.loan_id == loan_id, Repayment.reference == reference)
    )


def interest_between(session: Session, loan_id: uuid.UUID, first: date, last: date) -> int:
    """Interest the firm itself paid in a stretch of days, both included."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(Repayment.interest_fen), 0)).where(
        Repayment.loan_id == loan_id,
        Repayment.source == "firm",
        Repayment.on_day >= first,
        Repayment.on_day <= last,
    )
    return int(session.scalar(statement) or 0)


def events_of(session: Session, loan_id: uuid.UUID) -> Sequence[LoanEvent]:
    return session.scalars(
        sa.select(LoanEvent).where(LoanEvent.loan_id == loan_id).order_by(LoanEvent.number)
    ).all()
