"""reconciliation"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "reconciled_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("out_fen", BigNumber, nullable=False),
        sa.Column("back_fen", BigNumber, nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("matched_fen", BigNumber, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reconciled_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_reconciled_day")),
    )
    op.create_table(
        "statement_line",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("line_number", BigNumber, autoincrement=False, nullable=False),
        sa.Column("direction", sa.String(length=1), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("instruction_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", "line_number", name=op.f("pk_statement_line")),
    )
    op.create_index(
        op.f("ix_statement_line_instruction_id"), "statement_line", ["instruction_id"], unique=False
    )
    op.create_table(
        "reconciliation_difference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("instruction_id", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("bank_fen", BigNumber, nullable=False),
        sa.Column("books_fen", BigNumber, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("explanation", sa.String(length=500), nullable=True),
        sa.Column("explained_by_id", BigNumber, nullable=True),
        sa.Column("explained_at", UtcDateTime, nullable=True),
        sa.Column("found_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_reconciliation_difference_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_difference")),
        sa.UniqueConstraint(
            "day", "instruction_id", "kind", name=op.f("uq_reconciliation_difference_day_instruction_id_kind")
        ),
    )
    op.create_index(
        op.f("ix_reconciliation_difference_day"), "reconciliation_difference", ["day"], unique=False
    )
    op.add_column("payment", sa.Column("reconciled_on", sa.Date(), nullable=True))
