"""people are summoned"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "summoning_habits",
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_until", sa.Time(), nullable=False),
        sa.Column("pace", sa.String(length=10), nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_summoning_habits")),
    )
    op.create_table(
        "summons",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("wording", sa.String(length=10), nullable=False),
        sa.Column("covers", sa.Integer(), nullable=False),
        sa.Column("through_number", BigNumber, nullable=False),
        sa.Column("check_number", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("act_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_summons")),
    )
    op.create_index(
        "ix_summons_act_at",
        "summons",
        ["act_at"],
        unique=False,
        sqlite_where=sa.text("act_at IS NOT NULL"),
        postgresql_where=sa.text("act_at IS NOT NULL"),
    )
    op.create_index("ix_summons_subject_id_number", "summons", ["subject_id", "number"], unique=False)
    op.add_column("notice", sa.Column("is_urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("notice", sa.Column("summon_at", UtcDateTime, nullable=True))
    op.create_index(
        "ix_notice_summon_at",
        "notice",
        ["is_urgent", "summon_at"],
        unique=False,
        sqlite_where=sa.text("summon_at IS NOT NULL"),
        postgresql_where=sa.text("summon_at IS NOT NULL"),
    )
