"""The pool's own books, the cap of each bank and year, and each loss from the bank's request to its end."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id

#: Where money comes from and losses come from: the only accounts below nothing.
_SOURCES = "name IN ('funding', 'losses', 'fee_funding')"


class Pool(Base):
    __tablename__ = "financing_pool"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PoolAccount(Base):
    """One account of a pool. The balance is kept beside the entries, in the same transaction as each of them."""

    __tablename__ = "financing_pool_account"
    __table_args__ = (
        sa.UniqueConstraint("pool_id", "name"),
        sa.CheckConstraint(f"{_SOURCES} OR balance_fen >= 0", name="never_below_zero"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_pool.id"))
    name: Mapped[str] = mapped_column(sa.String(24))
    balance_fen: Mapped[int] = mapped_column(BigNumber, default=0)


class PoolTransaction(Base):
    """One movement; ``reference`` is unique, so the same movement is booked once however often it is asked for."""

    __tablename__ = "financing_pool_transaction"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_pool.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    reference: Mapped[str] = mapped_column(sa.String(80), unique=True)
    object_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    booked_by_id: Mapped[int | None] = mapped_column(BigNumber)
    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PoolEntry(Base):
    __tablename__ = "financing_pool_entry"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    transaction_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("financing_pool_transaction.id"), index=True
    )
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_pool_account.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigNumber)


class BankCap(Base):
    """What the pool bears of one bank's losses in one year at most; ``used_fen`` is claimed and paid, less recovered."""

    __tablename__ = "financing_pool_cap"
    __table_args__ = (
        sa.UniqueConstraint("pool_id", "bank_code", "year"),
        sa.CheckConstraint("used_fen >= 0 AND used_fen <= cap_fen", name="within"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    pool_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_pool.id"))
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    year: Mapped[int]
    covered_fen: Mapped[int] = mapped_column(BigNumber)
    cap_fen: Mapped[int] = mapped_column(BigNumber)
    used_fen: Mapped[int] = mapped_column(BigNumber, default=0)
    #: Since when further claims are stopped 熔断.
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Compensation(Base):
    """One loan that was not repaid: requested 代偿, compensated, claimed from the pool, paid, recovered, shared or written off.

    ``borne`` is what each party still bears, ``shares`` what it bore at first; both by party, in fen.
    """

    __tablename__ = "financing_compensation"
    __table_args__ = (
        sa.Index(
            "uq_financing_compensation_live_loan_id",
            "loan_id",
            unique=True,
            sqlite_where=sa.text("state <> 'refused'"),
            postgresql_where=sa.text("state <> 'refused'"),
        ),
        sa.Index("ix_financing_compensation_state", "state"),
        sa.Index("ix_financing_compensation_bank_code", "bank_code"),
        sa.CheckConstraint("loss_fen > 0", name="above_nothing"),
        sa.CheckConstraint("recovered_fen >= 0 AND recovered_fen <= loss_fen", name="recovered_within"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)
    pool_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_pool.id"), index=True)
    rule_code: Mapped[str] = mapped_column(sa.String(40))
    rule_version: Mapped[int]
    loan_id: Mapped[uuid.UUID] = mapped_column(index=True)
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    guarantor_code: Mapped[str | None] = mapped_column(sa.String(40), index=True)
    cap_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("financing_pool_cap.id"), index=True)
    loss_fen: Mapped[int] = mapped_column(BigNumber)
    recovered_fen: Mapped[int] = mapped_column(BigNumber, default=0)
    overdue_since: Mapped[date]
    #: Papers: title and reference of each (loan contract, demand for payment, statement of the account).
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    shares: Mapped[dict[str, int]] = mapped_column(JsonDocument, default=dict)
    borne: Mapped[dict[str, int]] = mapped_column(JsonDocument, default=dict)
    state: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    compensated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CompensationEvent(Base):
    """The history of a compensation; rows only grow."""

    __tablename__ = "financing_compensation_event"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    compensation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_compensation.id"), index=True)
    command: Mapped[str] = mapped_column(sa.String(24))
    state: Mapped[str] = mapped_column(sa.String(16))
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    by_name: Mapped[str] = mapped_column(sa.String(80))
    by_id: Mapped[int | None] = mapped_column(BigNumber)
    seat_id: Mapped[int | None] = mapped_column(BigNumber)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
