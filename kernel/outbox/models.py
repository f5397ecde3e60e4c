"""Two tables: the messages, and which handler has already had its effect for which message."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime


class OutboxMessage(Base):
    """``number`` orders the messages of one ``key``; a message waits for the earlier undone ones of its key."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.Index(
            "ix_outbox_message_undone",
            "available_at",
            "number",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        # Of one topic what is due next, however much of others waits before it.
        sa.Index(
            "ix_outbox_message_undone_topic",
            "topic",
            "available_at",
            "number",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        sa.Index(
            "ix_outbox_message_undone_key",
            "key",
            "number",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
    )

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    message_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    topic: Mapped[str] = mapped_column(sa.String(80))
    key: Mapped[str] = mapped_column(sa.String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    enqueued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[uuid.UUID | None]
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(sa.Text)


class OutboxEffect(Base):
    """Written in the transaction of a handler's effect, so that a second delivery has none."""

    __tablename__ = "outbox_effect"

    handler: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
