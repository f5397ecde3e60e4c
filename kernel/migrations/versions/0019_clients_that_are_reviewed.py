"""clients that are reviewed"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "client_application",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("applicant_id", BigNumber, nullable=True),
        sa.Column("seat_id", BigNumber, nullable=True),
        sa.Column("submitted_by", BigNumber, nullable=False),
        sa.Column("settings", JsonDocument, nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.Column("decided_by", BigNumber, nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["subject.subject_id"], name=op.f("fk_client_application_applicant_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["subject.subject_id"], name=op.f("fk_client_application_decided_by")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.seat_id"], name=op.f("fk_client_application_seat_id")),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["subject.subject_id"], name=op.f("fk_client_application_submitted_by")
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_client_application")),
    )
    op.create_index(
        op.f("ix_client_application_applicant_id"), "client_application", ["applicant_id"], unique=False
    )
    op.create_index(
        op.f("ix_client_application_client_id"), "client_application", ["client_id"], unique=False
    )
    op.create_index(op.f("ix_client_application_state"), "client_application", ["state"], unique=False)
