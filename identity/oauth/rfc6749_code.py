"""The authorization code grant (RFC 6749 §4.1, OAuth 2.1 §4.1) with PKCE for every client (RFC 7636, S256 only)."""

from datetime import timedelta
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from identity.grants import repository as grant_rows
from identity.grants import service as grants
from identity.grants.models import OAuthGrant
from identity.oauth import repository
from identity.oauth.granting import Allowed, open_grant, stands
from identity.oauth.models import AuthorizationCode
from identity.oauth.rfc9396_details import narrowed
from identity.oauth.server import ProtocolServer
from kernel.ids import new_token

CODE_LIFETIME = timedelta(seconds=60)


class CodeGrant(AuthorizationCodeGrant):
    """Codes for a person in one capacity. A code presented twice ends everything that came of it."""

    server: ProtocolServer
    request: Any

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        """Required, and exactly as registered (OpenID Connect Core §3.1.2.1); an error here never redirects."""
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("The redirect_uri is missing or not registered for this client.")
        return redirect_uri

    def generate_authorization_code(self) -> str:
        return new_token()

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Open the grant and hang the code on it."""
        server, client = self.server, request.client
        allowed = Allowed(request.scope, request.details, request.claims)
        grant = open_grant(server.session, request.user, client, allowed, now=server.now)
        repository.add(
            server.session,
            AuthorizationCode(
                code_hash=server.house.vault.hash_token(f"code/{code}"),
                grant_id=grant.grant_id,
                client_id=client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=grant.scope,
                nonce=request.payload.data.get("nonce"),
                code_challenge=request.payload.data["code_challenge"],
                dpop_jkt=request.payload.data.get("dpop_jkt"),
                expires_at=server.now + CODE_LIFETIME,
                consumed_at=None,
            ),
        )

    def query_authorization_code(self, code: str, client: Any) -> AuthorizationCode | None:
        """Also a spent one: whether the caller may learn that depends on the verifier, which is checked first."""
        server = self.server
        found = repository.code_of(
            server.session, server.house.vault.hash_token(f"code/{code}"), client.client_id, server.now
        )
        if found is not None and found.dpop_jkt not in (None, self.request.jkt):
            raise InvalidGrantError("The code is bound to another key.")
        return found

    def authenticate_user(self, authorization_code: Any) -> OAuthGrant:
        """Spend the code. Whoever proved to be its client and comes second, takes the first's tokens with them."""
        server = self.server
        is_spent = repository.spend_code(
            server.session, authorization_code.code_hash, authorization_code.client_id, server.now
        )
        grant = grant_rows.get(server.session, authorization_code.grant_id)
        if not is_spent:
            grants.end_grant(
                server.session, authorization_code.grant_id, reason="code_replayed", now=server.now
            )
            raise InvalidGrantError("The code was already used.")
        if grant is None or not stands(grant, server.now):
            raise InvalidGrantError("The sign-in has ended.")
        client: Any = self.request.client
        asked = server.provider.details.read(self.request.form.get("authorization_details"), client)
        self.request.details = narrowed(asked, grant.authorization_details)
        self.request.grant = grant
        return grant

    def delete_authorization_code(self, authorization_code: Any) -> None:
        """It stays, spent, until it is purged: otherwise a replay could not be told from nonsense."""


class RequiredChallenge(CodeChallenge):
    """S256 named and given, at every authorization request; the verifier at every exchange."""

    SUPPORTED_CODE_CHALLENGE_METHOD: list[str] = ["S256"]  # noqa: RUF012 - as in Authlib
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = cast(dict[str, Any], grant.request.payload.data)
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)
