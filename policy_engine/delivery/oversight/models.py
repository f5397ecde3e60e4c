"""A finding: what was noticed, who has to explain it by when, what they said, and how it was closed."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class Finding(Base):
    __tablename__ = "oversight_finding"
    __table_args__ = (
        # Found again the next night, it is the same case.
        sa.UniqueConstraint("question", "key"),
        sa.Index("ix_oversight_finding_state_due_on", "state", "due_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    question: Mapped[str] = mapped_column(sa.String(32))
    key: Mapped[str] = mapped_column(sa.String(160))
    #: How much of it there is (people on an account, months paid): a closed case that grows is opened again.
    weight: Mapped[int]
    subject_id: Mapped[int | None] = mapped_column(BigNumber)
    claim_id: Mapped[uuid.UUID | None]
    #: Whom it concerns among officials: they do not answer it.
    official_id: Mapped[int | None] = mapped_column(BigNumber)
    division: Mapped[str] = mapped_column(sa.String(12))
    duty: Mapped[str] = mapped_column(sa.String(24))
    #: Numbers, days and sums; never names or values of facts.
    detail: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    state: Mapped[str] = mapped_column(sa.String(16))  # asked | answered | closed
    found_on: Mapped[date]
    last_found_on: Mapped[date]
    is_standing: Mapped[bool]
    asked: Mapped[str] = mapped_column(sa.Text)
    due_on: Mapped[date]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answered_by_id: Mapped[int | None] = mapped_column(BigNumber)
    answered_by_seat: Mapped[str | None] = mapped_column(sa.String(170))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(sa.String(16))  # explained | corrected | recovered | referred
    closing: Mapped[str | None] = mapped_column(sa.Text)
    closed_by_id: Mapped[int | None] = mapped_column(BigNumber)
    closed_by_name: Mapped[str | None] = mapped_column(sa.String(50))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
