"""Tables of accounts. A person may exist in the registry without one."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class Account(Base):
    """The way in for one person. ``state`` is active, locked (by an administrator) or closed.

    ``real_name_at``: name and number were checked with public security; ``in_person_at``: an official compared face and
    document at a counter. Whoever signs in by phone alone needs neither login name nor password.
    """

    __tablename__ = "account"

    subject_id: Mapped[int] = mapped_column(
        BigNumber, sa.ForeignKey("subject.subject_id"), primary_key=True, autoincrement=False
    )
    login_name: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32), index=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(160))
    state: Mapped[str] = mapped_column(sa.String(16))
    real_name_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    in_person_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginEvent(Base):
    """One attempt to sign in. Addresses lie sealed; the indexes tell a known place or browser from a new one.

    Attempts at accounts that do not exist are kept too, without a subject, so that both take the same time.
    """

    __tablename__ = "login_event"
    __table_args__ = (sa.Index("ix_login_event_subject", "subject_id", "at"),)

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.subject_id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_success: Mapped[bool]
    address_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    address_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    device: Mapped[str] = mapped_column(sa.String(120))
    device_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    method: Mapped[str] = mapped_column(sa.String(8))


class TotpFactor(Base):
    """An authenticator app (RFC 6238). ``last_step`` is the newest time step used, so that no code works twice."""

    __tablename__ = "totp_factor"

    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), primary_key=True)
    secret_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(BigNumber)
