"""A check, who agreed to it, and what each source was asked. Answers are sealed, and go when the check's term ends."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, BigNumber, UtcDateTime
from kernel.ids import new_id

_OPEN = "state IN ('authorising','asking')"


class MeansCheck(Base):
    __tablename__ = "means_check"
    __table_args__ = (
        # A household is asked about for one claim once at a time.
        sa.Index(
            "uq_means_check_open_claim_id",
            "claim_id",
            unique=True,
            sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        ),
        sa.Index("ix_means_check_state_due_on", "state", "due_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    claim_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("claim.id"))
    household_id: Mapped[int] = mapped_column(BigNumber)
    division: Mapped[str] = mapped_column(sa.String(12))
    #: authorising | asking | done | refused | lapsed | withdrawn | closed | expired
    state: Mapped[str] = mapped_column(sa.String(16))
    opened_by_id: Mapped[int] = mapped_column(BigNumber)
    opened_by_seat: Mapped[str] = mapped_column(sa.String(170))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: By when the members agree; then by when the sources answer.
    due_on: Mapped[date]
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_incomplete: Mapped[bool] = mapped_column(default=False)
    valid_until_on: Mapped[date | None]
    result_sealed: Mapped[bytes | None]


class MeansConsent(Base):
    """What one member said. It stays as the proof of the authorisation; it holds no figure."""

    __tablename__ = "means_consent"
    __table_args__ = (sa.UniqueConstraint("check_id", "subject_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    check_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("means_check.id"), index=True)
    subject_id: Mapped[int] = mapped_column(BigNumber, index=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    state: Mapped[str] = mapped_column(sa.String(16))  # waiting | given | refused | withdrawn
    channel: Mapped[str | None] = mapped_column(sa.String(8))  # app | paper | thumb | voice
    paper: Mapped[str | None] = mapped_column(sa.String(100))
    recorded_by_id: Mapped[int | None] = mapped_column(BigNumber)
    #: Of a thumbprint or spoken words: who witnessed it, why there is no signature, the recording's digest.
    witnessed_sealed: Mapped[bytes | None]
    said_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: How the word was taken back: app | paper | thumb | voice; who pressed the button; where the paper is filed.
    withdrawal_channel: Mapped[str | None] = mapped_column(sa.String(8))
    withdrawal_by_id: Mapped[int | None] = mapped_column(BigNumber)
    withdrawal_paper: Mapped[str | None] = mapped_column(sa.String(100))
    #: Who witnessed that, and who brought it with which mandate.
    withdrawal_sealed: Mapped[bytes | None]


class MeansRecording(Base):
    """Spoken words on file; sealed at rest, its digests kept to know it by."""

    __tablename__ = "means_recording"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    check_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("means_check.id"), index=True)
    consent_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("means_consent.id"))
    said: Mapped[str] = mapped_column(sa.String(16))  # given | withdrawn
    name: Mapped[str] = mapped_column(sa.String(120))
    media_type: Mapped[str] = mapped_column(sa.String(40))
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    sm3: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    #: base64 of the bytes, sealed; read only when somebody listens.
    content_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    uploaded_by_id: Mapped[int] = mapped_column(BigNumber)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IncomeRule(Base):
    """What officials added to the list of income that does not count: one proposes, another agrees; nothing is deleted."""

    __tablename__ = "income_rule"
    __table_args__ = (
        # One change of one rule is under discussion at a time.
        sa.Index(
            "uq_income_rule_proposed",
            "test",
            "kind",
            "division",
            "since",
            unique=True,
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    test: Mapped[str] = mapped_column(sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(32))
    division: Mapped[str] = mapped_column(sa.String(12))
    since: Mapped[date]
    until: Mapped[date | None]
    counts: Mapped[bool]
    free_fen: Mapped[int] = mapped_column(BigNumber)
    title: Mapped[str] = mapped_column(sa.String(200))
    document_number: Mapped[str | None] = mapped_column(sa.String(60))
    url: Mapped[str] = mapped_column(sa.String(300))
    standing: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))  # proposed | agreed | refused | withdrawn
    proposed_by_id: Mapped[int] = mapped_column(BigNumber)
    proposed_by_seat: Mapped[str] = mapped_column(sa.String(170))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigNumber)
    decided_by_seat: Mapped[str | None] = mapped_column(sa.String(170))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(sa.String(500))


class MeansInquiry(Base):
    __tablename__ = "means_inquiry"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    check_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("means_check.id"), index=True)
    subject_id: Mapped[int] = mapped_column(BigNumber)
    source: Mapped[str] = mapped_column(sa.String(24))
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    consent_number: Mapped[str] = mapped_column(sa.String(40))
    state: Mapped[str] = mapped_column(sa.String(16))  # asked | answered | failed
    is_submitted: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(sa.String(200))
    answer_sealed: Mapped[bytes | None]
