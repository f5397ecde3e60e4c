"""One quarter of one loan: the interest that was settled, what of it counts, and the claim it became."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class QuarterSubsidy(Base):
    """``lines`` shows how ``counted_fen`` came about, sum by sum; ``claim_id`` is delivery's claim, once filed.

    What follows the filing (review, decision, payment) is read from the claim and its payments, never kept here.
    """

    __tablename__ = "financing_subsidy_quarter"
    __table_args__ = (
        sa.UniqueConstraint("loan_id", "quarter"),
        sa.Index("ix_financing_subsidy_quarter_state_bank_code", "state", "bank_code"),
        sa.Index("ix_financing_subsidy_quarter_firm_id", "firm_id"),
        sa.CheckConstraint("counted_fen >= 0 AND counted_fen <= settled_fen", name="counted_within"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    loan_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("financing_loan.id"))
    firm_id: Mapped[int] = mapped_column(BigNumber)
    unit_id: Mapped[int] = mapped_column(BigNumber)
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    quarter: Mapped[str] = mapped_column(sa.String(8))
    starts_on: Mapped[date]
    is_first_loan: Mapped[bool]
    #: settled → calculated → filed → closed; none: nothing counts, or no policy applies.
    state: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(40), default="")
    settled_fen: Mapped[int] = mapped_column(BigNumber)
    counted_fen: Mapped[int] = mapped_column(BigNumber)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    policy_id: Mapped[str | None] = mapped_column(sa.String(80))
    policy_version: Mapped[int | None]
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    #: The loan's own rate, and the LPR that the policy names, as announced on ``reference_since``.
    rate_bp: Mapped[int | None]
    reference_bp: Mapped[int | None]
    reference_since: Mapped[date | None]
    claim_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("claim.id"), unique=True)
    filed_by_id: Mapped[int | None] = mapped_column(BigNumber)
    filed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    settled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    calculated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
