"""Overpayments: which periods, how much, by whose error; what was decided, agreed, and came back."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class Overpayment(Base):
    """One demand to one payee, from the notice to its end. ``statement`` is what the payee said when heard."""

    __tablename__ = "overpayment"
    __table_args__ = (
        sa.Index("ix_overpayment_subject_id", "subject_id"),
        sa.Index("ix_overpayment_state_division", "state", "division"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("award.id"), index=True)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    division: Mapped[str] = mapped_column(sa.String(12))
    cause: Mapped[str] = mapped_column(sa.String(16))  # death | lost_right | adjusted | other
    is_official_error: Mapped[bool]
    reason: Mapped[str] = mapped_column(sa.String(500))
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    repaid_fen: Mapped[int] = mapped_column(BigNumber, default=0)
    state: Mapped[str] = mapped_column(sa.String(16))
    hearing_until_on: Mapped[date]
    statement: Mapped[str | None] = mapped_column(sa.Text)
    found_by_id: Mapped[int | None] = mapped_column(BigNumber)  # null: the system
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decision_number: Mapped[str | None] = mapped_column(sa.String(64))
    decision_reason: Mapped[str | None] = mapped_column(sa.Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_on: Mapped[date | None]
    #: A decision that did not stand: corrected | reconsideration | judgment, by a numbered decision of its own.
    undone_by_id: Mapped[int | None] = mapped_column(BigNumber)
    undone_ground: Mapped[str | None] = mapped_column(sa.String(16))
    undone_reference: Mapped[str | None] = mapped_column(sa.String(60))
    undone_number: Mapped[str | None] = mapped_column(sa.String(64))
    undone_reason: Mapped[str | None] = mapped_column(sa.Text)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OverpaidPeriod(Base):
    """What of one payment was too much; ``refunded_fen`` of what came back was paid out again, as it was due after all."""

    __tablename__ = "overpaid_period"

    overpayment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("overpayment.id"), primary_key=True)
    payment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("payment.id"), primary_key=True, index=True)
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    repaid_fen: Mapped[int] = mapped_column(BigNumber, default=0)
    refunded_fen: Mapped[int] = mapped_column(BigNumber, default=0, server_default="0")


class Instalment(Base):
    __tablename__ = "overpayment_instalment"

    overpayment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("overpayment.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigNumber)


class Repayment(Base):
    """Money that came back, under the number of its bank receipt: booked once however often it is entered."""

    __tablename__ = "overpayment_repayment"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    overpayment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("overpayment.id"), index=True)
    receipt: Mapped[str] = mapped_column(sa.String(64), unique=True)
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    received_on: Mapped[date]
    recorded_by_id: Mapped[int] = mapped_column(BigNumber)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
