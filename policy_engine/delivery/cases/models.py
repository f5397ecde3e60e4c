"""What the four lives share: a history anybody concerned can read, pauses with a reason, and official numbers."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class CaseEvent(Base):
    """One thing that happened. ``detail`` carries numbers and reasons, never values of facts."""

    __tablename__ = "case_event"
    __table_args__ = (
        sa.Index("ix_case_event_object", "object_kind", "object_id"),
        sa.Index("ix_case_event_claim_id_happened_at", "claim_id", "happened_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    object_kind: Mapped[str] = mapped_column(sa.String(16))  # offer | claim | award | payment | overpayment
    object_id: Mapped[uuid.UUID]
    #: The thread a person follows: null only before there is a claim.
    claim_id: Mapped[uuid.UUID | None]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    kind: Mapped[str] = mapped_column(sa.String(48))
    from_state: Mapped[str | None] = mapped_column(sa.String(20))
    to_state: Mapped[str | None] = mapped_column(sa.String(20))
    actor_kind: Mapped[str] = mapped_column(sa.String(16))  # system | person | proxy | counter | seat | bank
    actor_id: Mapped[int | None] = mapped_column(BigNumber)
    actor_name: Mapped[str] = mapped_column(sa.String(100))
    detail: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    #: Shown to the person; what only the office needs is not.
    is_public: Mapped[bool] = mapped_column(default=True)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Hold(Base):
    """A pause with a reason. One set by a person is lifted only by a person."""

    __tablename__ = "hold"
    __table_args__ = (sa.Index("ix_hold_object", "object_kind", "object_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    object_kind: Mapped[str] = mapped_column(sa.String(16))
    object_id: Mapped[uuid.UUID]
    cause: Mapped[str] = mapped_column(sa.String(32))  # manual | suspected_loss | death | recheck | account
    reason: Mapped[str] = mapped_column(sa.String(500))
    set_by_id: Mapped[int | None] = mapped_column(BigNumber)  # null: the system
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_by_id: Mapped[int | None] = mapped_column(BigNumber)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NumberSeries(Base):
    """Gapless official numbers, one row per series."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    last: Mapped[int] = mapped_column(BigNumber)
