"""rights over time"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "loss_day",
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("live_count", sa.Integer(), nullable=False),
        sa.Column("loss_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by_id", BigNumber, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("policy_id", "day", name=op.f("pk_loss_day")),
    )
    op.create_table(
        "loss_of_day",
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_loss_of_day_award_id")),
        sa.PrimaryKeyConstraint("policy_id", "day", "award_id", name=op.f("pk_loss_of_day")),
    )
    op.create_table(
        "overpayment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("is_official_error", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("repaid_fen", BigNumber, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("hearing_until_on", sa.Date(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("found_by_id", BigNumber, nullable=True),
        sa.Column("found_at", UtcDateTime, nullable=False),
        sa.Column("decided_by_id", BigNumber, nullable=True),
        sa.Column("decision_number", sa.String(length=64), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_overpayment_award_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_overpayment_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overpayment")),
    )
    op.create_index(op.f("ix_overpayment_award_id"), "overpayment", ["award_id"], unique=False)
    op.create_index(op.f("ix_overpayment_claim_id"), "overpayment", ["claim_id"], unique=False)
    op.create_index("ix_overpayment_state_division", "overpayment", ["state", "division"], unique=False)
    op.create_index("ix_overpayment_subject_id", "overpayment", ["subject_id"], unique=False)
    op.create_table(
        "overpaid_period",
        sa.Column("overpayment_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("repaid_fen", BigNumber, nullable=False),
        sa.ForeignKeyConstraint(
            ["overpayment_id"], ["overpayment.id"], name=op.f("fk_overpaid_period_overpayment_id")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_overpaid_period_payment_id")),
        sa.PrimaryKeyConstraint("overpayment_id", "payment_id", name=op.f("pk_overpaid_period")),
    )
    op.create_index(op.f("ix_overpaid_period_payment_id"), "overpaid_period", ["payment_id"], unique=False)
    op.create_table(
        "overpayment_instalment",
        sa.Column("overpayment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.ForeignKeyConstraint(
            ["overpayment_id"], ["overpayment.id"], name=op.f("fk_overpayment_instalment_overpayment_id")
        ),
        sa.PrimaryKeyConstraint("overpayment_id", "number", name=op.f("pk_overpayment_instalment")),
    )
    op.create_table(
        "overpayment_repayment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("overpayment_id", sa.Uuid(), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_by_id", BigNumber, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["overpayment_id"], ["overpayment.id"], name=op.f("fk_overpayment_repayment_overpayment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overpayment_repayment")),
        sa.UniqueConstraint("receipt", name=op.f("uq_overpayment_repayment_receipt")),
    )
    op.create_index(
        op.f("ix_overpayment_repayment_overpayment_id"),
        "overpayment_repayment",
        ["overpayment_id"],
        unique=False,
    )
