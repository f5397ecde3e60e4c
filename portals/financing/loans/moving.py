"""A step of a loan: by the table, into the history, and told to the firm; and whose loan it is."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.loans import repository
from portals.financing.loans.models import Loan, LoanEvent
from portals.financing.loans.notices import tell_firm
from portals.financing.loans.states import LoanState as L
from portals.financing.loans.states import after


def own_loan(session: Session, actor: BankActor, loan_id: uuid.UUID) -> Loan:
    """A loan of the actor's bank, held. Raises ``NotFound`` for any other."""
    actor.require(WORK)
    found = repository.at_bank(session, loan_id, actor.code)
    loan = None if found is None else repository.lock(session, found.id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    return loan


def move(
    session: Session,
    loan: Loan,
    command: str,
    on: date,
    by: str,
    now: datetime,
    *,
    to: L | None = None,
    **detail: Any,
) -> None:
    before = L(loan.state)
    loan.state = after(before, command, to)
    note(session, loan, command, before, on, by, now, **detail)
    tell_firm(session, loan, command, now=now)


def note(
    session: Session,
    loan: Loan,
    command: str,
    before: L | None,
    on: date,
    by: str,
    now: datetime,
    **detail: Any,
) -> None:
    loan.updated_at = now
    session.add(
        LoanEvent(
            loan_id=loan.id,
            at=now,
            on_day=on,
            command=command,
            from_state=before,
            to_state=loan.state,
            by=by,
            detail=detail,
        )
    )
    session.flush()


def require_day(where: str, day: date, first: date, last: date, what: str) -> None:
    if not first <= day <= last:
        raise InvalidInput(what, errors=[FieldError(where, what, _("请核对日期。"))])
