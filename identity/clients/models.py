"""Registered clients (RFC 6749 §2). The table's row is also what Authlib asks its questions of."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from authlib.oauth2.rfc6749 import ClientMixin, InvalidScopeError
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, JsonDocument, UtcDateTime


class OAuthClient(Base, ClientMixin):
    """``capacities`` are those its sign-ins may take; a public client has no secret and leans on PKCE alone."""

    __tablename__ = "oauth_client"

    client_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    secret_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    redirect_uris: Mapped[list[str]] = mapped_column(JsonDocument)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JsonDocument)
    scope: Mapped[str] = mapped_column(sa.String(400))
    capacities: Mapped[list[str]] = mapped_column(JsonDocument)
    is_first_party: Mapped[bool]
    may_introspect: Mapped[bool]
    is_suspended: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_public(self) -> bool:
        return self.secret_hash is None

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
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")
