"""The inbox and what each person wants to hear outside the app."""

from datetime import datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.wording import Kept, retold


class Notice(Base):
    """One message to one person. ``number`` orders them for live push; ``check_number`` is what people read out.

    ``summon_at``: when to look again whether its reader is to be summoned outside the app; None when that is settled.
    ``wording``: what its words were made of (``kernel.wording``), for readers of another language than Chinese.
    """

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index("ix_notice_subject_id_number", "subject_id", "number"),
        sa.Index(
            "ix_notice_summon_at",
            "is_urgent",
            "summon_at",
            sqlite_where=sa.text("summon_at IS NOT NULL"),
            postgresql_where=sa.text("summon_at IS NOT NULL"),
        ),
    )

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    check_number: Mapped[str] = mapped_column(sa.String(16), unique=True)
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(120))
    body: Mapped[str] = mapped_column(sa.Text)
    wording: Mapped[dict[str, Kept] | None] = mapped_column(JsonDocument)
    link: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_urgent: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    summon_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def read_title(self) -> str:
        """In the language being spoken."""
        return retold(self.title, (self.wording or {}).get("title"))

    def read_body(self) -> str:
        """In the language being spoken."""
        return retold(self.body, (self.wording or {}).get("body"))


class NoticePreference(Base):
    """Refusing messages outside the app loses no benefit (个人信息保护法 Art. 24)."""

    __tablename__ = "notice_preference"

    subject_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    is_enabled: Mapped[bool]


class SummoningHabits(Base):
    """When and how often a person wants to be summoned; without a row as ``summoning.Habits`` says."""

    __tablename__ = "summoning_habits"

    subject_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    quiet_from: Mapped[time] = mapped_column(sa.Time)
    quiet_until: Mapped[time] = mapped_column(sa.Time)
    pace: Mapped[str] = mapped_column(sa.String(10))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Summons(Base):
    """One message outside the app, and what became of it. Written before it is sent: its number is the key of the sending.

    ``state``: sending | queued | accepted | delivered | undeliverable | refused | unknown. ``act_at`` is when to send it
    (again) or to ask about it, None at its end.
    """

    __tablename__ = "summons"
    __table_args__ = (
        sa.Index("ix_summons_subject_id_number", "subject_id", "number"),
        sa.Index(
            "ix_summons_act_at",
            "act_at",
            sqlite_where=sa.text("act_at IS NOT NULL"),
            postgresql_where=sa.text("act_at IS NOT NULL"),
        ),
    )

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    channel: Mapped[str] = mapped_column(sa.String(20))
    wording: Mapped[str] = mapped_column(sa.String(10))
    #: How many notices it covers, the last of them, and the number by which its receiver checks that it is ours.
    covers: Mapped[int]
    through_number: Mapped[int] = mapped_column(BigNumber)
    check_number: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
