"""The simulated bank's lending desk; its payments are in ``connectors.simulators.bank``."""

from datetime import date
from typing import Annotated, Literal

from connectors.banks.messages import LoanBooked, LoanInterestSettled
from connectors.simulators.actions import Action, FirmForm, OptionalDay, Yuan, choice, titled
from connectors.simulators.desk import Desk, SentEvent, day, years_after
from connectors.wire import Percent

DEPARTMENT = "banks"
BANK_CODE = "HSMN"


class BookLoan(FirmForm, frozen=True, kw_only=True):
    product: Annotated[Literal["01", "02"], choice("贷款品种", _01="创业担保贷款", _02="其他贷款")] = "01"
    principal: Annotated[Yuan, titled("贷款本金（元）")] = "300000.00"
    annual_rate: Annotated[Percent, titled("年利率（%）")] = "3.1"
    issued_on: OptionalDay = None


class SettleInterest(FirmForm, frozen=True, kw_only=True):
    """Of the firm's latest loan, for the quarter that holds the last day."""

    interest_paid: Annotated[Yuan, titled("本季已结利息（元）")] = "2325.00"
    loan_status: Annotated[Literal["1", "2", "3"], choice("贷款状态", _1="正常", _2="展期", _3="逾期")] = "1"
    period_to: Annotated[date | None, titled("结息截止日（默认今天）")] = None


def book_loan(desk: Desk, form: BookLoan) -> SentEvent:
    firm = desk.firm(form.uscc)
    on = form.issued_on or desk.clock.today()
    message = LoanBooked(
        contract_number=desk.number("DK"),
        bank_code=BANK_CODE,
        borrower_uscc=firm["uscc"],
        borrower_name=firm["name"],
        product=form.product,
        principal=form.principal,
        annual_rate=form.annual_rate,
        issued_on=day(on),
        due_on=day(years_after(on, 2)),
    )
    return desk.send(DEPARTMENT, "loan_booked", message, firm["uscc"])


def settle_interest(desk: Desk, form: SettleInterest) -> SentEvent:
    firm = desk.firm(form.uscc)
    loan = desk.latest(DEPARTMENT, firm["uscc"], "loan_booked", LoanBooked)
    until = form.period_to or desk.clock.today()
    message = LoanInterestSettled(
        contract_number=loan.contract_number,
        bank_code=loan.bank_code,
        borrower_uscc=loan.borrower_uscc,
        borrower_name=loan.borrower_name,
        product=loan.product,
        principal=loan.principal,
        interest_paid=form.interest_paid,
        period_from=day(until.replace(month=(until.month - 1) // 3 * 3 + 1, day=1)),
        period_to=day(until),
        loan_status=form.loan_status,
    )
    return desk.send(DEPARTMENT, "loan_interest_settled", message, firm["uscc"])


ACTIONS = (
    Action(DEPARTMENT, "book-loan", "发放创业担保贷款", "firm", BookLoan, book_loan),
    Action(DEPARTMENT, "settle-interest", "登记贷款结息", "firm", SettleInterest, settle_interest),
)
