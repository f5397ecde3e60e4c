"""One rating of one finished claim, and for a bad one the task that it becomes."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class Rating(Base):
    __tablename__ = "claim_rating"
    __table_args__ = (
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name="grade_of_five"),
        sa.Index("ix_claim_rating_state_due_on", "state", "due_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    #: 一事一评: a claim is rated once.
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), unique=True)
    rated_by_id: Mapped[int] = mapped_column(BigNumber)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    #: Whose work it was: the department that decided.
    department: Mapped[str] = mapped_column(sa.String(64))
    division: Mapped[str] = mapped_column(sa.String(12))
    grade: Mapped[int]
    words: Mapped[str] = mapped_column(sa.Text)
    #: Whether they may be called back, and so be known by name to whoever looks into it.
    may_be_called: Mapped[bool]
    state: Mapped[str] = mapped_column(sa.String(16))  # filed | task | answered
    rated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date | None]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_founded: Mapped[bool | None]
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answered_by_id: Mapped[int | None] = mapped_column(BigNumber)
    answered_by_seat: Mapped[str | None] = mapped_column(sa.String(170))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
