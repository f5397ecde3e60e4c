"""A reference rate from a day on: proposed by one official with its source, in force by the hand of another."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id

_IN_FORCE = "state = 'in_force'"


class ReferenceRate(Base):
    """proposed → in_force | refused; a correction of the same day puts the former one to ``replaced``, never away."""

    __tablename__ = "financing_reference_rate"
    __table_args__ = (
        sa.Index(
            "uq_financing_reference_rate_in_force",
            "kind",
            "since",
            unique=True,
            sqlite_where=sa.text(_IN_FORCE),
            postgresql_where=sa.text(_IN_FORCE),
        ),
        sa.CheckConstraint("rate_bp > 0 AND rate_bp <= 2400", name="rate_within"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(16))
    since: Mapped[date]
    rate_bp: Mapped[int]
    source_title: Mapped[str] = mapped_column(sa.String(200))
    source_url: Mapped[str] = mapped_column(sa.String(400))
    state: Mapped[str] = mapped_column(sa.String(16))
    proposed_by_id: Mapped[int | None] = mapped_column(BigNumber)
    proposed_by_name: Mapped[str] = mapped_column(sa.String(80))
    proposed_seat_id: Mapped[int | None] = mapped_column(BigNumber)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
