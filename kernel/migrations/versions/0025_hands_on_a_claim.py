"""hands on a claim"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "claim_opinion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BigNumber, nullable=False),
        sa.Column("asked_by_seat", sa.String(length=170), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("seat_name", sa.String(length=170), nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by_id", BigNumber, nullable=True),
        sa.Column("answered_by_name", sa.String(length=50), nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.Column("reminded_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_opinion_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_opinion")),
    )
    op.create_index(op.f("ix_claim_opinion_claim_id"), "claim_opinion", ["claim_id"], unique=False)
    op.create_index(
        "ix_claim_opinion_open_seat_id",
        "claim_opinion",
        ["seat_id"],
        unique=False,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.add_column("claim", sa.Column("visit", sa.Integer(), server_default="1", nullable=False))
    op.add_column("claim", sa.Column("assignments", JsonDocument, server_default="{}", nullable=False))
    op.add_column(
        "claim_stage_decision", sa.Column("visit", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("claim_stage_decision", sa.Column("before", JsonDocument, nullable=True))
    op.add_column("claim_stage_decision", sa.Column("after", JsonDocument, nullable=True))
    op.add_column("claim_stage_decision", sa.Column("taken_back_at", UtcDateTime, nullable=True))
