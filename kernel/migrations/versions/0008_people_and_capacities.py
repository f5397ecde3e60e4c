"""people and capacities"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_contact_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "mandate",
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("principal_id", BigNumber, nullable=False),
        sa.Column("holder_id", BigNumber, nullable=False),
        sa.Column("scopes", JsonDocument, nullable=False),
        sa.Column("granted_under", sa.Uuid(), nullable=True),
        sa.Column("document", sa.String(length=80), nullable=True),
        sa.Column("recorded_by", BigNumber, nullable=True),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["granted_under"], ["membership.membership_id"], name=op.f("fk_mandate_granted_under")
        ),
        sa.ForeignKeyConstraint(["holder_id"], ["subject.subject_id"], name=op.f("fk_mandate_holder_id")),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["subject.subject_id"], name=op.f("fk_mandate_principal_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["subject.subject_id"], name=op.f("fk_mandate_recorded_by")),
        sa.PrimaryKeyConstraint("mandate_id", name=op.f("pk_mandate")),
    )
    op.create_index(op.f("ix_mandate_granted_under"), "mandate", ["granted_under"], unique=False)
    op.create_index(op.f("ix_mandate_holder_id"), "mandate", ["holder_id"], unique=False)
    op.create_index(op.f("ix_mandate_principal_id"), "mandate", ["principal_id"], unique=False)
    op.create_table(
        "mandate_assignment",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("rests_on", sa.Uuid(), nullable=True),
        sa.Column("assigned_under", sa.Uuid(), nullable=True),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_under"],
            ["membership.membership_id"],
            name=op.f("fk_mandate_assignment_assigned_under"),
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandate.mandate_id"], name=op.f("fk_mandate_assignment_mandate_id")
        ),
        sa.ForeignKeyConstraint(
            ["rests_on"], ["membership.membership_id"], name=op.f("fk_mandate_assignment_rests_on")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_mandate_assignment_subject_id")
        ),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_mandate_assignment")),
    )
    op.create_index(
        op.f("ix_mandate_assignment_assigned_under"), "mandate_assignment", ["assigned_under"], unique=False
    )
    op.create_index(
        op.f("ix_mandate_assignment_mandate_id"), "mandate_assignment", ["mandate_id"], unique=False
    )
    op.create_index(op.f("ix_mandate_assignment_rests_on"), "mandate_assignment", ["rests_on"], unique=False)
    op.create_index(
        op.f("ix_mandate_assignment_subject_id"), "mandate_assignment", ["subject_id"], unique=False
    )
    op.create_table(
        "seat_authorisation",
        sa.Column("authorisation_id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", BigNumber, nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("document_kind", sa.String(length=24), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("recorded_by", BigNumber, nullable=False),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["subject.subject_id"], name=op.f("fk_seat_authorisation_principal_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["subject.subject_id"], name=op.f("fk_seat_authorisation_recorded_by")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.seat_id"], name=op.f("fk_seat_authorisation_seat_id")),
        sa.PrimaryKeyConstraint("authorisation_id", name=op.f("pk_seat_authorisation")),
    )
    op.create_index(
        op.f("ix_seat_authorisation_principal_id"), "seat_authorisation", ["principal_id"], unique=False
    )
    op.create_index(op.f("ix_seat_authorisation_seat_id"), "seat_authorisation", ["seat_id"], unique=False)
    op.add_column("audit_event", sa.Column("capacity", sa.String(length=16), nullable=True))
    op.add_column("proxy", sa.Column("kind", sa.String(length=16), server_default="kin", nullable=False))
    op.add_column("proxy", sa.Column("document", sa.String(length=80), nullable=True))
    op.add_column("proxy", sa.Column("recorded_by", sa.BigInteger(), nullable=True))
    op.add_column(
        "seat_holding", sa.Column("is_acting", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("subject", sa.Column("form", sa.String(length=24), nullable=True))
