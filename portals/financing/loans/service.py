"""Loans from disbursement to their end: every step by the table, into the history, and told to the city as a fact.

That a loan is overdue is the bank's word alone: a bank that was slow to report a repayment must not cost a firm its
subsidy, so no clock ever says it. Never commits.
"""

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from portals.financing.banks import repository as bank_rows
from portals.financing.banks import work
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.banks.offers import method_of
from portals.financing.costs.terms import LoanTerms
from portals.financing.demands.notices import send_news
from portals.financing.demands.schemas import Actor
from portals.financing.loans import facts, repository
from portals.financing.loans.changing import extend, renew
from portals.financing.loans.kept import new_loan, schedule_in, standing_of, terms_in
from portals.financing.loans.models import Loan
from portals.financing.loans.moving import move, note, own_loan, require_day
from portals.financing.loans.reckoning import (
    arrears_fen,
)
from portals.financing.loans.repaying import compensate, quarter_of, repay
from portals.financing.loans.schemas import Disbursement, Overdue
from portals.financing.loans.states import LoanState as L

__all__ = [
    "close",
    "compensate",
    "confirm_receipt",
    "disburse",
    "extend",
    "own_loan",
    "quarter_of",
    "renew",
    "repay",
    "report_overdue",
    "schedule_in",
    "standing_of",
    "terms_in",
]


def disburse(
    session: Session,
    actor: BankActor,
    application_id: uuid.UUID,
    wanted: Disbursement,
    *,
    vault: Vault,
    now: datetime,
) -> Loan:
    """The money is out: the application ends well, a loan begins, and the firm's profile knows of it."""
    actor.require(WORK)
    application = work.own(session, actor, application_id)
    contract = bank_rows.contract_of(session, application_id)
    offer = bank_rows.accepted_offer(session, application_id)
    if contract is None or offer is None:
        raise Conflict(_("签约之后才能登记放款。"))
    today = business_date(now)
    require_day("paid_on", wanted.paid_on, contract.signed_on, today, _("放款日期应在签约之后，不晚于今天。"))
    terms = LoanTerms(
        principal_fen=offer.amount_fen,
        rate_bp=offer.rate_bp,
        method=method_of(offer.method),
        disbursed_on=wanted.paid_on,
        term_months=offer.term_months,
        every_months=offer.every_months,
        due_day=wanted.due_day,
    )
    work.move(session, actor, application_id, "disburse", now=now)
    loan = new_loan(
        terms,
        application_id=application_id,
        contract_id=contract.id,
        firm_id=application.firm_id,
        bank_code=actor.code,
        contract_number=contract.number,
        reference=wanted.reference,
        is_startup_guaranteed=offer.is_startup_guaranteed,
        state=L.DISBURSED,
        now=now,
    )
    session.add(loan)
    session.flush()
    note(session, loan, "disburse", None, wanted.paid_on, actor.officer, now, reference=wanted.reference)
    facts.tell_booked(session, loan, vault=vault, now=now)
    return loan


def confirm_receipt(session: Session, loan_id: uuid.UUID, *, by: Actor, now: datetime) -> Loan:
    """The firm has the money."""
    found = None if by.firm_id is None else repository.of_firm(session, loan_id, by.firm_id)
    loan = None if found is None else repository.lock(session, found.id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    move(session, loan, "confirm_receipt", business_date(now), f"person:{by.subject_id}", now)
    loan.received_at = now
    send_news(session, loan.bank_code, "confirm_receipt", loan_id=loan.id, now=now)
    return loan


def report_overdue(
    session: Session, actor: BankActor, loan_id: uuid.UUID, said: Overdue, *, vault: Vault, now: datetime
) -> Loan:
    """Something due did not come. Only what the records show as unpaid can be overdue."""
    loan = own_loan(session, actor, loan_id)
    today = business_date(now)
    due = loan.next_due_on
    if arrears_fen(standing_of(loan), today) == 0 or due is None:
        raise Conflict(_("按已登记的还款，这笔贷款没有到期未还的款项。"))
    require_day("since", said.since, _day_after(due), today, _("逾期起始日应在应还日之后，不晚于今天。"))
    loan.overdue_since = said.since
    move(session, loan, "fall_overdue", said.since, actor.officer, now)
    facts.tell_standing(session, loan, said.since, vault=vault, now=now)
    return loan


def close(session: Session, actor: BankActor, loan_id: uuid.UUID, *, now: datetime) -> Loan:
    """The account is closed; nothing follows."""
    loan = own_loan(session, actor, loan_id)
    today = business_date(now)
    move(session, loan, "close", today, actor.officer, now)
    loan.closed_on = today
    return loan


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
