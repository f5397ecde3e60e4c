"""ratings objections findings and means"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "oversight_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("official_id", BigNumber, nullable=True),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("duty", sa.String(length=24), nullable=False),
        sa.Column("detail", JsonDocument, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("last_found_on", sa.Date(), nullable=False),
        sa.Column("is_standing", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reminded_at", UtcDateTime, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by_id", BigNumber, nullable=True),
        sa.Column("answered_by_seat", sa.String(length=170), nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("closed_by_id", BigNumber, nullable=True),
        sa.Column("closed_by_name", sa.String(length=50), nullable=True),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oversight_finding")),
        sa.UniqueConstraint("question", "key", name=op.f("uq_oversight_finding_question_key")),
    )
    op.create_index(
        "ix_oversight_finding_state_due_on", "oversight_finding", ["state", "due_on"], unique=False
    )
    op.create_table(
        "claim_rating",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("rated_by_id", BigNumber, nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("may_be_called", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rated_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reminded_at", UtcDateTime, nullable=True),
        sa.Column("is_founded", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by_id", BigNumber, nullable=True),
        sa.Column("answered_by_seat", sa.String(length=170), nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name=op.f("ck_claim_rating_grade_of_five")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_rating_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_rating")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_claim_rating_claim_id")),
    )
    op.create_index("ix_claim_rating_state_due_on", "claim_rating", ["state", "due_on"], unique=False)
    op.create_table(
        "means_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", BigNumber, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_by_id", BigNumber, nullable=False),
        sa.Column("opened_by_seat", sa.String(length=170), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reminded_at", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("is_incomplete", sa.Boolean(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("result_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_means_check_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_means_check")),
        sa.UniqueConstraint("number", name=op.f("uq_means_check_number")),
    )
    op.create_index("ix_means_check_state_due_on", "means_check", ["state", "due_on"], unique=False)
    op.create_index(
        "uq_means_check_open_claim_id",
        "means_check",
        ["claim_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('authorising','asking')"),
        postgresql_where=sa.text("state IN ('authorising','asking')"),
    )
    op.create_table(
        "notice_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_hash", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("settled_by_id", BigNumber, nullable=True),
        sa.Column("settled_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_notice_objection_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_objection")),
        sa.UniqueConstraint("receipt_hash", name=op.f("uq_notice_objection_receipt_hash")),
    )
    op.create_index(op.f("ix_notice_objection_claim_id"), "notice_objection", ["claim_id"], unique=False)
    op.create_table(
        "means_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=True),
        sa.Column("paper", sa.String(length=100), nullable=True),
        sa.Column("recorded_by_id", BigNumber, nullable=True),
        sa.Column("said_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["means_check.id"], name=op.f("fk_means_consent_check_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_means_consent")),
        sa.UniqueConstraint("check_id", "subject_id", name=op.f("uq_means_consent_check_id_subject_id")),
        sa.UniqueConstraint("number", name=op.f("uq_means_consent_number")),
    )
    op.create_index(op.f("ix_means_consent_check_id"), "means_consent", ["check_id"], unique=False)
    op.create_index(op.f("ix_means_consent_subject_id"), "means_consent", ["subject_id"], unique=False)
    op.create_table(
        "means_inquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("consent_number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_submitted", sa.Boolean(), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["means_check.id"], name=op.f("fk_means_inquiry_check_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_means_inquiry")),
        sa.UniqueConstraint("number", name=op.f("uq_means_inquiry_number")),
    )
    op.create_index(op.f("ix_means_inquiry_check_id"), "means_inquiry", ["check_id"], unique=False)
