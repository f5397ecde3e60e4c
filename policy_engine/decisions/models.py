"""Decision records as they are kept: signed digests in the open, values sealed until they are erased."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class DecisionRecord(Base):
    """``content`` is the canonical JSON that was signed; ``bearers`` the subjects behind it, in its order.

    ``disclosures_sealed`` opens to every value the record commits to; emptied at erasure, the signature still holds.
    """

    __tablename__ = "decision_record"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    outcome: Mapped[str] = mapped_column(sa.String(16))
    subject_id: Mapped[int] = mapped_column(BigNumber, index=True)
    offer_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    claim_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    statuses: Mapped[list[list[Any]]] = mapped_column(JsonDocument)
    facts_sequence: Mapped[int] = mapped_column(BigNumber)
    bearers: Mapped[list[int]] = mapped_column(JsonDocument)
    content: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[str] = mapped_column(sa.String(64))
    signature: Mapped[str] = mapped_column(sa.Text)
    key_id: Mapped[str] = mapped_column(sa.String(64))
    disclosures_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
