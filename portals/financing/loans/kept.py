"""What a loan's row holds: its terms and its schedule, as the arithmetic knows them."""

import uuid
from datetime import datetime

import msgspec

from kernel.ids import new_id
from portals.financing.costs.schedule import Instalment, Schedule, schedule_of
from portals.financing.costs.terms import LoanTerms
from portals.financing.loans.models import Loan
from portals.financing.loans.reckoning import (
    Standing,
    next_due_on,
)
from portals.financing.loans.states import LoanState as L


def terms_in(loan: Loan) -> LoanTerms:
    return msgspec.convert(loan.terms, LoanTerms)


def schedule_in(loan: Loan) -> Schedule:
    return Schedule(
        terms=terms_in(loan), instalments=tuple(msgspec.convert(one, Instalment) for one in loan.schedule)
    )


def standing_of(loan: Loan) -> Standing:
    return Standing(
        schedule=schedule_in(loan),
        balance_fen=loan.balance_fen,
        settled_interest_fen=loan.settled_interest_fen,
    )


def new_loan(
    terms: LoanTerms,
    *,
    application_id: uuid.UUID,
    contract_id: uuid.UUID | None,
    firm_id: int,
    bank_code: str,
    contract_number: str,
    reference: str,
    is_startup_guaranteed: bool,
    state: L,
    now: datetime,
) -> Loan:
    loan = Loan(
        id=new_id(),
        application_id=application_id,
        contract_id=contract_id,
        firm_id=firm_id,
        bank_code=bank_code,
        contract_number=contract_number,
        state=state,
        principal_fen=terms.principal_fen,
        is_startup_guaranteed=is_startup_guaranteed,
        balance_fen=terms.principal_fen,
        settled_interest_fen=0,
        disbursed_on=terms.disbursed_on,
        disbursement_reference=reference,
        created_at=now,
        updated_at=now,
    )
    set_schedule(loan, schedule_of(terms))
    loan.next_due_on = next_due_on(standing_of(loan))
    return loan


def set_schedule(loan: Loan, schedule: Schedule) -> None:
    loan.terms = msgspec.to_builtins(schedule.terms)
    loan.schedule = [msgspec.to_builtins(one) for one in schedule.instalments]
    loan.maturity_on = schedule.maturity_on
    loan.rate_bp = schedule.terms.rate_bp
