"""Awards 待遇资格: recognised once by a decision, then alive for years; payments come from them without another tap."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id

_LIVE = "state <> 'ended'"
_REMATCHED = "rematched_amount_fen IS NOT NULL"


class Award(Base):
    __tablename__ = "award"
    __table_args__ = (
        sa.Index(
            "uq_award_live_policy_id_unit_id",
            "policy_id",
            "unit_id",
            unique=True,
            sqlite_where=sa.text(_LIVE),
            postgresql_where=sa.text(_LIVE),
        ),
        sa.Index("ix_award_subject_id", "subject_id"),
        sa.Index("ix_award_unit_id", "unit_id", "policy_id"),
        sa.Index("ix_award_state_next_due_on", "state", "next_due_on"),
        # Most rights that ended were paid once; few ended with a death.
        sa.Index("ix_award_state_end_reason", "state", "end_reason", "division"),
        # Few pay another sum than a newer match would.
        sa.Index(
            "ix_award_rematched",
            "state",
            "policy_id",
            "division",
            sqlite_where=sa.text(_REMATCHED),
            postgresql_where=sa.text(_REMATCHED),
        ),
        sa.Index(
            "ix_award_rematched_in_division",
            "state",
            "division",
            sqlite_where=sa.text(_REMATCHED),
            postgresql_where=sa.text(_REMATCHED),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    applicant_id: Mapped[int] = mapped_column(BigNumber)
    payee_id: Mapped[int | None] = mapped_column(BigNumber)
    unit_id: Mapped[int] = mapped_column(BigNumber)
    account_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payee_account.id"), index=True)
    division: Mapped[str] = mapped_column(sa.String(12))
    state: Mapped[str] = mapped_column(sa.String(16))
    state_reason: Mapped[str | None] = mapped_column(sa.String(500))
    #: What one period pays; null for a recognised status, which pays nothing by itself.
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    period: Mapped[str] = mapped_column(sa.String(8))  # once | month | quarter | year | none
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    end_reason: Mapped[str | None] = mapped_column(sa.String(500))
    #: The first day of the next period without a payment; null when none will follow.
    next_due_on: Mapped[date | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    #: The latest fact sequence a match of this award was judged on; an older one changes nothing.
    sequence: Mapped[int] = mapped_column(BigNumber)
    #: What a newer match would pay; only a person adjusts an award.
    rematched_amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    hearing_until_on: Mapped[date | None]
    recognised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AwardHeir(Base):
    """Who asks for what was still due to the dead: proposed → agreed | refused | dropped (the dead live)."""

    __tablename__ = "award_heir"
    __table_args__ = (
        sa.Index(
            "uq_award_heir_proposed_award_id",
            "award_id",
            unique=True,
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("award.id"), index=True)
    heir_id: Mapped[int] = mapped_column(BigNumber)
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("payee_account.id"))
    ground: Mapped[str] = mapped_column(sa.String(16))
    reference: Mapped[str] = mapped_column(sa.String(60))
    state: Mapped[str] = mapped_column(sa.String(16))
    proposed_by_id: Mapped[int] = mapped_column(BigNumber)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(sa.String(500))


class LossDay(Base):
    """What one day's feeds put in doubt of one policy: flowing, or held for a person, who carried it out or dismissed it."""

    __tablename__ = "loss_day"

    policy_id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    live_count: Mapped[int]
    loss_count: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(16), default="flowing")
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LossOfDay(Base):
    """One award that a day's feeds put in doubt."""

    __tablename__ = "loss_of_day"

    policy_id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    award_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("award.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(500))
