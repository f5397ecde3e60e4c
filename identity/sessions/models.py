"""The sign-in itself; portals carry its ``sid``."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class IdentitySession(Base):
    """Until ``ended_at`` or ``expires_at`` the browser need not ask for the password again.

    ``methods`` are how the person proved who they are (RFC 8176 names), ``acr`` the assurance that follows.
    """

    __tablename__ = "identity_session"
    __table_args__ = (
        sa.Index(
            "ix_identity_session_open_until",
            "expires_at",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    sid: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), index=True)
    acr: Mapped[str] = mapped_column(sa.String(16))
    methods: Mapped[list[str]] = mapped_column(JsonDocument)
    auth_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    device: Mapped[str] = mapped_column(sa.String(120))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(sa.String(40))
