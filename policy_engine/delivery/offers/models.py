"""Offers: one row per policy, subject and unit, kept current by every match and never touched once a person answered."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id

_UNOPENED = "opened_at IS NULL"


class Offer(Base):
    """Subject (whose right), unit (what it is paid for) and division are apart; applicant and payee come with the claim."""

    __tablename__ = "offer"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "subject_id", "unit_id"),
        sa.Index("ix_offer_subject_id_state", "subject_id", "state"),
        sa.Index("ix_offer_state_policy_id_id", "state", "policy_id", "id"),
        sa.Index("ix_offer_unit_id", "unit_id", "policy_id"),
        sa.Index("ix_offer_state_lapses_on", "state", "lapses_on"),
        # Whom nobody has reached yet, the longest waiting first.
        sa.Index(
            "ix_offer_unopened",
            "state",
            "updated_at",
            "id",
            "division",
            sqlite_where=sa.text(_UNOPENED),
            postgresql_where=sa.text(_UNOPENED),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    unit_id: Mapped[int] = mapped_column(BigNumber)
    division: Mapped[str] = mapped_column(sa.String(12))
    mode: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    state_reason: Mapped[str | None] = mapped_column(sa.String(500))
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    missing: Mapped[list[str]] = mapped_column(JsonDocument, default=list)
    sequence: Mapped[int] = mapped_column(BigNumber)
    as_of: Mapped[date]
    matched_on: Mapped[date]
    lapses_on: Mapped[date | None]
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
