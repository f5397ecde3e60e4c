"""runs of payments"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column(
        "payment_batch", sa.Column("state", sa.String(length=16), server_default="done", nullable=False)
    )
    op.add_column("payment_batch", sa.Column("policy_id", sa.String(length=80), nullable=True))
    op.add_column("payment_batch", sa.Column("period", sa.String(length=12), nullable=True))
    op.add_column("payment_batch", sa.Column("window_until_at", UtcDateTime, nullable=True))
    op.add_column("payment_batch", sa.Column("part", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "payment_batch", sa.Column("planned_count", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("payment_batch", sa.Column("planned_fen", BigNumber, server_default="0", nullable=False))
    op.add_column("payment_batch", sa.Column("tried_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("payment_batch", sa.Column("stop_reason", sa.String(length=500), nullable=True))
    op.add_column("payment_batch", sa.Column("resumed_at", UtcDateTime, nullable=True))
    op.add_column(
        "payment_batch", sa.Column("forgiven_settled", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "payment_batch", sa.Column("forgiven_returned", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_index(
        "ix_ledger_transaction_kind_booked_at", "ledger_transaction", ["kind", "booked_at"], unique=False
    )
