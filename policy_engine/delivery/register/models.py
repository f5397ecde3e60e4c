"""The sums for persons that stand published: each group as it was at its last step (``settling``)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class RegisterCell(Base):
    __tablename__ = "register_cell"

    policy_id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    year: Mapped[str] = mapped_column(sa.String(4), primary_key=True)
    county: Mapped[str] = mapped_column(sa.String(6), primary_key=True)
    people: Mapped[int]
    fen: Mapped[int] = mapped_column(BigNumber)
    settled_at: Mapped[datetime] = mapped_column(UtcDateTime)
