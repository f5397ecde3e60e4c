"""objections to facts"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "fact_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("attribute", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("division", sa.String(length=9), nullable=False),
        sa.Column("told", JsonDocument, nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("raised_by", BigNumber, nullable=False),
        sa.Column("raised_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=True),
        sa.Column("answered_by", BigNumber, nullable=True),
        sa.Column("answered_seat", sa.String(length=60), nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_objection")),
    )
    op.create_index(op.f("ix_fact_objection_subject_id"), "fact_objection", ["subject_id"], unique=False)
    op.create_index("ix_fact_objection_source", "fact_objection", ["source", "state", "due_on"], unique=False)
    op.create_index(
        "uq_fact_objection_open",
        "fact_objection",
        ["subject_id", "attribute"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "quiet_subject",
        sa.Column("subject_id", BigNumber, autoincrement=False, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_quiet_subject")),
    )
