"""A loan in arrears as the pool must know it, from the loan's own books; and what 代偿 does to it."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from portals.financing.guarantees import repository as guarantees
from portals.financing.guarantees.pool.models import Compensation
from portals.financing.guarantees.pool.schemas import OverdueLoan
from portals.financing.loans import repository as loan_rows
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import NewRepayment


def overdue_loan(session: Session, loan_id: uuid.UUID, bank_code: str, *, now: datetime) -> OverdueLoan:
    """A loan of this bank with everything that is owed of it today. Raises ``NotFound`` for any other."""
    loan = loan_rows.at_bank(session, loan_id, bank_code)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    return seen(session, loan, business_date(now))


def seen(session: Session, loan: Loan, today: date) -> OverdueLoan:
    guarantee = guarantees.issued_for(session, loan.application_id)
    return OverdueLoan(
        loan_id=loan.id,
        firm_id=loan.firm_id,
        bank_code=loan.bank_code,
        guarantor_code=None if guarantee is None else guarantee.guarantor_code,
        owed_fen=loan.balance_fen + interest_owed_fen(loan, today),
        overdue_since=loan.overdue_since,
    )


def overdue_at(session: Session, bank_code: str) -> Sequence[Loan]:
    """A bank's loans in arrears that nobody has asked to be compensated for, the longest overdue first."""
    asked = sa.exists().where(Compensation.loan_id == Loan.id, Compensation.state != "refused")
    return session.scalars(
        sa.select(Loan)
        .where(Loan.bank_code == bank_code, Loan.state == "overdue", ~asked)
        .order_by(Loan.overdue_since, Loan.id)
    ).all()


def interest_owed_fen(loan: Loan, today: date) -> int:
    """Interest that was due before today and has not come."""
    due = sum(one.interest_fen for one in loans.schedule_in(loan).instalments if one.due_on < today)
    return max(0, due - loan.settled_interest_fen)


def settle_by_guarantor(session: Session, compensation: Compensation, *, by: str, now: datetime) -> None:
    """The guarantor's money reaches the loan: everything that was owed, principal and interest."""
    loan = loan_rows.lock(session, compensation.loan_id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    came = NewRepayment(
        on_day=business_date(now),
        reference=compensation.number,
        principal_fen=loan.balance_fen,
        interest_fen=max(0, compensation.loss_fen - loan.balance_fen),
    )
    loans.compensate(session, loan.id, came, by=by, now=now)
