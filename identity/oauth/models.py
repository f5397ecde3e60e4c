"""Tables of the protocol. Codes and tokens are stored as HMAC only; private keys lie sealed."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class AuthorizationCode(Base):
    """A code on its way through a browser: for one client, one redirect URI, one challenge, one use."""

    __tablename__ = "authorization_code"

    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("oauth_grant.grant_id"))
    client_id: Mapped[str] = mapped_column(sa.String(64))
    redirect_uri: Mapped[str] = mapped_column(sa.String(2000))
    scope: Mapped[str] = mapped_column(sa.String(400))
    nonce: Mapped[str | None] = mapped_column(sa.String(255))
    code_challenge: Mapped[str] = mapped_column(sa.String(128))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce


class RefreshToken(Base):
    """One link of a rotating chain; the chain is the grant."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("oauth_grant.grant_id"), index=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    scope: Mapped[str] = mapped_column(sa.String(400))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def get_scope(self) -> str:
        return self.scope


class SigningKey(Base):
    """next → active → retired: a key is published before it signs and after it stopped."""

    __tablename__ = "signing_key"
    __table_args__ = (
        sa.Index(
            "uq_signing_key_active",
            "state",
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        ),
    )

    kid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(8))
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    private_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Consent(Base):
    """What a person let a client know and do, until withdrawn or expired."""

    __tablename__ = "oauth_consent"
    __table_args__ = (sa.Index("ix_oauth_consent_subject", "subject_id", "client_id"),)

    consent_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"))
    client_id: Mapped[str] = mapped_column(sa.ForeignKey("oauth_client.client_id"))
    scope: Mapped[str] = mapped_column(sa.String(400))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
