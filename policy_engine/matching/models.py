"""What matched last: one row per policy, subject and unit, never overwritten by an older match."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class PolicyMatch(Base):
    """Who is eligible, and how it ended with those who no longer are (unknown or ineligible). No row: never eligible.

    ``because`` is why the verdict came when it did: the names from the changed fact to the judgement.
    """

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
    because: Mapped[list[str]] = mapped_column(JsonDocument)


class FullMatch(Base):
    """The whole city matched anew: on which facts and day, and how much of what was kept had drifted from it.

    ``drifted`` is None where nothing could be compared: the first time, or with a publication under way.
    """

    __tablename__ = "full_match"

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    as_of: Mapped[date]
    sequence: Mapped[int] = mapped_column(BigNumber)
    epoch: Mapped[int] = mapped_column(BigNumber)
    drifted: Mapped[int | None]
    matched_at: Mapped[datetime] = mapped_column(UtcDateTime)
