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
    #: Since its year was closed nothing is set aside here any more, but in the budget of the year after.
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    carried_to_id: Mapped[uuid.UUID | None]


class YearClosing(Base):
    """年终结转: one fiscal authority's fund for one year, proposed by a finance seat and carried out on another's word.

    ``surplus``: what was not set aside is withdrawn (收回) or carried too (结转). The sums are those both seats saw.
    """

    __tablename__ = "year_closing"
    __table_args__ = (
        sa.Index(
            "uq_year_closing_open",
            "division",
            "fund_source",
            "year",
            unique=True,
            sqlite_where=sa.text("state IN ('proposed', 'closing')"),
            postgresql_where=sa.text("state IN ('proposed', 'closing')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    division: Mapped[str] = mapped_column(sa.String(12))
    fund_source: Mapped[str] = mapped_column(sa.String(32))
    year: Mapped[int]
    surplus: Mapped[str] = mapped_column(sa.String(16))  # withdraw | carry
    state: Mapped[str] = mapped_column(sa.String(16))  # proposed → closing → done, or dismissed
    budget_count: Mapped[int]
    carried_fen: Mapped[int] = mapped_column(BigNumber)
    surplus_fen: Mapped[int] = mapped_column(BigNumber)
    proposed_by_id: Mapped[int] = mapped_column(BigNumber)
    proposed_by_name: Mapped[str] = mapped_column(sa.String(50))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decided_by_name: Mapped[str | None] = mapped_column(sa.String(50))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
