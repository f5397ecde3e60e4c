"""Policies, their versions, who put a hand to them, and the epoch that says when the published set changed."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id
from policy_engine.policies.states import PolicyState, state_on


class Policy(Base):
    """One policy through all its versions; ``latest_version`` is the number given last."""

    __tablename__ = "policy"

    id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(sa.String(9), index=True)
    latest_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PolicyVersion(Base):
    """One version. The document may change while it is a draft and never afterwards: its SM3 hash is kept beside it."""

    __tablename__ = "policy_version"
    __table_args__ = (
        sa.UniqueConstraint("policy_id", "version"),
        sa.Index("ix_policy_version_state", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    policy_id: Mapped[str] = mapped_column(sa.ForeignKey("policy.id"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(120))
    audience: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    rollout_permille: Mapped[int] = mapped_column(default=0)
    standing: Mapped[str] = mapped_column(sa.String(16))
    is_demonstration: Mapped[bool]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    source_text: Mapped[str] = mapped_column(sa.Text)
    cases_text: Mapped[str] = mapped_column(sa.Text)
    document: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    content_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    author_id: Mapped[int] = mapped_column(BigNumber)
    author_seat_id: Mapped[int] = mapped_column(BigNumber)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def state_on(self, day: date) -> PolicyState:
        """Its state on a day; what is published becomes effective and expires by itself."""
        return state_on(self.state, self.effective_from, self.effective_to, day)

    @property
    def is_full(self) -> bool:
        return self.rollout_permille >= 1000


class PolicyApproval(Base):
    """One hand put to a version: who, on which seat, what, what they said, and what they found or saw."""

    __tablename__ = "policy_approval"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    version_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("policy_version.id"), index=True)
    subject_id: Mapped[int] = mapped_column(BigNumber)
    seat_id: Mapped[int] = mapped_column(BigNumber)
    seat_title: Mapped[str] = mapped_column(sa.String(100))
    action: Mapped[str] = mapped_column(sa.String(16))
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    detail: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class PolicyEpoch(Base):
    """One row: grows by one with every change of what is published, so that caches know when to look again."""

    __tablename__ = "policy_epoch"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int]
