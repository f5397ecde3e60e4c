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
    dpop_jkt: Mapped[str | None] = mapped_column(sa.String(43))
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
    """One link of a rotating chain; the chain is the grant. A public client's is bound to its key (RFC 9449 §5)."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("oauth_grant.grant_id"), index=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    scope: Mapped[str] = mapped_column(sa.String(400))
    dpop_jkt: Mapped[str | None] = mapped_column(sa.String(43))
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
            "alg",
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        ),
    )

    kid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    alg: Mapped[str] = mapped_column(sa.String(8), server_default="ES256")
    state: Mapped[str] = mapped_column(sa.String(8))
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    private_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Consent(Base):
    """What a person let a client know and do, until withdrawn or expired; itemised things are told, never remembered."""

    __tablename__ = "oauth_consent"
    __table_args__ = (sa.Index("ix_oauth_consent_subject", "subject_id", "client_id"),)

    consent_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"))
    client_id: Mapped[str] = mapped_column(sa.ForeignKey("oauth_client.client_id"))
    scope: Mapped[str] = mapped_column(sa.String(400))
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonDocument)
    claims: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PushedRequest(Base):
    """An authorization request that its client left with us (RFC 9126): for that client, for minutes, for one answer."""

    __tablename__ = "pushed_request"

    request_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    parameters_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary, info={"sealed": ""})
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceAuthorization(Base):
    """A device without a browser that waits for a person elsewhere (RFC 8628): pending → allowed | denied → spent."""

    __tablename__ = "device_authorization"

    device_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    user_code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    scope: Mapped[str] = mapped_column(sa.String(400))
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonDocument)
    dpop_jkt: Mapped[str | None] = mapped_column(sa.String(43))
    state: Mapped[str] = mapped_column(sa.String(8))
    grant_id: Mapped[uuid.UUID | None]
    interval_seconds: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RegistrationTicket(Base):
    """An initial access token (RFC 7591 §3): lets its holder register so many clients, up to this ceiling."""

    __tablename__ = "registration_ticket"

    ticket_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    label: Mapped[str] = mapped_column(sa.String(80))
    scope: Mapped[str] = mapped_column(sa.String(400))
    grant_types: Mapped[list[str]] = mapped_column(JsonDocument)
    uses_left: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
