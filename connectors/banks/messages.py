"""What banks send and answer: start-up loans and their settled interest, accounts, payouts, statements."""

from datetime import datetime
from typing import Literal

import msgspec

from connectors.wire import Code, Day, FirmName, Number, Percent, Uscc, Yuan


class LoanBooked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """贷款发放 to a firm; product 01 创业担保贷款, 02 other. Whether it is guaranteed as a start-up is 人社's word."""

    contract_number: Number = msgspec.field(name="jkhth")
    bank_code: Code = msgspec.field(name="yhdm")
    borrower_uscc: Uscc = msgspec.field(name="jkrxydm")
    borrower_name: FirmName = msgspec.field(name="jkrmc")
    product: Code = msgspec.field(name="dkcp")
    principal: Yuan = msgspec.field(name="dkje")
    annual_rate: Percent = msgspec.field(name="nll")
    issued_on: Day = msgspec.field(name="ffrq")
    due_on: Day = msgspec.field(name="dqrq")


class LoanInterestSettled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """贷款结息: interest the borrower has paid for a period; status 1 正常, 2 展期, 3 逾期."""

    contract_number: Number = msgspec.field(name="jkhth")
    bank_code: Code = msgspec.field(name="yhdm")
    borrower_uscc: Uscc = msgspec.field(name="jkrxydm")
    borrower_name: FirmName = msgspec.field(name="jkrmc")
    product: Code = msgspec.field(name="dkcp")
    principal: Yuan = msgspec.field(name="dkje")
    interest_paid: Yuan = msgspec.field(name="jxje")
    period_from: Day = msgspec.field(name="jxksrq")
    period_to: Day = msgspec.field(name="jxjsrq")
    loan_status: Code = msgspec.field(name="dkzt")


class AccountQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Does this account belong to this holder, and can it receive money?"""

    bank: str
    account: str
    holder_name: str


AccountResult = Literal["match", "name_mismatch", "account_closed", "account_unknown"]


class AccountAnswer(msgspec.Struct, frozen=True):
    """``result`` is ``match`` or the reason why money must not go there."""

    result: AccountResult


class PayoutOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the treasury asks a bank to pay out."""

    instruction_id: str
    amount: Yuan
    payee_bank: str
    payee_account: str
    payee_name: str
    purpose: str


class Payout(msgspec.Struct, frozen=True):
    """One payout as the bank keeps it; ``instruction_id`` is the payer's idempotency key."""

    instruction_id: str
    status: Literal["accepted", "paid", "returned", "refused"]
    amount: Yuan
    account: str
    payee_name: str
    booked_at: datetime | None
    bank_reference: str | None
    reason: str | None


class StatementLine(msgspec.Struct, frozen=True):
    """One booking on the paying account; ``direction`` D money out, C money back in."""

    line_number: int
    booked_at: datetime
    direction: Literal["D", "C"]
    amount: Yuan
    instruction_id: str
    bank_reference: str
    counterparty: str


class Statement(msgspec.Struct, frozen=True):
    """The bookings of one day (Asia/Shanghai), complete and in order."""

    day: str
    lines: tuple[StatementLine, ...]
    total_out: Yuan
    total_back: Yuan
