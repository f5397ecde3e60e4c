"""A token that somebody shows to the revocation, introspection or exchange endpoint, whatever its kind."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from identity.clients.models import OAuthClient
from identity.clients.service import find_client
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.oauth.granting import stands
from identity.oauth.models import RefreshToken
from identity.oauth.repository import Inquiry
from identity.oauth.rfc6749_refresh import refresh_hash
from identity.oauth.rfc9068_access_token import TYPE, Claims, own_claims
from identity.oauth.server import ProtocolServer


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """Answers Authlib's questions about a token; ``is_live`` is as of this transaction.

    A service's own token has no ``grant``, nor has one whose grant's row was not read whole; a refresh token no ``access``.
    """

    kind: Literal["access_token", "refresh_token"]
    client_id: str
    is_live: bool
    expires_at: datetime
    claims: dict[str, Any]
    grant: OAuthGrant | None = None
    access: Claims | None = None

    def check_client(self, client: OAuthClient | Inquiry) -> bool:
        return self.client_id == client.client_id

    def is_for(self, client: OAuthClient | Inquiry) -> bool:
        """Whether it was given to this client, or for this client to serve."""
        return self.check_client(client) or self.claims.get("aud") == client.client_id

    def is_expired(self) -> bool:
        return not self.is_live

    def is_revoked(self) -> bool:
        return not self.is_live


def find_presented(server: ProtocolServer, text: str) -> PresentedToken | None:
    """The token behind a string, tried as both kinds: a wrong hint must not hide it (RFC 7009 §2.1)."""
    return _access_token(server, text) or _refresh_token(server, text)


def read_access_token(server: ProtocolServer, text: str) -> tuple[dict[str, Any], Claims] | None:
    """What an access token of ours says, all of it and what we read of it; whether it still counts is another matter."""
    claims = server.keys.verified(text, TYPE)
    known = own_claims(claims, house=server.house, now=server.now) if claims is not None else None
    return None if claims is None or known is None else (claims, known)


def presented_access_token(
    claims: dict[str, Any], known: Claims, *, is_live: bool, grant: OAuthGrant | None = None
) -> PresentedToken:
    expires_at = datetime.fromtimestamp(known.exp, UTC)
    return PresentedToken("access_token", known.client_id, is_live, expires_at, claims, grant, known)


def _access_token(server: ProtocolServer, text: str) -> PresentedToken | None:
    read = read_access_token(server, text)
    if read is None:
        return None
    claims, known = read
    if known.grant is None:
        client = find_client(server.session, known.client_id)
        is_live = client is not None and client.epoch == known.epoch
        return presented_access_token(claims, known, is_live=is_live)
    grant = grant_rows.get(server.session, known.grant)
    if grant is None or grant.client_id != known.client_id:
        return None
    is_live = stands(grant, server.now) and grant.epoch == known.epoch
    return presented_access_token(claims, known, is_live=is_live, grant=grant)


def _refresh_token(server: ProtocolServer, text: str) -> PresentedToken | None:
    row = server.session.get(RefreshToken, refresh_hash(server.house.vault, text))
    grant = grant_rows.get(server.session, row.grant_id) if row else None
    if row is None or grant is None:
        return None
    is_live = stands(grant, server.now) and row.consumed_at is None and row.expires_at > server.now
    return PresentedToken("refresh_token", grant.client_id, is_live, row.expires_at, {}, grant)
