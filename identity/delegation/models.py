"""Tables of delegation. Nothing is deleted: what was allowed, by whom and until when stays readable."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class Proxy(Base):
    """亲情代办: ``principal_id`` lets ``agent_id`` act within ``scopes``; ``given_by`` is phone, counter or paper."""

    __tablename__ = "proxy"

    proxy_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    relation: Mapped[str] = mapped_column(sa.String(20))
    scopes: Mapped[list[str]] = mapped_column(JsonDocument)
    given_by: Mapped[str] = mapped_column(sa.String(16))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(Base):
    """Who may act for a firm; ``appointed_by`` is the membership it hangs on, or nothing for the legal representative."""

    __tablename__ = "membership"

    membership_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(16))
    scopes: Mapped[list[str]] = mapped_column(JsonDocument)
    appointed_by: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("membership.membership_id"), index=True
    )
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
