"""Tables of loans: each with its terms and schedule as they stand, and every sum that came back."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class Loan(Base):
    """``terms`` and ``schedule`` are those in force (``costs``); ``unit_id`` is the number by which the city knows it.

    ``balance_fen`` is the principal still owed; ``settled_interest_fen`` all interest the firm has paid.
    """

    __tablename__ = "financing_loan"
    __table_args__ = (
        sa.UniqueConstraint("bank_code", "contract_number"),
        sa.Index("ix_financing_loan_firm_id", "firm_id"),
        sa.Index("ix_financing_loan_bank_code_state", "bank_code", "state"),
        sa.Index("ix_financing_loan_state_next_due_on", "state", "next_due_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"), index=True)
    contract_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("financing_contract.id"))
    renews_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("financing_loan.id"), unique=True)
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    unit_id: Mapped[int | None] = mapped_column(BigNumber, unique=True)
    contract_number: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[str] = mapped_column(sa.String(16))
    principal_fen: Mapped[int] = mapped_column(BigNumber)
    rate_bp: Mapped[int]
    is_startup_guaranteed: Mapped[bool]
    terms: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    schedule: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    balance_fen: Mapped[int] = mapped_column(BigNumber)
    settled_interest_fen: Mapped[int] = mapped_column(BigNumber)
    disbursed_on: Mapped[date] = mapped_column(sa.Date)
    disbursement_reference: Mapped[str] = mapped_column(sa.String(40))
    maturity_on: Mapped[date] = mapped_column(sa.Date)
    next_due_on: Mapped[date | None] = mapped_column(sa.Date)
    overdue_since: Mapped[date | None] = mapped_column(sa.Date)
    extended_on: Mapped[date | None] = mapped_column(sa.Date)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_on: Mapped[date | None] = mapped_column(sa.Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Repayment(Base):
    """One sum that came back, as the bank booked it: ``source`` firm, or guarantor in the firm's place (代偿)."""

    __tablename__ = "financing_repayment"
    __table_args__ = (
        sa.UniqueConstraint("loan_id", "reference"),
        sa.Index("ix_financing_repayment_loan_id_on_day", "loan_id", "on_day"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    loan_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_loan.id"))
    on_day: Mapped[date] = mapped_column(sa.Date)
    source: Mapped[str] = mapped_column(sa.String(16))
    principal_fen: Mapped[int] = mapped_column(BigNumber)
    interest_fen: Mapped[int] = mapped_column(BigNumber)
    penalty_fen: Mapped[int] = mapped_column(BigNumber)
    balance_fen: Mapped[int] = mapped_column(BigNumber)
    reference: Mapped[str] = mapped_column(sa.String(40))
    reported_by: Mapped[str] = mapped_column(sa.String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoanEvent(Base):
    """The history of a loan: every step with who took it, and what the terms were before. Rows only grow."""

    __tablename__ = "financing_loan_event"
    __table_args__ = (sa.Index("ix_financing_loan_event_loan_id_number", "loan_id", "number"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    loan_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_loan.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    on_day: Mapped[date] = mapped_column(sa.Date)
    command: Mapped[str] = mapped_column(sa.String(24))
    from_state: Mapped[str | None] = mapped_column(sa.String(16))
    to_state: Mapped[str] = mapped_column(sa.String(16))
    by: Mapped[str] = mapped_column(sa.String(120))
    detail: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
