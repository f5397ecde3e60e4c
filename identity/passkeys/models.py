"""The public halves of people's passkeys."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class Passkey(Base):
    """``user_handle`` is what the authenticator keeps of its owner: random, one per person, nothing about them.

    ``sign_count`` only grows where an authenticator counts; one that falls back means a copy, and ``barred_at`` is set.
    """

    __tablename__ = "passkey"

    passkey_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), index=True)
    user_handle: Mapped[bytes] = mapped_column(sa.LargeBinary(64))
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigNumber)
    transports: Mapped[list[str]] = mapped_column(JsonDocument)
    is_synced: Mapped[bool]
    name: Mapped[str] = mapped_column(sa.String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    barred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
