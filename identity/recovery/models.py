"""Requests to put a new phone in the place of a lost one."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, UtcDateTime


class RecoveryRequest(Base):
    """waiting → finished | stopped | lapsed. Nothing about the account changes before ``ready_at``."""

    __tablename__ = "recovery_request"

    recovery_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), index=True)
    phone_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    phone_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32), index=True)
    address_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    device: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(12))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ready_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
