"""Loans from disbursement to their end: every step by the table, into the history, and told to the city as a fact.

That a loan is overdue is the bank's word alone: a bank that was slow to report a repayment must not cost a firm its
subsidy, so no clock ever says it. Never commits.
"""

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.banks import repository as bank_rows
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.banks.offers import method_of
from portals.financing.banks.work import move, own
from portals.financing.costs.changes import extend as extended
from portals.financing.costs.schedule import Instalment, Schedule, schedule_of
from portals.financing.costs.terms import LoanTerms
from portals.financing.demands.notices import send_news
from portals.financing.demands.schemas import Actor
from portals.financing.loans import facts, repository
from portals.financing.loans.models import Loan, LoanEvent, Repayment
from portals.financing.loans.notices import tell_firm
from portals.financing.loans.reckoning import (
    Standing,
    accrued_fen,
    after_repayment,
    arrears_fen,
    next_due_on,
)
from portals.financing.loans.schemas import Disbursement, Extension, NewRepayment, Overdue, Renewal
from portals.financing.loans.states import LoanState as L
from portals.financing.loans.states import after, may


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
    application = own(session, actor, application_id)
    contract = bank_rows.contract_of(session, application_id)
    offer = bank_rows.accepted_offer(session, application_id)
    if contract is None or offer is None:
        raise Conflict(_("签约之后才能登记放款。"))
    today = business_date(now)
    _require_day(
        "paid_on", wanted.paid_on, contract.signed_on, today, _("放款日期应在签约之后，不晚于今天。")
    )
    terms = LoanTerms(
        principal_fen=offer.amount_fen,
        rate_bp=offer.rate_bp,
        method=method_of(offer.method),
        disbursed_on=wanted.paid_on,
        term_months=offer.term_months,
        every_months=offer.every_months,
        due_day=wanted.due_day,
    )
    move(session, actor, application_id, "disburse", now=now)
    loan = _new_loan(
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
    _note(session, loan, "disburse", None, wanted.paid_on, actor.officer, now, reference=wanted.reference)
    facts.tell_booked(session, loan, vault=vault, now=now)
    return loan


def confirm_receipt(session: Session, loan_id: uuid.UUID, *, by: Actor, now: datetime) -> Loan:
    """The firm has the money."""
    found = None if by.firm_id is None else repository.of_firm(session, loan_id, by.firm_id)
    loan = None if found is None else repository.lock(session, found.id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    _move(session, loan, "confirm_receipt", business_date(now), f"person:{by.subject_id}", now)
    loan.received_at = now
    send_news(session, loan.bank_code, "confirm_receipt", loan_id=loan.id, now=now)
    return loan


def repay(
    session: Session,
    actor: BankActor,
    loan_id: uuid.UUID,
    came: NewRepayment,
    *,
    vault: Vault,
    now: datetime,
) -> Repayment:
    """A sum came back. Arrears that are made good by it are cured, a loan that is paid off is repaid.

    The same reference with the same figures is the same repayment; with others it raises ``Conflict``.
    """
    loan = own_loan(session, actor, loan_id)
    if (known := repository.repayment(session, loan.id, came.reference)) is not None:
        return _same(known, came)
    state = L(loan.state)
    if not may(state, "repay"):
        after(state, "repay")
    _check_repayment(loan, came, business_date(now))
    balance_fen = loan.balance_fen - came.principal_fen
    to = L.REPAID if balance_fen == 0 else (L.ACTIVE if state == L.DISBURSED else state)
    after(state, "repay", to)
    if balance_fen:
        _set_schedule(loan, after_repayment(schedule_in(loan), balance_fen, came.on_day))
    row = _add_repayment(session, loan, came, "firm", balance_fen, actor.officer, now)
    loan.settled_interest_fen += came.interest_fen
    detail = {"principal_fen": came.principal_fen, "interest_fen": came.interest_fen}
    _move(session, loan, "repay", came.on_day, actor.officer, now, to=to, **detail)
    _settle_arrears(session, loan, came.on_day, actor.officer, vault, now)
    if came.interest_fen:
        _tell_interest(session, loan, came.on_day, vault, now)
    return row


def report_overdue(
    session: Session, actor: BankActor, loan_id: uuid.UUID, said: Overdue, *, vault: Vault, now: datetime
) -> Loan:
    """Something due did not come. Only what the records show as unpaid can be overdue."""
    loan = own_loan(session, actor, loan_id)
    today = business_date(now)
    due = loan.next_due_on
    if arrears_fen(standing_of(loan), today) == 0 or due is None:
        raise Conflict(_("按已登记的还款，这笔贷款没有到期未还的款项。"))
    _require_day("since", said.since, _day_after(due), today, _("逾期起始日应在应还日之后，不晚于今天。"))
    loan.overdue_since = said.since
    _move(session, loan, "fall_overdue", said.since, actor.officer, now)
    facts.tell_standing(session, loan, said.since, vault=vault, now=now)
    return loan


def extend(
    session: Session, actor: BankActor, loan_id: uuid.UUID, wanted: Extension, *, vault: Vault, now: datetime
) -> Loan:
    """展期, within what the law allows (贷款通则 Art. 12), of a loan with nothing overdue and its interest paid to the day."""
    loan = own_loan(session, actor, loan_id)
    _require_day(
        "agreed_on", wanted.agreed_on, loan.disbursed_on, business_date(now), _("展期商定日不能晚于今天。")
    )
    former = {"maturity_on": loan.maturity_on.isoformat(), "rate_bp": loan.rate_bp}
    after(L(loan.state), "extend")
    _require_no_arrears(loan, business_date(now), _("还有到期未还的款项，不能展期。"))
    schedule = extended(schedule_in(loan), wanted.agreed_on, wanted.months, rate_bp=wanted.rate_bp)
    _settle_interest(session, loan, wanted.agreed_on, wanted.interest_fen, actor.officer, vault, now)
    _set_schedule(loan, schedule)
    loan.next_due_on = next_due_on(standing_of(loan))
    loan.extended_on = wanted.agreed_on
    detail = {"months": wanted.months, "former": former, "interest_fen": wanted.interest_fen}
    _move(session, loan, "extend", wanted.agreed_on, actor.officer, now, **detail)
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
    _require_day("on_day", wanted.on_day, loan.disbursed_on, today, _("续贷日期不能晚于今天。"))
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
    fresh = _new_loan(
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
    _settle_interest(session, loan, wanted.on_day, wanted.interest_fen, actor.officer, vault, now)
    detail = {"into": wanted.contract_number, "interest_fen": wanted.interest_fen}
    _move(session, loan, "renew", wanted.on_day, actor.officer, now, **detail)
    loan.balance_fen, loan.next_due_on = 0, None
    _move(session, loan, "close", wanted.on_day, actor.officer, now)
    loan.closed_on = wanted.on_day
    session.add(fresh)
    session.flush()
    _note(session, fresh, "disburse", None, wanted.on_day, actor.officer, now, renews=loan.contract_number)
    facts.tell_booked(session, fresh, vault=vault, now=now)
    return fresh


def compensate(
    session: Session,
    loan_id: uuid.UUID,
    came: NewRepayment,
    *,
    by: str,
    now: datetime,
) -> Repayment:
    """代偿: a guarantor paid in the place of a firm that is overdue; what it did not pay stays with the bank."""
    loan = repository.lock(session, loan_id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    if (known := repository.repayment(session, loan.id, came.reference)) is not None:
        return _same(known, came)
    after(L(loan.state), "compensate")
    _check_repayment(loan, came, business_date(now))
    row = _add_repayment(session, loan, came, "guarantor", loan.balance_fen - came.principal_fen, by, now)
    detail = {"principal_fen": came.principal_fen, "interest_fen": came.interest_fen}
    _move(session, loan, "compensate", came.on_day, by, now, **detail)
    loan.next_due_on = None
    send_news(session, loan.bank_code, "compensate", loan_id=loan.id, now=now)
    return row


def close(session: Session, actor: BankActor, loan_id: uuid.UUID, *, now: datetime) -> Loan:
    """The account is closed; nothing follows."""
    loan = own_loan(session, actor, loan_id)
    today = business_date(now)
    _move(session, loan, "close", today, actor.officer, now)
    loan.closed_on = today
    return loan


def own_loan(session: Session, actor: BankActor, loan_id: uuid.UUID) -> Loan:
    """A loan of the actor's bank, held. Raises ``NotFound`` for any other."""
    actor.require(WORK)
    found = repository.at_bank(session, loan_id, actor.code)
    loan = None if found is None else repository.lock(session, found.id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    return loan


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


def quarter_of(day: date) -> tuple[date, date]:
    """The first and the last day of the quarter."""
    month = (day.month - 1) // 3 * 3 + 1
    following = date(day.year + month // 10, (month + 3 - 1) % 12 + 1, 1)
    return date(day.year, month, 1), date.fromordinal(following.toordinal() - 1)


def _new_loan(
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
    _set_schedule(loan, schedule_of(terms))
    loan.next_due_on = next_due_on(standing_of(loan))
    return loan


def _set_schedule(loan: Loan, schedule: Schedule) -> None:
    loan.terms = msgspec.to_builtins(schedule.terms)
    loan.schedule = [msgspec.to_builtins(one) for one in schedule.instalments]
    loan.maturity_on = schedule.maturity_on
    loan.rate_bp = schedule.terms.rate_bp


def _add_repayment(
    session: Session, loan: Loan, came: NewRepayment, source: str, balance_fen: int, by: str, now: datetime
) -> Repayment:
    row = Repayment(
        id=new_id(),
        loan_id=loan.id,
        on_day=came.on_day,
        source=source,
        principal_fen=came.principal_fen,
        interest_fen=came.interest_fen,
        penalty_fen=came.penalty_fen,
        balance_fen=balance_fen,
        reference=came.reference,
        reported_by=by,
        at=now,
    )
    loan.balance_fen = balance_fen
    session.add(row)
    session.flush()
    return row


def _settle_interest(
    session: Session, loan: Loan, on: date, interest_fen: int, by: str, vault: Vault, now: datetime
) -> None:
    """Interest to the day of a change of the loan is paid on it: neither lost with the old loan nor mixed with the new."""
    accrued = accrued_fen(standing_of(loan), on)
    if interest_fen != accrued:
        what = _("截至当日应结利息为%(amount)s元，请先收取并如实填写。", amount=f"{accrued / 100:,.2f}")
        raise InvalidInput(what, errors=[FieldError("interest_fen", what)])
    if not accrued:
        return
    number = len(repository.repayments_of(session, loan.id)) + 1
    came = NewRepayment(on_day=on, reference=f"JX-{on:%Y%m%d}-{number}", interest_fen=accrued)
    _add_repayment(session, loan, came, "firm", loan.balance_fen, by, now)
    loan.settled_interest_fen += accrued
    _tell_interest(session, loan, on, vault, now)


def _tell_interest(session: Session, loan: Loan, on: date, vault: Vault, now: datetime) -> None:
    first, last = quarter_of(on)
    settled = repository.interest_between(session, loan.id, first, last)
    facts.tell_interest(session, loan, settled, on, vault=vault, now=now)


def _require_no_arrears(loan: Loan, today: date, what: str) -> None:
    if arrears_fen(standing_of(loan), today):
        raise Conflict(what)


def _settle_arrears(session: Session, loan: Loan, on: date, by: str, vault: Vault, now: datetime) -> None:
    """What is due next after a repayment; and if nothing is in arrears any more, the loan is sound again."""
    loan.next_due_on = next_due_on(standing_of(loan))
    if L(loan.state) == L.REPAID:
        loan.closed_on = on
    if loan.overdue_since is None or (
        L(loan.state) != L.REPAID and arrears_fen(standing_of(loan), business_date(now))
    ):
        return
    loan.overdue_since = None
    if L(loan.state) == L.OVERDUE:
        to = L.EXTENDED if loan.extended_on is not None else L.ACTIVE
        _move(session, loan, "cure", on, by, now, to=to)
    facts.tell_standing(session, loan, on, vault=vault, now=now)


def _move(
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
    _note(session, loan, command, before, on, by, now, **detail)
    tell_firm(session, loan, command, now=now)


def _note(
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


def _check_repayment(loan: Loan, came: NewRepayment, today: date) -> None:
    errors: list[FieldError] = []
    refuse: Callable[[str, str], None] = lambda where, what: errors.append(FieldError(where, what))  # noqa: E731
    if not loan.disbursed_on <= came.on_day <= today:
        refuse("on_day", _("还款日期应在放款之后，不晚于今天。"))
    for name in ("principal_fen", "interest_fen", "penalty_fen"):
        if not 0 <= getattr(came, name) <= loan.principal_fen:
            refuse(name, _("金额不能为负，也不能超过贷款本金。"))
    if not errors and came.principal_fen + came.interest_fen + came.penalty_fen == 0:
        refuse("principal_fen", _("请填写还款金额。"))
    if came.principal_fen > loan.balance_fen:
        refuse("principal_fen", _("归还的本金不能超过所欠本金。"))
    if errors:
        raise InvalidInput(_("还款信息有误，请按提示修改。"), errors=errors)


def _same(known: Repayment, came: NewRepayment) -> Repayment:
    is_same = all(
        getattr(known, name) == getattr(came, name)
        for name in ("on_day", "principal_fen", "interest_fen", "penalty_fen")
    )
    if not is_same:
        raise Conflict(_("这个流水号已经登记过另一笔还款，请核对后用新的流水号登记。"))
    return known


def _require_day(where: str, day: date, first: date, last: date, what: str) -> None:
    if not first <= day <= last:
        raise InvalidInput(what, errors=[FieldError(where, what, _("请核对日期。"))])


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
