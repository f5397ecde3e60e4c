"""files of facts"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "fact_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", BigNumber, nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.Column("rows_done", BigNumber, nullable=False),
        sa.Column("bytes_done", BigNumber, nullable=False),
        sa.Column("rejected", BigNumber, nullable=False),
        sa.Column("outcomes", JsonDocument, nullable=False),
        sa.Column("registered_by", BigNumber, nullable=True),
        sa.Column("registered_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_file")),
        sa.UniqueConstraint(
            "source", "digest", "observed_on", name=op.f("uq_fact_file_source_digest_observed_on")
        ),
    )
    op.create_index(op.f("ix_fact_file_registered_at"), "fact_file", ["registered_at"], unique=False)
    op.create_table(
        "fact_file_reject",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("row", BigNumber, autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("column", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("mend", sa.String(length=300), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "row", "place", name=op.f("pk_fact_file_reject")),
    )
