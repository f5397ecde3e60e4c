"""Objections to public notices; who made one is known only if they said how to be reached, and sealed."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class NoticeObjection(Base):
    __tablename__ = "notice_objection"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    round: Mapped[int]
    channel: Mapped[str] = mapped_column(sa.String(8))  # public | office
    grounds: Mapped[str] = mapped_column(sa.Text)
    contact_sealed: Mapped[bytes | None]
    #: By the code that the objector was shown once, they read what came of it.
    receipt_hash: Mapped[bytes | None] = mapped_column(unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date]
    outcome: Mapped[str | None] = mapped_column(sa.String(16))  # dismiss | sustain
    answer: Mapped[str | None] = mapped_column(sa.Text)
    settled_by_id: Mapped[int | None] = mapped_column(BigNumber)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
