"""wallets"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "licence_status_list",
        sa.Column("family", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("family", "number", name=op.f("pk_licence_status_list")),
    )
    op.create_table(
        "licence_wallet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("grant_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("notification_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
        sa.Column("removed_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["licence_id"], ["licence.id"], name=op.f("fk_licence_wallet_licence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_wallet")),
        sa.UniqueConstraint("grant_key", name=op.f("uq_licence_wallet_grant_key")),
        sa.UniqueConstraint("notification_hash", name=op.f("uq_licence_wallet_notification_hash")),
    )
    op.create_index(op.f("ix_licence_wallet_licence_id"), "licence_wallet", ["licence_id"], unique=False)
    op.create_table(
        "licence_copy",
        sa.Column("sequence", BigNumber, autoincrement=True, nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("key_thumbprint", sa.String(length=43), nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["wallet_id"], ["licence_wallet.id"], name=op.f("fk_licence_copy_wallet_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_licence_copy")),
    )
    op.create_index(op.f("ix_licence_copy_wallet_id"), "licence_copy", ["wallet_id"], unique=False)
    op.add_column("licence_key", sa.Column("certificate", sa.Text(), nullable=True))
    op.add_column("licence_key", sa.Column("active_at", UtcDateTime, nullable=True))
