"""clients that prove themselves"""

import sqlalchemy as sa
from alembic import op

from kernel.database import JsonDocument, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "device_authorization",
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("authorization_details", JsonDocument, nullable=True),
        sa.Column("dpop_jkt", sa.String(length=43), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", UtcDateTime, nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_device_authorization")),
        sa.UniqueConstraint("user_code_hash", name=op.f("uq_device_authorization_user_code_hash")),
    )
    op.create_index(
        op.f("ix_device_authorization_expires_at"), "device_authorization", ["expires_at"], unique=False
    )
    op.create_table(
        "pushed_request",
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("parameters_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("consumed_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("request_hash", name=op.f("pk_pushed_request")),
    )
    op.create_index(op.f("ix_pushed_request_expires_at"), "pushed_request", ["expires_at"], unique=False)
    op.create_table(
        "registration_ticket",
        sa.Column("ticket_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("grant_types", JsonDocument, nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_registration_ticket")),
    )
    op.create_index(
        op.f("ix_registration_ticket_expires_at"), "registration_ticket", ["expires_at"], unique=False
    )
    op.add_column("authorization_code", sa.Column("dpop_jkt", sa.String(length=43), nullable=True))
    op.create_index(
        "ix_identity_session_open_until",
        "identity_session",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("oauth_client", sa.Column("former_secret_hash", sa.LargeBinary(length=32), nullable=True))
    op.add_column("oauth_client", sa.Column("former_secret_until", UtcDateTime, nullable=True))
    op.add_column(
        "oauth_client",
        sa.Column("auth_method", sa.String(length=32), server_default="client_secret_basic", nullable=False),
    )
    op.add_column("oauth_client", sa.Column("jwks", JsonDocument, nullable=True))
    op.add_column("oauth_client", sa.Column("jwks_uri", sa.String(length=2000), nullable=True))
    op.add_column(
        "oauth_client",
        sa.Column(
            "grant_types",
            JsonDocument,
            server_default=sa.text('\'["authorization_code","refresh_token"]\''),
            nullable=False,
        ),
    )
    op.add_column("oauth_client", sa.Column("backchannel_logout_uri", sa.String(length=2000), nullable=True))
    op.add_column(
        "oauth_client", sa.Column("audiences", JsonDocument, server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column(
        "oauth_client",
        sa.Column(
            "authorization_details_types", JsonDocument, server_default=sa.text("'[]'"), nullable=False
        ),
    )
    op.add_column("oauth_client", sa.Column("sector", sa.String(length=255), nullable=True))
    op.add_column("oauth_client", sa.Column("sector_identifier_uri", sa.String(length=2000), nullable=True))
    op.add_column(
        "oauth_client", sa.Column("signing_alg", sa.String(length=8), server_default="ES256", nullable=False)
    )
    op.add_column("oauth_client", sa.Column("userinfo_alg", sa.String(length=8), nullable=True))
    op.add_column("oauth_client", sa.Column("default_max_age", sa.Integer(), nullable=True))
    op.add_column(
        "oauth_client",
        sa.Column("default_acr_values", JsonDocument, server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column(
        "oauth_client", sa.Column("requires_par", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "oauth_client", sa.Column("requires_dpop", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "oauth_client", sa.Column("about", JsonDocument, server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("oauth_client", sa.Column("registration_hash", sa.LargeBinary(length=32), nullable=True))
    op.add_column("oauth_client", sa.Column("epoch", sa.Integer(), server_default="1", nullable=False))
    op.add_column("oauth_consent", sa.Column("authorization_details", JsonDocument, nullable=True))
    op.add_column("oauth_consent", sa.Column("claims", JsonDocument, nullable=True))
    op.add_column("oauth_grant", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("oauth_grant", sa.Column("act", JsonDocument, nullable=True))
    op.add_column("oauth_grant", sa.Column("audience", sa.String(length=400), nullable=True))
    op.add_column("oauth_grant", sa.Column("authorization_details", JsonDocument, nullable=True))
    op.add_column("oauth_grant", sa.Column("claims", JsonDocument, nullable=True))
    op.add_column("oauth_grant", sa.Column("methods", JsonDocument, nullable=True))
    op.create_index(
        "ix_oauth_grant_open_until",
        "oauth_grant",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_oauth_grant_parent",
        "oauth_grant",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.add_column("refresh_token", sa.Column("dpop_jkt", sa.String(length=43), nullable=True))
    op.add_column(
        "signing_key", sa.Column("alg", sa.String(length=8), server_default="ES256", nullable=False)
    )
    op.drop_index(
        op.f("uq_signing_key_active"), table_name="signing_key", sqlite_where=sa.text("state = 'active'")
    )
    op.create_index(
        "uq_signing_key_active",
        "signing_key",
        ["state", "alg"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    # Until now a client without a secret was a public one; its settings say so from here on.
    op.execute("UPDATE oauth_client SET auth_method = 'none' WHERE secret_hash IS NULL")
