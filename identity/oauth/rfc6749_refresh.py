"""The refresh grant (RFC 6749 §6): every use rotates, and a token used twice ends the family, but for one mercy.

The rule. A spent refresh token that its own client shows again

* within ``GRACE`` of the first use, and
* while the token that came of it has not been used,

gets that same successor once more (and a fresh access token): a client that lost the answer, or asked from two threads
at once, goes on with one and the same chain. In every other case the grant ends, with all its tokens. The mercy forks
nothing: a thief who copies a token and is quick holds the same successor as its owner, so that whichever of them uses it
second, after the window, ends the family for both.

The successor is not kept anywhere for this. It is derived from the token it replaces under a key of this house.
"""

import base64
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from identity.grants import repository as grant_rows
from identity.grants import service as grants
from identity.grants.models import OAuthGrant
from identity.oauth import repository
from identity.oauth.granting import stands
from identity.oauth.models import RefreshToken
from identity.oauth.rfc9396_details import narrowed
from identity.oauth.server import ProtocolServer
from kernel.crypto import Vault, hmac_sm3

GRACE = timedelta(seconds=10)


class RotatingRefreshGrant(RefreshTokenGrant):
    """The client id is part of every look-up: another client's attempt finds nothing and burns nothing."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    server: ProtocolServer
    request: Any

    def _validate_request_token(self, client: Any) -> RefreshToken:
        server = self.server
        token = self.request.form.get("refresh_token", "")
        found = repository.refresh_token_of(
            server.session, refresh_hash(server.house.vault, token), client.client_id
        )
        if found is None or found.expires_at <= server.now:
            raise InvalidGrantError("The refresh token is not valid.")
        if found.dpop_jkt not in (None, self.request.jkt):
            raise InvalidGrantError("The refresh token is bound to another key.")
        self.request.successor = successor_of(server.house.vault, token)
        if found.consumed_at is not None and not self._may_come_again(found):
            raise self._reused(found)
        return found

    def authenticate_user(self, refresh_token: Any) -> OAuthGrant:
        """Spend the token, or find that it was spent a moment ago and nothing has come of it yet."""
        server = self.server
        is_first = repository.spend_refresh_token(
            server.session, refresh_token.token_hash, refresh_token.client_id, server.now
        )
        if not is_first and not self._may_come_again(refresh_token):
            raise self._reused(refresh_token)
        grant = grant_rows.get(server.session, refresh_token.grant_id)
        if grant is None or not stands(grant, server.now):
            raise InvalidGrantError("The sign-in has ended.")
        client: Any = self.request.client
        asked = server.provider.details.read(self.request.form.get("authorization_details"), client)
        self.request.details = narrowed(asked, grant.authorization_details)
        self.request.grant = grant
        return grant

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """Already spent, before anything new was made."""

    def _may_come_again(self, token: RefreshToken) -> bool:
        """As of this moment, whatever was read before a rival's transaction committed."""
        server = self.server
        spent_at = repository.refresh_spent_at(server.session, token.token_hash)
        next_hash = refresh_hash(server.house.vault, self.request.successor or "")
        is_recent = spent_at is not None and server.now - spent_at <= GRACE
        return is_recent and repository.is_unspent(server.session, next_hash)

    def _reused(self, token: RefreshToken) -> InvalidGrantError:
        server = self.server
        grants.end_grant(server.session, token.grant_id, reason="refresh_reused", now=server.now)
        return InvalidGrantError("The refresh token was already used; the sign-in has ended.")


def refresh_hash(vault: Vault, token: str) -> bytes:
    """What is stored of a refresh token."""
    return vault.hash_token(f"refresh/{token}")


def successor_of(vault: Vault, token: str) -> str:
    """The refresh token that follows; nobody without our key can tell it from the one before."""
    body = hmac_sm3(vault.derive_key("oauth/refresh-successor"), token.encode())
    return base64.urlsafe_b64encode(body).decode().rstrip("=")
