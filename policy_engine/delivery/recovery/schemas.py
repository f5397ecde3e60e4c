"""What was paid too much, and how it comes back."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.cases.schemas import PeriodSum, PolicyHead


class InstalmentLine(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    due_on: date
    amount_fen: int


class RepaymentLine(msgspec.Struct, frozen=True, kw_only=True):
    receipt: str
    received_on: date
    amount_fen: int


class UndoneView(msgspec.Struct, frozen=True, kw_only=True):
    """By which decision a recovery does not stand."""

    number: str
    ground: str
    ground_label: str
    reference: str
    reason: str
    at: datetime


class OverpaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """``may_state_view``: the payee, or a dead payee's family, is still heard. ``left_fen`` is what is still open."""

    id: uuid.UUID
    award_id: uuid.UUID
    claim_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    cause: str
    is_official_error: bool
    reason: str
    amount_fen: int
    repaid_fen: int
    refunded_fen: int
    left_fen: int
    state: str
    state_label: str
    hearing_until_on: date
    statement: str
    decision_number: str
    decision_reason: str
    due_on: date | None
    found_at: datetime
    may_state_view: bool
    may_undo: bool
    undone: UndoneView | None
    periods: tuple[PeriodSum, ...]
    instalments: tuple[InstalmentLine, ...]
    repayments: tuple[RepaymentLine, ...]
