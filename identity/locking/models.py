"""What two officials decided about the way into somebody's account."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class AccountLock(Base):
    """proposed → done | refused | withdrawn. ``action`` is lock or unlock; the reason is sealed: it may tell of a crime."""

    __tablename__ = "account_lock"
    __table_args__ = (
        # One thing is proposed of one account at a time.
        sa.Index(
            "uq_account_lock_proposed_subject_id",
            "subject_id",
            unique=True,
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        ),
        sa.Index("ix_account_lock_state_proposed_at", "state", "proposed_at"),
    )

    lock_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"))
    action: Mapped[str] = mapped_column(sa.String(8))
    ground: Mapped[str] = mapped_column(sa.String(24))
    reason_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(sa.String(12))
    proposed_by_id: Mapped[int] = mapped_column(BigNumber)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
