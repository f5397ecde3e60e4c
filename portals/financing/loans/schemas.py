"""What is reported of a loan, and what is shown of it."""

import uuid
from datetime import date, datetime
from typing import Annotated

import msgspec

from portals.financing.costs.schedule import Instalment

Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z\-]+\Z")]


class Disbursement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The money left the bank on ``paid_on``; ``reference`` is its booking number, ``due_day`` the day of instalments."""

    paid_on: date
    reference: Reference
    due_day: int | None = None


class NewRepayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came in on a day, as the bank booked it; ``reference`` makes the same report the same repayment."""

    on_day: date
    reference: Reference
    principal_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0


class Overdue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something due was not paid; overdue from ``since``, the day after it was due."""

    since: date


class Extension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """展期 by ``months``, agreed on a day; ``rate_bp`` from the old maturity on, where another was agreed.

    ``interest_fen`` is what the firm paid that day: all the interest that had run up to it.
    """

    months: int
    agreed_on: date
    rate_bp: int | None = None
    interest_fen: int = 0


class Renewal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """无还本续贷: a new loan over what is owed takes this one's place on ``on_day``, under a contract of its own.

    Only the principal goes over: ``interest_fen`` is what the firm paid that day, all that had run up to it.
    """

    on_day: date
    contract_number: Reference
    term_months: int
    rate_bp: int
    interest_fen: int = 0


class RepaymentView(msgspec.Struct, frozen=True, kw_only=True):
    on_day: date
    source: str
    source_label: str
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    balance_fen: int
    reference: str


class LoanStep(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    on_day: date
    command: str
    label: str
    state_label: str


class LoanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One loan in a list; ``next_due_fen`` is the whole instalment of ``next_due_on``."""

    id: uuid.UUID
    application_id: uuid.UUID
    bank_code: str
    bank_name: str
    bank_hotline: str
    firm_name: str
    contract_number: str
    state: str
    state_label: str
    principal_fen: int
    balance_fen: int
    rate_bp: int
    disbursed_on: date
    maturity_on: date
    next_due_on: date | None
    next_due_fen: int | None


class LoanView(msgspec.Struct, frozen=True, kw_only=True):
    """A loan with its schedule as it stands, what came back, and its history. ``commands`` may be done now."""

    row: LoanRow
    overdue_since: date | None
    extended_on: date | None
    settled_interest_fen: int
    arrears_fen: int
    accrued_fen: int
    schedule: tuple[Instalment, ...]
    repayments: tuple[RepaymentView, ...]
    history: tuple[LoanStep, ...]
    commands: tuple[str, ...]
