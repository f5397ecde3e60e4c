"""What the token endpoint hands out: an access token, the next refresh token, and for OpenID Connect an id_token."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.oauth import repository
from identity.oauth.models import RefreshToken
from identity.oauth.rfc9068_access_token import mint, subject_name
from identity.oauth.server import ProtocolRequest, ProtocolServer
from identity.registry import service as registry
from kernel.crypto import Vault
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
        server = self._server
        access_token, lifetime = mint(
            user, client, scope, house=server.house, keys=server.keys, now=server.now
        )
        refresh_token = new_token()
        repository.add(
            server.session,
            RefreshToken(
                token_hash=server.house.vault.hash_token(f"refresh/{refresh_token}"),
                grant_id=user.grant_id,
                client_id=client.client_id,
                scope=user.scope,
                issued_at=server.now,
                expires_at=user.expires_at,
                consumed_at=None,
            ),
        )
        return {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_in": lifetime,
            "refresh_token": refresh_token,
            "scope": scope,
        }


class IdToken(OpenIDCode):
    """OpenID Connect Core §2. ``auth_time`` is that of the sign-in, also after a refresh (§12.2)."""

    def __init__(self, server: ProtocolServer) -> None:
        super().__init__(require_nonce=False)
        self._server = server

    def attach(self, grant: Any) -> None:
        """To the refresh grant, which has no request of its own for a nonce."""
        grant.register_hook("after_create_token_response", self.process_token)

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """The nonce is the client's to check; it lives in the one-use code."""
        return False

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        server, grant = self._server, request.grant
        claims = id_claims(grant, request.client, house=server.house, now=server.now)
        if request.authorization_code is not None and request.authorization_code.nonce:
            claims["nonce"] = request.authorization_code.nonce
        key = server.keys.active()
        return jwt.encode({"alg": "ES256", "typ": "JWT", "kid": key.kid}, claims, key, ["ES256"])


def id_claims(grant: OAuthGrant, client: OAuthClient, *, house: House, now: datetime) -> dict[str, Any]:
    """Who signed in, when and how: never a name, never an identifier."""
    return {
        "iss": house.settings.issuer,
        "aud": client.client_id,
        "sub": subject_name(house.vault, client, grant.subject_id),
        "sid": str(grant.sid),
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LIFETIME).timestamp()),
        "auth_time": int(grant.auth_at.timestamp()),
        "acr": grant.acr,
        "amr": ["pwd"],
    }


def user_info(
    session: Session, grant: OAuthGrant, client: OAuthClient, scope: str, *, vault: Vault
) -> UserInfo:
    """The claims of the userinfo endpoint (Core §5.3): the name only with ``profile``."""
    info = UserInfo(sub=subject_name(vault, client, grant.subject_id))
    if "profile" in scope.split():
        views = registry.describe(session, {grant.subject_id, grant.acting_for}, vault=vault)
        info["name"] = views[grant.subject_id].name
        info["capacity"] = grant.capacity
        if grant.acting_for != grant.subject_id:
            info["acting_for_name"] = views[grant.acting_for].name
    return info
