"""What matched last: one row per policy, subject and unit, never overwritten by an older match."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber


class PolicyMatch(Base):
    """Verdicts worth keeping: eligible and unknown. No row means not eligible, or never judged."""

    __tablename__ = "policy_match"
    __table_args__ = (sa.Index("ix_policy_match_subject_id", "subject_id"),)

    policy_id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigNumber, primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigNumber, primary_key=True)
    version: Mapped[int]
    verdict: Mapped[str] = mapped_column(sa.String(12))
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    sequence: Mapped[int] = mapped_column(BigNumber)
    as_of: Mapped[date]
