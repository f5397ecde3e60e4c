"""Payments: one sum for one period of one unit, and the batches in which a finance seat approves them."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id

_COUNTS = "state <> 'cancelled'"


class PaymentBatch(Base):
    __tablename__ = "payment_batch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(64), unique=True)
    division: Mapped[str] = mapped_column(sa.String(12))
    approved_by_id: Mapped[int] = mapped_column(BigNumber)
    approved_by_name: Mapped[str] = mapped_column(sa.String(50))
    seat_id: Mapped[int] = mapped_column(BigNumber)
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payment_count: Mapped[int]
    total_fen: Mapped[int] = mapped_column(BigNumber)
    held_count: Mapped[int]
    #: What was ticked leaves at once and is done; a run is planned → sending ⇄ stopped → done, or withdrawn.
    state: Mapped[str] = mapped_column(sa.String(16), default="done", server_default="done")
    policy_id: Mapped[str | None] = mapped_column(sa.String(80))
    period: Mapped[str | None] = mapped_column(sa.String(12))
    window_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    part: Mapped[int] = mapped_column(default=0, server_default="0")
    planned_count: Mapped[int] = mapped_column(default=0, server_default="0")
    planned_fen: Mapped[int] = mapped_column(BigNumber, default=0, server_default="0")
    tried_count: Mapped[int] = mapped_column(default=0, server_default="0")
    stop_reason: Mapped[str | None] = mapped_column(sa.String(500))
    resumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What had been settled and had come back when a person last let a stopped run go on.
    forgiven_settled: Mapped[int] = mapped_column(default=0, server_default="0")
    forgiven_returned: Mapped[int] = mapped_column(default=0, server_default="0")


class Payment(Base):
    __tablename__ = "payment"
    __table_args__ = (
        # Across awards too: a month that was paid under an earlier award of the same right is not paid again.
        sa.Index(
            "uq_payment_policy_id_unit_id_period",
            "policy_id",
            "unit_id",
            "period",
            "kind",
            unique=True,
            sqlite_where=sa.text(_COUNTS),
            postgresql_where=sa.text(_COUNTS),
        ),
        # What is in a state and a place, the longest due first, without reading a payment.
        sa.Index("ix_payment_waiting", "state", "division", "due_on", "id"),
        sa.Index("ix_payment_budget_id_state", "budget_id", "state"),
        sa.Index("ix_payment_subject_id", "subject_id"),
        # Of a run with a hundred thousand orders the next few, and how many have come how far.
        sa.Index("ix_payment_batch_id_state", "batch_id", "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("award.id"), index=True)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    payee_id: Mapped[int | None] = mapped_column(BigNumber)
    unit_id: Mapped[int] = mapped_column(BigNumber)
    account_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payee_account.id"))
    division: Mapped[str] = mapped_column(sa.String(12))
    period: Mapped[str] = mapped_column(sa.String(12))  # 2026-11 | 2026Q4 | 2026; once: its month
    period_starts_on: Mapped[date]
    kind: Mapped[str] = mapped_column(sa.String(16), default="regular")
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    state: Mapped[str] = mapped_column(sa.String(20))
    state_reason: Mapped[str | None] = mapped_column(sa.String(500))
    is_held: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[date]
    #: The order in which a quota's waiting list is served.
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    budget_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("budget.id"))
    batch_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payment_batch.id"))
    #: The idempotency key of the present order; a new order after 退票 gets a new one.
    instruction_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    order_count: Mapped[int] = mapped_column(default=0)
    send_count: Mapped[int] = mapped_column(default=0)
    outside_reference: Mapped[str | None] = mapped_column(sa.String(64))
    #: What the pinned version gave on the facts of the day of the instruction.
    recheck: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    instructed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The day on whose bank statement the order stands as the books have it.
    reconciled_on: Mapped[date | None]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
