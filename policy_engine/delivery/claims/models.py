"""Claims: the four roles apart, the policy version and the facts pinned, the stage map as it stood when it began."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, validates

from kernel.database import Base, BigNumber, JsonDocument, UtcDateTime
from kernel.ids import new_id
from policy_engine.delivery.claims.desks import desk_of

_AT_A_DESK = "desk IS NOT NULL"
_OPEN = "state IN ('submitted','supplement','joint_review','review','notice','objection','appealed')"


class Claim(Base):
    __tablename__ = "claim"
    __table_args__ = (
        # Two parents, two taps, two counters: one right is claimed once at a time.
        sa.Index(
            "uq_claim_open_policy_id_unit_id",
            "policy_id",
            "unit_id",
            unique=True,
            sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        ),
        # What is in a state and a place, the nearest deadline first, without reading a claim.
        sa.Index("ix_claim_waiting", "state", "division", "stage_due_on", "created_at", "id"),
        # Work lists, and how much is in them: of the claims that wait for somebody only.
        sa.Index(
            "ix_claim_desk",
            *(
                "desk",
                "division",
                "stage_due_on",
                "created_at",
                "id",
                "policy_id",
                "policy_version",
                "is_held",
            ),
            sqlite_where=sa.text(_AT_A_DESK),
            postgresql_where=sa.text(_AT_A_DESK),
        ),
        sa.Index("ix_claim_subject_id", "subject_id"),
        sa.Index("ix_claim_unit_id", "unit_id", "policy_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    #: 办件编号; a draft has none yet.
    case_number: Mapped[str | None] = mapped_column(sa.String(32), unique=True)
    offer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("offer.id"), index=True)
    policy_id: Mapped[str] = mapped_column(sa.String(80))
    policy_version: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigNumber)
    applicant_id: Mapped[int] = mapped_column(BigNumber)
    payee_id: Mapped[int | None] = mapped_column(BigNumber)
    unit_id: Mapped[int] = mapped_column(BigNumber)
    account_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("payee_account.id"), index=True)
    #: Who pressed the button, when it was an official at a counter: that person may not review it.
    entered_by_id: Mapped[int | None] = mapped_column(BigNumber)
    channel: Mapped[str] = mapped_column(sa.String(16))
    mode: Mapped[str] = mapped_column(sa.String(16))
    division: Mapped[str] = mapped_column(sa.String(12))
    state: Mapped[str] = mapped_column(sa.String(16))
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    stage_index: Mapped[int] = mapped_column(default=0)
    stage_entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stage_due_on: Mapped[date | None]
    #: Follows from state, map and stage (``claims.desks``); none where the claim waits for no seat.
    desk: Mapped[str | None] = mapped_column(sa.Text)
    amount_fen: Mapped[int | None] = mapped_column(BigNumber)
    facts: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    facts_sequence: Mapped[int] = mapped_column(BigNumber)
    #: What the applicant declared (告知承诺) and which papers were shown; never mixed into the pinned facts.
    declared: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument, default=list)
    supplement_request: Mapped[str | None] = mapped_column(sa.Text)
    is_held: Mapped[bool] = mapped_column(default=False)
    round: Mapped[int] = mapped_column(default=1)
    #: Counts how often a stage was entered: what was signed at an earlier visit does not count at a later one.
    visit: Mapped[int] = mapped_column(default=1, server_default="1")
    #: 委派: the seat that alone acts at the present stage, by the department it acts for ("" where any may).
    assignments: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict, server_default="{}")
    qualified_on: Mapped[date]
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notice_until_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @validates("state", "stages", "stage_index")
    def _lie_on_a_desk(self, name: str, value: Any) -> Any:
        """Whoever moves a claim moves it to another desk, whichever of the three they write last."""
        now: dict[str, Any] = {
            "state": self.state,
            "stages": self.stages,
            "stage_index": self.stage_index,
        } | {name: value}
        desk = desk_of(now["state"] or "", now["stages"] or (), now["stage_index"] or 0)
        if desk != self.desk:
            self.desk = desk
        return value


class StageDecision(Base):
    """What one official did at one stage, in the words they gave; the ground of the separation of persons."""

    __tablename__ = "claim_stage_decision"
    # In which claims an official had a hand: who decides does not pay.
    __table_args__ = (sa.Index("ix_claim_stage_decision_official_id", "official_id", "claim_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    round: Mapped[int]
    stage: Mapped[str] = mapped_column(sa.String(32))
    action: Mapped[str] = mapped_column(sa.String(32))
    official_id: Mapped[int] = mapped_column(BigNumber)
    official_name: Mapped[str] = mapped_column(sa.String(50))
    seat_id: Mapped[int] = mapped_column(BigNumber)
    seat_title: Mapped[str] = mapped_column(sa.String(100))
    department: Mapped[str] = mapped_column(sa.String(64))
    division: Mapped[str] = mapped_column(sa.String(12))
    reason: Mapped[str] = mapped_column(sa.Text)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    visit: Mapped[int] = mapped_column(default=1, server_default="1")
    #: Where the claim stood before and after, so that the last hand can take its act back; null of older acts.
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    #: 撤回: an act taken back stays in the file, and counts for nothing.
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Opinion(Base):
    """加签: what a seat asked another to say before it acts, and the answer."""

    __tablename__ = "claim_opinion"
    __table_args__ = (
        sa.Index(
            "ix_claim_opinion_open_seat_id",
            "seat_id",
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    round: Mapped[int]
    visit: Mapped[int]
    stage: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[str] = mapped_column(sa.String(16))  # asked | answered | dropped
    question: Mapped[str] = mapped_column(sa.Text)
    asked_by_id: Mapped[int] = mapped_column(BigNumber)
    asked_by_seat: Mapped[str] = mapped_column(sa.String(170))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date]
    seat_id: Mapped[int] = mapped_column(BigNumber)
    seat_name: Mapped[str] = mapped_column(sa.String(170))
    stance: Mapped[str | None] = mapped_column(sa.String(16))  # agrees | objects | neutral
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answered_by_id: Mapped[int | None] = mapped_column(BigNumber)
    answered_by_name: Mapped[str | None] = mapped_column(sa.String(50))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WrittenDecision(Base):
    """决定书: numbered, signed by a named official, with reasons and the ways on."""

    __tablename__ = "claim_written_decision"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    number: Mapped[str] = mapped_column(sa.String(64), unique=True)
    outcome: Mapped[str] = mapped_column(sa.String(16))  # granted | refused | upheld | overturned
    reasons: Mapped[str] = mapped_column(sa.Text)
    legal_basis: Mapped[str] = mapped_column(sa.Text)
    official_id: Mapped[int] = mapped_column(BigNumber)
    official_name: Mapped[str] = mapped_column(sa.String(50))
    seat_title: Mapped[str] = mapped_column(sa.String(100))
    department: Mapped[str] = mapped_column(sa.String(64))
    decided_on: Mapped[date]
    served_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: 行政复议法 Art. 20: 60 days; 行政诉讼法 Art. 46: 6 months. Set on refusals only.
    reconsideration_until_on: Mapped[date | None]
    lawsuit_until_on: Mapped[date | None]


class Appeal(Base):
    """One asking-again after a refusal; decided by somebody who did not refuse."""

    __tablename__ = "claim_appeal"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"), index=True)
    filed_by_id: Mapped[int] = mapped_column(BigNumber)
    grounds: Mapped[str] = mapped_column(sa.Text)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_on: Mapped[date]
    outcome: Mapped[str | None] = mapped_column(sa.String(16))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
