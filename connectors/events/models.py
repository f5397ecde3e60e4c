"""What came in from departments: accepted once each, refused with a reason, and how far each was polled."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class ReceivedEvent(Base):
    """One accepted event. Its content is sealed; ``digest`` is keyed, so that small records cannot be guessed."""

    __tablename__ = "received_event"
    __table_args__ = (sa.UniqueConstraint("department", "event_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(sa.String(40))
    event_id: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(60))
    came_by: Mapped[str] = mapped_column(sa.String(8))
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RejectedEvent(Base):
    """One refusal. The reason names fields and codes, never a person.

    What a department itself sent is kept sealed, so that nothing is lost when it was our reading that was wrong: it is
    open until an official lets it be read again or drops it. What came without a good signature is not kept.
    """

    __tablename__ = "rejected_event"
    __table_args__ = (sa.Index("ix_rejected_event_digest", "department", "digest"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    department: Mapped[str] = mapped_column(sa.String(40), index=True)
    reason: Mapped[str] = mapped_column(sa.String(300))
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    came_by: Mapped[str] = mapped_column(sa.String(8))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_as: Mapped[str | None] = mapped_column(sa.String(8))


class PollCursor(Base):
    """How far a department's list of events has been read, since when, and when it was last read to its end."""

    __tablename__ = "poll_cursor"

    department: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    cursor: Mapped[str] = mapped_column(sa.String(120), default="")
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
