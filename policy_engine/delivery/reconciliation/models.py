"""Statements as the bank wrote them, the result of each day, and every difference until somebody has explained it."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class StatementLine(Base):
    """One booking on the paying account: ``D`` money out, ``C`` money back in."""

    __tablename__ = "statement_line"

    day: Mapped[date] = mapped_column(primary_key=True)
    line_number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=False)
    direction: Mapped[str] = mapped_column(sa.String(1))
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    instruction_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    reference: Mapped[str] = mapped_column(sa.String(64))


class ReconciledDay(Base):
    """One day: what the bank booked, what our books say of the same orders. Balanced when nothing is left open."""

    __tablename__ = "reconciled_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    line_count: Mapped[int]
    out_fen: Mapped[int] = mapped_column(BigNumber)
    back_fen: Mapped[int] = mapped_column(BigNumber)
    matched_count: Mapped[int]
    matched_fen: Mapped[int] = mapped_column(BigNumber)
    state: Mapped[str] = mapped_column(sa.String(16))  # balanced | open | explained
    reconciled_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Difference(Base):
    """Something on which the bank and the books do not agree. ``state``: open | settled (by a later run) | explained."""

    __tablename__ = "reconciliation_difference"
    __table_args__ = (sa.UniqueConstraint("day", "instruction_id", "kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    day: Mapped[date] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    instruction_id: Mapped[str] = mapped_column(sa.String(64))
    payment_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payment.id"))
    bank_fen: Mapped[int] = mapped_column(BigNumber)
    books_fen: Mapped[int] = mapped_column(BigNumber)
    state: Mapped[str] = mapped_column(sa.String(16))
    explanation: Mapped[str | None] = mapped_column(sa.String(500))
    explained_by_id: Mapped[int | None] = mapped_column(BigNumber)
    explained_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
