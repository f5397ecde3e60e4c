"""The refresh grant (RFC 6749 §6): every use rotates, a second use of the same token ends the whole family."""

from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from identity.grants import repository as grant_rows
from identity.grants import service as grants
from identity.grants.models import OAuthGrant
from identity.oauth import repository
from identity.oauth.models import RefreshToken
from identity.oauth.server import ProtocolRequest, ProtocolServer


class RotatingRefreshGrant(RefreshTokenGrant):
    """The client id is part of every look-up: another client's attempt finds nothing and burns nothing."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: ProtocolServer

    def _validate_request_token(self, client: Any) -> RefreshToken:
        server = self.server
        token = self.request.form.get("refresh_token", "")
        found = repository.refresh_token_of(
            server.session, server.house.vault.hash_token(f"refresh/{token}"), client.client_id
        )
        if found is None or found.expires_at <= server.now:
            raise InvalidGrantError("The refresh token is not valid.")
        if found.consumed_at is not None:
            raise self._reused(found)
        return found

    def authenticate_user(self, refresh_token: Any) -> OAuthGrant:
        """Spend the token; losing a race for it is reuse like any other."""
        server = self.server
        if not repository.spend_refresh_token(
            server.session, refresh_token.token_hash, refresh_token.client_id, server.now
        ):
            raise self._reused(refresh_token)
        grant = grant_rows.get(server.session, refresh_token.grant_id)
        if grant is None or grant.ended_at is not None or grant.expires_at <= server.now:
            raise InvalidGrantError("The sign-in has ended.")
        cast(ProtocolRequest, self.request).grant = grant
        return grant

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """Already spent, before anything new was made."""

    def _reused(self, token: RefreshToken) -> InvalidGrantError:
        server = self.server
        grants.end_grant(server.session, token.grant_id, reason="refresh_reused", now=server.now)
        return InvalidGrantError("The refresh token was already used; the sign-in has ended.")
