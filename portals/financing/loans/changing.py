"""What bank and firm agree anew of a loan: a longer term, or a new loan over what is owed."""

import uuid
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.banks.actors import BankActor
from portals.financing.costs.changes import extend as extended
from portals.financing.loans import facts, repository
from portals.financing.loans.kept import new_loan, schedule_in, set_schedule, standing_of, terms_in
from portals.financing.loans.models import Loan
from portals.financing.loans.moving import move, note, own_loan, require_day
from portals.financing.loans.reckoning import (
    arrears_fen,
    next_due_on,
)
from portals.financing.loans.repaying import settle_interest
from portals.financing.loans.schemas import Extension, Renewal
from portals.financing.loans.states import LoanState as L
from portals.financing.loans.states import after


def extend(
    session: Session, actor: BankActor, loan_id: uuid.UUID, wanted: Extension, *, vault: Vault, now: datetime
) -> Loan:
    """展期, within what the law allows (贷款通则 Art. 12), of a loan with nothing overdue and its interest paid to the day."""
    loan = own_loan(session, actor, loan_id)
    require_day(
        "agreed_on", wanted.agreed_on, loan.disbursed_on, business_date(now), _("展期商定日不能晚于今天。")
    )
    former = {"maturity_on": loan.maturity_on.isoformat(), "rate_bp": loan.rate_bp}
    after(L(loan.state), "extend")
    _require_no_arrears(loan, business_date(now), _("还有到期未还的款项，不能展期。"))
    schedule = extended(schedule_in(loan), wanted.agreed_on, wanted.months, rate_bp=wanted.rate_bp)
    settle_interest(session, loan, wanted.agreed_on, wanted.interest_fen, actor.officer, vault, now)
    set_schedule(loan, schedule)
    loan.next_due_on = next_due_on(standing_of(loan))
    loan.extended_on = wanted.agreed_on
    detail = {"months": wanted.months, "former": former, "interest_fen": wanted.interest_fen}
    move(session, loan, "extend", wanted.agreed_on, actor.officer, now, **detail)
    facts.tell_standing(session, loan, wanted.agreed_on, vault=vault, now=now)
    return loan


def renew(
    session: Session, actor: BankActor, loan_id: uuid.UUID, wanted: Renewal, *, vault: Vault, now: datetime
) -> Loan:
    """无还本续贷: the principal still owed becomes a new loan, and this one ends, its interest paid to the day.

    Nothing may be in arrears.
    """
    loan = own_loan(session, actor, loan_id)
    after(L(loan.state), "renew")
    today = business_date(now)
    require_day("on_day", wanted.on_day, loan.disbursed_on, today, _("续贷日期不能晚于今天。"))
    _require_no_arrears(loan, today, _("还有到期未还的款项，不能续贷。"))
    if repository.numbered(session, actor.code, wanted.contract_number) is not None:
        what = _("这个合同编号已经用过。")
        raise InvalidInput(what, errors=[FieldError("contract_number", what, _("请核对合同编号。"))])
    terms = msgspec.structs.replace(
        terms_in(loan),
        principal_fen=loan.balance_fen,
        rate_bp=wanted.rate_bp,
        disbursed_on=wanted.on_day,
        term_months=wanted.term_months,
        rate_changes=(),
    )
    fresh = new_loan(
        terms,
        application_id=loan.application_id,
        contract_id=None,
        firm_id=loan.firm_id,
        bank_code=actor.code,
        contract_number=wanted.contract_number,
        reference=loan.contract_number,
        is_startup_guaranteed=loan.is_startup_guaranteed,
        state=L.ACTIVE,
        now=now,
    )
    fresh.renews_id = loan.id
    settle_interest(session, loan, wanted.on_day, wanted.interest_fen, actor.officer, vault, now)
    detail = {"into": wanted.contract_number, "interest_fen": wanted.interest_fen}
    move(session, loan, "renew", wanted.on_day, actor.officer, now, **detail)
    loan.balance_fen, loan.next_due_on = 0, None
    move(session, loan, "close", wanted.on_day, actor.officer, now)
    loan.closed_on = wanted.on_day
    session.add(fresh)
    session.flush()
    note(session, fresh, "disburse", None, wanted.on_day, actor.officer, now, renews=loan.contract_number)
    facts.tell_booked(session, fresh, vault=vault, now=now)
    return fresh


def _require_no_arrears(loan: Loan, today: date, what: str) -> None:
    if arrears_fen(standing_of(loan), today):
        raise Conflict(what)
