"""What the token endpoint hands out: an access token, the next refresh token, and for OpenID Connect an id_token."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from authlib.oidc.core.grants import OpenIDCode

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.oauth.models import RefreshToken
from identity.oauth.openid_subjects import shown_sid, subject_name
from identity.oauth.openid_userinfo import personal_claims
from identity.oauth.requests import ProtocolRequest
from identity.oauth.rfc6749_refresh import refresh_hash
from identity.oauth.rfc9068_access_token import mint
from identity.oauth.rfc9449_dpop import require_proof, token_type
from identity.oauth.server import ProtocolServer
from kernel.database import insert
from kernel.house import House
from kernel.ids import new_token

ID_TOKEN_LIFETIME = timedelta(minutes=10)


class TokenMaker:
    """Authlib's token generator: called once per successful exchange, after the code or token was spent."""

    def __init__(self, server: ProtocolServer, request: ProtocolRequest) -> None:
        self._server = server
        self._request = request

    def __call__(
        self,
        grant_type: str,
        client: Any,
        user: Any = None,
        scope: Any = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        server, request = self._server, self._request
        require_proof(client, request.jkt)
        access_token, lifetime = mint(server, user, client, scope, jkt=request.jkt, details=request.details)
        answer = {
            "token_type": token_type(request.jkt),
            "access_token": access_token,
            "expires_in": lifetime,
            "scope": scope,
        }
        if client.check_grant_type("refresh_token") and include_refresh_token:
            answer["refresh_token"] = self._refresh_token(user, client)
        if request.details:
            answer["authorization_details"] = server.provider.details.answered(request.details)
        return answer

    def _refresh_token(self, grant: OAuthGrant, client: OAuthClient) -> str:
        """The next of its chain; one that was made a moment ago and went astray is the same again."""
        server, request = self._server, self._request
        token = request.successor or new_token()
        server.session.execute(
            insert(server.session, RefreshToken)
            .values(
                token_hash=refresh_hash(server.house.vault, token),
                grant_id=grant.grant_id,
                client_id=client.client_id,
                scope=grant.scope,
                # A confidential client proves itself at every refresh; a public one has only its key (RFC 9449 §5).
                dpop_jkt=request.jkt if client.is_public else None,
                issued_at=server.now,
                expires_at=grant.expires_at,
                consumed_at=sa.null(),
            )
            .on_conflict_do_nothing()
        )
        return token


class IdToken(OpenIDCode):
    """OpenID Connect Core §2. ``auth_time`` is that of the sign-in, also after a refresh (§12.2)."""

    def __init__(self, server: ProtocolServer) -> None:
        super().__init__(require_nonce=False)
        self._server = server

    def attach(self, grant: Any) -> None:
        """To a grant that has no authorization request of its own for a nonce."""
        grant.register_hook("after_create_token_response", self.process_token)

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """The nonce is the client's to check; it lives in the one-use code."""
        return False

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        server, grant, client = self._server, request.grant, request.client
        claims = id_claims(grant, client, house=server.house, now=server.now)
        asked = (grant.claims or {}).get("id_token", ())
        if asked:
            known = personal_claims(server.session, grant, server.house.vault)
            claims |= {name: known[name] for name in asked if name in known}
        if request.authorization_code is not None and request.authorization_code.nonce:
            claims["nonce"] = request.authorization_code.nonce
        return server.keys.sign(claims, "JWT", client.signing_alg)


def id_claims(grant: OAuthGrant, client: OAuthClient, *, house: House, now: datetime) -> dict[str, Any]:
    """Who signed in, when and how: never an identifier, and a name only if it was asked for by name."""
    return {
        "iss": house.settings.issuer,
        "aud": client.client_id,
        "sub": subject_name(house.vault, client, grant.subject_id),
        "sid": shown_sid(house.vault, client, grant.sid),
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LIFETIME).timestamp()),
        "auth_time": int(grant.auth_at.timestamp()),
        "acr": grant.acr,
        "amr": grant.methods or ["pwd"],
    }
