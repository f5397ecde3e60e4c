"""The authorization code grant (RFC 6749 §4.1, OAuth 2.1 §4.1) with PKCE for every client (RFC 7636, S256 only)."""

from datetime import timedelta
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from identity.clients.models import OAuthClient
from identity.clients.scopes import WHO
from identity.grants import repository as grant_rows
from identity.grants import service as grants
from identity.grants.models import OAuthGrant
from identity.oauth import repository
from identity.oauth.models import AuthorizationCode
from identity.oauth.server import EndUser, ProtocolRequest, ProtocolServer
from kernel.ids import new_id, new_token

CODE_LIFETIME = timedelta(seconds=60)


class CodeGrant(AuthorizationCodeGrant):
    """Codes for a person in one capacity. A code presented twice ends everything that came of it."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
    server: ProtocolServer

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
        server, end_user = self.server, request.user
        grant = open_grant(server, end_user, request.client, request.scope)
        repository.add(
            server.session,
            AuthorizationCode(
                code_hash=server.house.vault.hash_token(f"code/{code}"),
                grant_id=grant.grant_id,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=grant.scope,
                nonce=request.payload.data.get("nonce"),
                code_challenge=request.payload.data["code_challenge"],
                expires_at=server.now + CODE_LIFETIME,
                consumed_at=None,
            ),
        )

    def query_authorization_code(self, code: str, client: Any) -> AuthorizationCode | None:
        """Also a spent one: whether the caller may learn that depends on the verifier, which is checked first."""
        server = self.server
        return repository.code_of(
            server.session, server.house.vault.hash_token(f"code/{code}"), client.client_id, server.now
        )

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
        if grant is None or grant.ended_at is not None or grant.expires_at <= server.now:
            raise InvalidGrantError("The sign-in has ended.")
        cast(ProtocolRequest, self.request).grant = grant
        return grant

    def delete_authorization_code(self, authorization_code: Any) -> None:
        """It stays, spent, until it is purged: otherwise a replay could not be told from nonsense."""


class RequiredChallenge(CodeChallenge):
    """S256 named and given, at every authorization request; the verifier at every exchange."""

    SUPPORTED_CODE_CHALLENGE_METHOD: list[str] = ["S256"]  # noqa: RUF012 - as in Authlib
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


def open_grant(server: ProtocolServer, end_user: EndUser, client: OAuthClient, scope: str) -> OAuthGrant:
    """What this sign-in, in the chosen capacity, lets this client do; no longer than what it rests on."""
    option, sign_in = end_user.option, end_user.sign_in
    if option is None:
        raise InvalidRequestError("No capacity was chosen.")
    asked = scope.split()
    if option.scopes is not None:
        asked = [one for one in asked if one in option.scopes or one in WHO]
    ends = [sign_in.expires_at, *([option.until_at] if option.until_at else [])]
    return grant_rows.add(
        server.session,
        OAuthGrant(
            grant_id=new_id(),
            epoch=1,
            sid=sign_in.sid,
            client_id=client.client_id,
            subject_id=sign_in.subject_id,
            capacity=option.capacity,
            acting_for=option.acting_for,
            seat_id=option.seat.id if option.seat else None,
            basis=option.basis,
            scope=" ".join(asked),
            acr=sign_in.acr,
            auth_at=sign_in.auth_at,
            created_at=server.now,
            expires_at=min(ends),
            ended_at=None,
            end_reason=None,
        ),
    )
