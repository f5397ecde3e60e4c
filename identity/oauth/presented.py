"""A token that somebody shows to the revocation or introspection endpoint, whatever its kind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from identity.clients.models import OAuthClient
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.oauth.models import RefreshToken
from identity.oauth.rfc9068_access_token import TYPE, read, verified_claims
from identity.oauth.server import ProtocolServer


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """Answers Authlib's questions about a token; ``is_live`` is as of this transaction."""

    kind: Literal["access_token", "refresh_token"]
    grant: OAuthGrant
    is_live: bool
    expires_at: datetime
    claims: dict[str, Any]

    def check_client(self, client: OAuthClient) -> bool:
        return self.grant.client_id == client.client_id

    def is_expired(self) -> bool:
        return not self.is_live

    def is_revoked(self) -> bool:
        return not self.is_live


def find_presented(server: ProtocolServer, text: str) -> PresentedToken | None:
    """The token behind a string, tried as both kinds: a wrong hint must not hide it (RFC 7009 §2.1)."""
    return _access_token(server, text) or _refresh_token(server, text)


def _access_token(server: ProtocolServer, text: str) -> PresentedToken | None:
    known = read(text, house=server.house, keys=server.keys, now=server.now)
    grant = grant_rows.get(server.session, known.grant) if known else None
    if known is None or grant is None or grant.client_id != known.client_id:
        return None
    return PresentedToken(
        kind="access_token",
        grant=grant,
        is_live=_stands(server, grant) and grant.epoch == known.epoch,
        expires_at=grant.expires_at,
        claims=verified_claims(text, TYPE, server.keys) or {},
    )


def _refresh_token(server: ProtocolServer, text: str) -> PresentedToken | None:
    row = server.session.get(RefreshToken, server.house.vault.hash_token(f"refresh/{text}"))
    grant = grant_rows.get(server.session, row.grant_id) if row else None
    if row is None or grant is None:
        return None
    return PresentedToken(
        kind="refresh_token",
        grant=grant,
        is_live=_stands(server, grant) and row.consumed_at is None and row.expires_at > server.now,
        expires_at=row.expires_at,
        claims={},
    )


def _stands(server: ProtocolServer, grant: OAuthGrant) -> bool:
    return grant.ended_at is None and grant.expires_at > server.now
