"""The row that every request reads: while it stands, its tokens live; when it ends, they are dead at once."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class OAuthGrant(Base):
    """``basis`` names what the capacity rests on (``seat:4``, ``proxy:<uuid>``), so that its end finds the grants.

    ``epoch`` rises when the access tokens issued so far must die while the grant goes on. A grant that came of another
    by token exchange names it in ``parent_id``, carries the chain of those who act in ``act``, and ends with it.
    """

    __tablename__ = "oauth_grant"
    __table_args__ = (
        sa.Index(
            "ix_oauth_grant_parent",
            "parent_id",
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_oauth_grant_open_until",
            "expires_at",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    grant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    sid: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("identity_session.sid"), index=True)
    client_id: Mapped[str] = mapped_column(sa.ForeignKey("oauth_client.client_id"), index=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    capacity: Mapped[str] = mapped_column(sa.String(16))
    acting_for: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    seat_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seat.seat_id"))
    basis: Mapped[str] = mapped_column(sa.String(60), index=True)
    scope: Mapped[str] = mapped_column(sa.String(400))
    parent_id: Mapped[uuid.UUID | None]
    act: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    audience: Mapped[str | None] = mapped_column(sa.String(400))
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonDocument)
    claims: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    acr: Mapped[str] = mapped_column(sa.String(16))
    methods: Mapped[list[str] | None] = mapped_column(JsonDocument)
    auth_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(sa.String(40))
