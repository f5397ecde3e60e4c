"""One finding for each rule, subject and attribute, for as long as it holds."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class QualityFinding(Base):
    """``open`` until the data are right (``settled``) or an official says why they are (``dismissed``)."""

    __tablename__ = "quality_finding"
    __table_args__ = (
        sa.UniqueConstraint("rule", "subject_id", "attribute"),
        sa.Index("ix_quality_finding_source", "source", "state", "rule"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int] = mapped_column(BigNumber)
    attribute: Mapped[str] = mapped_column(sa.String(80))
    source: Mapped[str] = mapped_column(sa.String(40))
    division: Mapped[str] = mapped_column(sa.String(9))
    state: Mapped[str] = mapped_column(sa.String(10))
    note: Mapped[str | None] = mapped_column(sa.String(300))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[int | None] = mapped_column(BigNumber)
