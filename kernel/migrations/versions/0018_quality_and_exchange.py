"""quality and exchange"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "exchange_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("division", sa.String(length=9), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("requested_by", BigNumber, nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("decided_by", BigNumber, nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_grant")),
    )
    op.create_index(op.f("ix_exchange_grant_department"), "exchange_grant", ["department"], unique=False)
    op.create_index(op.f("ix_exchange_grant_owner"), "exchange_grant", ["owner"], unique=False)
    op.create_table(
        "exchange_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("asked_by", BigNumber, nullable=False),
        sa.Column("seat", sa.String(length=60), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("receipt", sa.String(length=80), nullable=True),
        sa.Column("data_as_of", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["exchange_grant.id"], name=op.f("fk_exchange_access_grant_id_exchange_grant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_access")),
    )
    op.create_index(op.f("ix_exchange_access_grant_id"), "exchange_access", ["grant_id"], unique=False)
    op.create_index(
        op.f("ix_exchange_access_subject_index"), "exchange_access", ["subject_index"], unique=False
    )
    op.create_table(
        "quality_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("attribute", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("division", sa.String(length=9), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("found_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("settled_at", UtcDateTime, nullable=True),
        sa.Column("settled_by", BigNumber, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_finding")),
        sa.UniqueConstraint(
            "rule", "subject_id", "attribute", name=op.f("uq_quality_finding_rule_subject_id_attribute")
        ),
    )
    op.create_index("ix_quality_finding_source", "quality_finding", ["source", "state", "rule"], unique=False)
    op.create_index(op.f("ix_quality_finding_seen_at"), "quality_finding", ["seen_at"], unique=False)
