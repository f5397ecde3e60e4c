"""Guarantees: requested by the firm for an accepted offer, issued or refused by the guarantor."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id

_LIVE = "state IN ('requested', 'issued')"


class Guarantee(Base):
    """``fee_fen`` is what the guarantor gets for the whole term; ``subsidy_fen`` what of it the city pays 担保降费."""

    __tablename__ = "financing_guarantee"
    __table_args__ = (
        sa.Index(
            "uq_financing_guarantee_live_application_id",
            "application_id",
            unique=True,
            sqlite_where=sa.text(_LIVE),
            postgresql_where=sa.text(_LIVE),
        ),
        sa.Index("ix_financing_guarantee_guarantor_code_state", "guarantor_code", "state"),
        sa.Index("ix_financing_guarantee_firm_id", "firm_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)
    application_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_application.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    guarantor_code: Mapped[str] = mapped_column(sa.String(40))
    amount_fen: Mapped[int] = mapped_column(BigNumber)
    term_months: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(16))
    fee_bp: Mapped[int | None]
    fee_fen: Mapped[int | None] = mapped_column(BigNumber)
    subsidy_fen: Mapped[int | None] = mapped_column(BigNumber)
    reason_code: Mapped[str | None] = mapped_column(sa.String(40))
    reason_note: Mapped[str | None] = mapped_column(sa.String(500))
    requested_by: Mapped[int | None] = mapped_column(BigNumber)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(BigNumber)
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
