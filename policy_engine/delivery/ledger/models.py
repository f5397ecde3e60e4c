"""The books: a budget per fiscal authority, policy and year; its accounts; and entries that always sum to nothing."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class Budget(Base):
    """``appropriation`` is the number in the fiscal authority's own books; ``kind`` is entitlement or quota."""

    __tablename__ = "budget"
    __table_args__ = (sa.UniqueConstraint("policy_id", "division", "fund_source", "year"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    division: Mapped[str] = mapped_column(sa.String(12))
    fund_source: Mapped[str] = mapped_column(sa.String(32))
    year: Mapped[int]
    appropriation: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerAccount(Base):
    """One pocket of a budget. The balance is kept beside the entries, in the same statement as each of them."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        sa.UniqueConstraint("budget_id", "name"),
        sa.CheckConstraint("name = 'appropriation' OR balance_fen >= 0", name="never_below_zero"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    budget_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("budget.id"))
    #: appropriation (where it comes from, below zero) | available | reserved | instructed | paid
    name: Mapped[str] = mapped_column(sa.String(16))
    balance_fen: Mapped[int] = mapped_column(BigNumber, default=0)


class LedgerTransaction(Base):
    """One movement; ``reference`` is unique, so the same movement is booked once however often it is asked for.

    ``payee_account_id`` is where the money of a payment was to go when it moved; a later order may go elsewhere.
    """

    __tablename__ = "ledger_transaction"
    __table_args__ = (sa.Index("ix_ledger_transaction_kind_booked_at", "kind", "booked_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    budget_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("budget.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    reference: Mapped[str] = mapped_column(sa.String(80), unique=True)
    payment_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    payee_account_id: Mapped[uuid.UUID | None]
    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerEntry(Base):
    __tablename__ = "ledger_entry"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    transaction_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("ledger_transaction.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("ledger_account.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigNumber)


class FundingAlarm(Base):
    """An entitlement that finance has to find money for; closed when the waiting payments are reserved."""

    __tablename__ = "funding_alarm"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    division: Mapped[str] = mapped_column(sa.String(12))
    year: Mapped[int]
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
