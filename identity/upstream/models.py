"""Which accounts have an identity elsewhere."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, UtcDateTime


class UpstreamLink(Base):
    """``external_index`` is the blind index of issuer and subject there; what they call the person is not kept."""

    __tablename__ = "upstream_link"
    __table_args__ = (sa.UniqueConstraint("provider", "external_index"),)

    link_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16))
    external_index: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("account.subject_id"), index=True)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
