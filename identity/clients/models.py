"""Registered clients (RFC 6749 §2, RFC 7591 §2). The table's row is also what Authlib asks its questions of."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from authlib.oauth2.rfc6749 import ClientMixin, InvalidScopeError
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime

_NO = sa.text("'[]'")


class OAuthClient(Base, ClientMixin):
    """``capacities`` are those its sign-ins may take; a public client has no secret and leans on PKCE alone.

    ``epoch`` rises when the tokens it holds in its own name must die. ``former_secret_hash`` is good until
    ``former_secret_until``, so that a secret can be changed without an hour of darkness. ``audiences`` are those it
    may name when it exchanges a token or asks in its own name.
    """

    __tablename__ = "oauth_client"

    client_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    secret_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    former_secret_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    former_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    auth_method: Mapped[str] = mapped_column(sa.String(32), server_default="client_secret_basic")
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    jwks_uri: Mapped[str | None] = mapped_column(sa.String(2000))
    grant_types: Mapped[list[str]] = mapped_column(
        JsonDocument, server_default=sa.text("""'["authorization_code","refresh_token"]'""")
    )
    redirect_uris: Mapped[list[str]] = mapped_column(JsonDocument)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JsonDocument)
    backchannel_logout_uri: Mapped[str | None] = mapped_column(sa.String(2000))
    scope: Mapped[str] = mapped_column(sa.String(400))
    capacities: Mapped[list[str]] = mapped_column(JsonDocument)
    audiences: Mapped[list[str]] = mapped_column(JsonDocument, server_default=_NO)
    authorization_details_types: Mapped[list[str]] = mapped_column(JsonDocument, server_default=_NO)
    sector: Mapped[str | None] = mapped_column(sa.String(255))
    sector_identifier_uri: Mapped[str | None] = mapped_column(sa.String(2000))
    signing_alg: Mapped[str] = mapped_column(sa.String(8), server_default="ES256")
    userinfo_alg: Mapped[str | None] = mapped_column(sa.String(8))
    default_max_age: Mapped[int | None]
    default_acr_values: Mapped[list[str]] = mapped_column(JsonDocument, server_default=_NO)
    requires_par: Mapped[bool] = mapped_column(server_default=sa.false())
    requires_dpop: Mapped[bool] = mapped_column(server_default=sa.false())
    is_first_party: Mapped[bool]
    may_introspect: Mapped[bool]
    is_suspended: Mapped[bool]
    about: Mapped[dict[str, Any]] = mapped_column(JsonDocument, server_default=sa.text("'{}'"))
    registration_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    epoch: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_public(self) -> bool:
        return self.auth_method == "none"

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def client_metadata(self) -> dict[str, list[str]]:
        """What Authlib's logout endpoint looks up."""
        return {"post_logout_redirect_uris": self.post_logout_redirect_uris}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """None: OpenID Connect Core §3.1.2.1 requires the parameter."""
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str | None) -> str:
        """The scope asked for; more than the client's ceiling is refused, not trimmed, so that nobody is misled."""
        asked = scope.split() if isinstance(scope, str) else list(scope or ())
        if not asked or not self.scopes.issuperset(asked):
            raise InvalidScopeError
        return " ".join(dict.fromkeys(asked))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exact comparison (RFC 9700 §2.1)."""
        return redirect_uri in self.redirect_uris

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


class ClientApplication(Base):
    """Somebody asks for a client to be registered, or its settings to be changed; an official reviews it.

    ``applicant_id`` is the firm of a developer, or nothing for a department, whose seat is ``seat_id``.
    """

    __tablename__ = "client_application"

    application_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    applicant_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subject.subject_id"), index=True)
    seat_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seat.seat_id"))
    submitted_by: Mapped[int] = mapped_column(sa.ForeignKey("subject.subject_id"))
    settings: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    purpose: Mapped[str] = mapped_column(sa.String(500))
    state: Mapped[str] = mapped_column(sa.String(12), index=True)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("subject.subject_id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(sa.String(500))
