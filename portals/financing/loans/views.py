"""Loans as their bank and their firm see them."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from portals.financing.banks.actors import WORK, BankActor
from portals.financing.institutions import institution
from portals.financing.loans import repository
from portals.financing.loans.models import Loan, LoanEvent, Repayment
from portals.financing.loans.reckoning import accrued_fen, arrears_fen
from portals.financing.loans.schemas import LoanRow, LoanStep, LoanView, RepaymentView
from portals.financing.loans.service import schedule_in, standing_of
from portals.financing.loans.states import LABELS, LoanState, may

BANK_COMMANDS = ("repay", "fall_overdue", "extend", "renew", "close")
FIRM_COMMANDS = ("confirm_receipt",)
COMMAND_LABELS: dict[str, str] = {
    "disburse": N_("放款"),
    "confirm_receipt": N_("企业确认到账"),
    "repay": N_("还款"),
    "fall_overdue": N_("登记逾期"),
    "cure": N_("逾期还清"),
    "extend": N_("展期"),
    "renew": N_("续贷"),
    "compensate": N_("担保代偿"),
    "close": N_("结清销户"),
}
SOURCES: dict[str, str] = {"firm": N_("企业还款"), "guarantor": N_("担保代偿")}


def of_bank(session: Session, actor: BankActor, *, vault: Vault) -> list[LoanRow]:
    """The bank's loans, what falls due next first."""
    return _rows(session, repository.loans_of_bank(session, actor.code), vault)


def of_firm(session: Session, firm_id: int, *, vault: Vault) -> list[LoanRow]:
    """The firm's loans from all banks, the newest first."""
    return _rows(session, repository.loans_of_firm(session, firm_id), vault)


def at_bank(
    session: Session, actor: BankActor, loan_id: uuid.UUID, *, vault: Vault, now: datetime
) -> LoanView:
    """A loan of the actor's bank. Raises ``NotFound`` for any other."""
    loan = repository.at_bank(session, loan_id, actor.code)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    return view(session, loan, BANK_COMMANDS if WORK in actor.duties else (), vault=vault, now=now)


def at_firm(session: Session, firm_id: int, loan_id: uuid.UUID, *, vault: Vault, now: datetime) -> LoanView:
    """A loan of the firm itself. Raises ``NotFound`` for any other."""
    loan = repository.of_firm(session, loan_id, firm_id)
    if loan is None:
        raise NotFound(_("没有找到这笔贷款。"))
    return view(session, loan, FIRM_COMMANDS, vault=vault, now=now)


def view(session: Session, loan: Loan, commands: Sequence[str], *, vault: Vault, now: datetime) -> LoanView:
    return LoanView(
        row=_rows(session, [loan], vault)[0],
        overdue_since=loan.overdue_since,
        extended_on=loan.extended_on,
        settled_interest_fen=loan.settled_interest_fen,
        arrears_fen=arrears_fen(standing_of(loan), business_date(now)),
        accrued_fen=accrued_fen(standing_of(loan), business_date(now)) if loan.balance_fen else 0,
        schedule=schedule_in(loan).instalments,
        repayments=tuple(_repayment(one) for one in repository.repayments_of(session, loan.id)),
        history=tuple(_step(one) for one in repository.events_of(session, loan.id)),
        commands=tuple(one for one in commands if may(loan.state, one)),
    )


def _rows(session: Session, found: Sequence[Loan], vault: Vault) -> list[LoanRow]:
    names = registry.describe(session, {one.firm_id for one in found}, vault=vault)
    return [
        LoanRow(
            id=one.id,
            application_id=one.application_id,
            bank_code=one.bank_code,
            bank_name=institution(one.bank_code).title,
            bank_hotline=institution(one.bank_code).phone,
            firm_name=names[one.firm_id].name if one.firm_id in names else "",
            contract_number=one.contract_number,
            state=one.state,
            state_label=_(LABELS[LoanState(one.state)]),
            principal_fen=one.principal_fen,
            balance_fen=one.balance_fen,
            rate_bp=one.rate_bp,
            disbursed_on=one.disbursed_on,
            maturity_on=one.maturity_on,
            next_due_on=one.next_due_on,
            next_due_fen=_next_due_fen(one),
        )
        for one in found
    ]


def _next_due_fen(loan: Loan) -> int | None:
    return next(
        (one.total_fen for one in schedule_in(loan).instalments if one.due_on == loan.next_due_on), None
    )


def _repayment(one: Repayment) -> RepaymentView:
    return RepaymentView(
        on_day=one.on_day,
        source=one.source,
        source_label=_(SOURCES[one.source]),
        principal_fen=one.principal_fen,
        interest_fen=one.interest_fen,
        penalty_fen=one.penalty_fen,
        balance_fen=one.balance_fen,
        reference=one.reference,
    )


def _step(one: LoanEvent) -> LoanStep:
    return LoanStep(
        at=one.at,
        on_day=one.on_day,
        command=one.command,
        label=_(COMMAND_LABELS[one.command]),
        state_label=_(LABELS[LoanState(one.to_state)]),
    )
