"""Money that came back, from the firm or from a guarantor in its place, and the interest settled with it."""

import uuid
from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.banks.actors import BankActor
from portals.financing.demands.notices import send_news
from portals.financing.loans import facts, repository
from portals.financing.loans.kept import schedule_in, set_schedule, standing_of
from portals.financing.loans.models import Loan, Repayment
from portals.financing.loans.moving import move, own_loan
from portals.financing.loans.reckoning import (
    accrued_fen,
    after_repayment,
    arrears_fen,
    next_due_on,
)
from portals.financing.loans.schemas import NewRepayment
from portals.financing.loans.states import LoanState as L
from portals.financing.loans.states import after, may


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
        set_schedule(loan, after_repayment(schedule_in(loan), balance_fen, came.on_day))
    row = _add_repayment(session, loan, came, "firm", balance_fen, actor.officer, now)
    loan.settled_interest_fen += came.interest_fen
    detail = {"principal_fen": came.principal_fen, "interest_fen": came.interest_fen}
    move(session, loan, "repay", came.on_day, actor.officer, now, to=to, **detail)
    _settle_arrears(session, loan, came.on_day, actor.officer, vault, now)
    if came.interest_fen:
        tell_interest(session, loan, came.on_day, vault, now)
    return row


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
    move(session, loan, "compensate", came.on_day, by, now, **detail)
    loan.next_due_on = None
    send_news(session, loan.bank_code, "compensate", loan_id=loan.id, now=now)
    return row


def settle_interest(
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
    tell_interest(session, loan, on, vault, now)


def tell_interest(session: Session, loan: Loan, on: date, vault: Vault, now: datetime) -> None:
    first, last = quarter_of(on)
    settled = repository.interest_between(session, loan.id, first, last)
    facts.tell_interest(session, loan, settled, on, vault=vault, now=now)


def quarter_of(day: date) -> tuple[date, date]:
    """The first and the last day of the quarter."""
    month = (day.month - 1) // 3 * 3 + 1
    following = date(day.year + month // 10, (month + 3 - 1) % 12 + 1, 1)
    return date(day.year, month, 1), date.fromordinal(following.toordinal() - 1)


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
        move(session, loan, "cure", on, by, now, to=to)
    facts.tell_standing(session, loan, on, vault=vault, now=now)


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
