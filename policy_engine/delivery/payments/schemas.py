"""Payments as their people read them, and runs of payments as finance does."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.cases.schemas import PolicyHead


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: regular, top_up or refund. ``waiting_since_at``: since when it waits for money; ``waiting_position`` in
    its line is null before any budget was opened."""

    id: uuid.UUID
    claim_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    period: str
    amount_fen: int
    state: str
    state_label: str
    reason: str
    is_held: bool
    hold_reasons: tuple[str, ...]
    account: AccountView | None
    due_on: date
    paid_at: datetime | None
    reconciled_on: date | None
    kind: str
    kind_label: str
    waiting_since_at: datetime | None
    waiting_position: int | None


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of payments. ``found`` and ``total_fen`` are null where nobody counts (all that ever arrived);
    ``policies`` are (id, title) of those that may be chosen; ``are_names_cut``: only some people's names were searched."""

    items: tuple[PaymentView, ...]
    offset: int
    has_more: bool
    found: int | None
    total_fen: int | None
    policies: tuple[tuple[str, str], ...]
    are_names_cut: bool


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    number: str
    approved_by_name: str
    approved_at: datetime
    payment_count: int
    total_fen: int
    held_count: int
    paid_count: int
    returned_count: int
    state: str
    planned_count: int
    planned_fen: int
    tried_count: int
    part: int
    window_until_at: datetime | None
    stop_reason: str


class ReadyGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What could be paid in one go."""

    policy_id: str
    title: str
    period: str
    count: int
    total_fen: int
