"""Versions of products: a document that never changes once published, and the two people who put their hands to it."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id


class Product(Base):
    """One version of one product of one institution. The document's SM3 hash is kept beside it."""

    __tablename__ = "financing_product"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "version"),
        sa.Index("ix_financing_product_state", "state"),
        sa.Index("ix_financing_product_bank_code", "bank_code"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    product_id: Mapped[str] = mapped_column(sa.String(80))
    version: Mapped[int]
    bank_code: Mapped[str] = mapped_column(sa.String(40))
    kind: Mapped[str] = mapped_column(sa.String(16))
    title: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(16))
    is_demonstration: Mapped[bool]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    source_text: Mapped[str] = mapped_column(sa.Text)
    cases_text: Mapped[str] = mapped_column(sa.Text)
    document: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    content_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    author_id: Mapped[int | None] = mapped_column(BigNumber)
    author_seat_id: Mapped[int | None] = mapped_column(BigNumber)
    publisher_id: Mapped[int | None] = mapped_column(BigNumber)
    publisher_seat_id: Mapped[int | None] = mapped_column(BigNumber)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
