"""What loans and their settled interest mean in the catalogue's terms."""

from connectors.banks.messages import LoanBooked, LoanInterestSettled
from connectors.events.forms import AttributeChange, Identifier, Mapped, Reading, Relation, SubjectRef, firm
from connectors.wire import UnmappableError, read_code, read_day, read_fen

SOURCE = "bank"
PRODUCT = {"01": "创业担保贷款", "02": "其他贷款"}
STATUS = {"1": "正常", "2": "展期", "3": "逾期"}


def map_loan_booked(message: LoanBooked) -> Mapped:
    since = read_day("ffrq", message.issued_on)
    if read_day("dqrq", message.due_on) <= since:
        raise UnmappableError("dqrq: the loan falls due before it is paid out")
    is_startup = read_code("dkcp", message.product, PRODUCT) == "创业担保贷款"
    changes = (
        AttributeChange("loan", "loan.principal", read_fen(message.principal), since),
        AttributeChange("loan", "loan.drawn_on", since.isoformat(), since),
        AttributeChange("loan", "loan.is_startup_guaranteed", is_startup, since),
        AttributeChange("loan", "loan.interest_settled_this_quarter", 0, since),
        AttributeChange("loan", "loan.subsidised_interest", 0, since),
        AttributeChange("loan", "loan.is_overdue", False, since),
        AttributeChange("loan", "loan.is_extended", False, since),
    )
    return _about_loan(message, changes)


def map_interest_settled(message: LoanInterestSettled) -> Mapped:
    """Interest settled in a quarter. An extended or overdue loan says so without a day: none of its interest counts."""
    since, until = read_day("jxksrq", message.period_from), read_day("jxjsrq", message.period_to)
    if until < since:
        raise UnmappableError("jxjsrq: the period ends before it begins")
    status = read_code("dkzt", message.loan_status, STATUS)
    is_startup = read_code("dkcp", message.product, PRODUCT) == "创业担保贷款"
    settled_fen = read_fen(message.interest_paid)
    counted_fen = 0 if status in ("逾期", "展期") else settled_fen
    changes = (
        AttributeChange("loan", "loan.principal", read_fen(message.principal), until),
        AttributeChange("loan", "loan.is_startup_guaranteed", is_startup, until),
        AttributeChange("loan", "loan.interest_settled_this_quarter", settled_fen, until),
        AttributeChange("loan", "loan.subsidised_interest", counted_fen, until),
        AttributeChange("loan", "loan.is_overdue", status == "逾期", until),
        AttributeChange("loan", "loan.is_extended", status == "展期", until),
    )
    return _about_loan(message, changes)


def _about_loan(message: LoanBooked | LoanInterestSettled, changes: tuple[AttributeChange, ...]) -> Mapped:
    number = Identifier("loan_contract", f"{message.bank_code}-{message.contract_number}")
    loan = SubjectRef("loan", "loan", (number,))
    borrower = firm("borrower", message.borrower_uscc, message.borrower_name)
    return Mapped((borrower, loan), changes, (Relation("loan", "belongs_to", "borrower"),))


READINGS = {
    "loan_booked": Reading(LoanBooked, map_loan_booked),
    "loan_interest_settled": Reading(LoanInterestSettled, map_interest_settled),
}
