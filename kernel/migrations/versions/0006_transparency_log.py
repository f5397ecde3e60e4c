"""transparency log"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "log_entry",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=True),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log_entry")),
        sa.UniqueConstraint("leaf_index", name=op.f("uq_log_entry_leaf_index")),
        sa.UniqueConstraint("record_id", "kind", name=op.f("uq_log_entry_record_id_kind")),
    )
    op.create_index(
        "ix_log_entry_pending",
        "log_entry",
        ["number"],
        unique=False,
        sqlite_where=sa.text("leaf_index IS NULL"),
        postgresql_where=sa.text("leaf_index IS NULL"),
    )
    op.create_table(
        "log_head",
        sa.Column("size", BigNumber, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("sm2_signature", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_tile",
        sa.Column("place", BigNumber, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(length=960), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_log_tile")),
    )
