"""The inbox and what each person wants to hear outside the app."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime


class Notice(Base):
    """One message to one person. ``number`` orders them for live push; ``check_number`` is what people read out."""

    __tablename__ = "notice"
    __table_args__ = (sa.Index("ix_notice_subject_id_number", "subject_id", "number"),)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    check_number: Mapped[str] = mapped_column(sa.String(16), unique=True)
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(120))
    body: Mapped[str] = mapped_column(sa.Text)
    link: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoticePreference(Base):
    """Refusing messages outside the app loses no benefit (个人信息保护法 Art. 24)."""

    __tablename__ = "notice_preference"

    subject_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    is_enabled: Mapped[bool]
