"""Payee accounts: the number sealed, shown masked, its holder checked with the bank."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id


class PayeeAccount(Base):
    __tablename__ = "payee_account"
    __table_args__ = (sa.UniqueConstraint("subject_id", "number_index"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    #: Who holds it and receives the money.
    subject_id: Mapped[int] = mapped_column(BigNumber)
    bank: Mapped[str] = mapped_column(sa.String(64))
    masked: Mapped[str] = mapped_column(sa.String(32))
    number_sealed: Mapped[bytes]
    number_index: Mapped[bytes] = mapped_column(index=True)
    holder_sealed: Mapped[bytes]
    source: Mapped[str] = mapped_column(sa.String(32))  # social_card | declared | counter | register
    is_default: Mapped[bool]
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    check_result: Mapped[str | None] = mapped_column(sa.String(32))  # match | mismatch | closed
    #: One account that receives for more than three people is looked at by a person.
    flagged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    usable_from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
