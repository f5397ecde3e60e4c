"""Token introspection (RFC 7662), for clients entitled to it and for a confidential client's own tokens."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from identity.clients.models import OAuthClient
from identity.oauth.presented import PresentedToken, find_presented
from identity.oauth.rfc9068_access_token import subject_name
from identity.oauth.server import ProtocolServer


class Introspection(IntrospectionEndpoint):
    """To everybody else every token reads as inactive (§2.2)."""

    server: ProtocolServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> PresentedToken | None:
        return find_presented(self.server, token_string)

    def check_permission(self, token: PresentedToken, client: OAuthClient, request: Any) -> bool:
        return client.may_introspect or (not client.is_public and token.check_client(client))

    def introspect_token(self, token: PresentedToken) -> dict[str, Any]:
        server, grant = self.server, token.grant
        if token.kind == "access_token":
            hidden = ("grant", "epoch")
            return {
                "token_type": "Bearer",
                **{name: value for name, value in token.claims.items() if name not in hidden},
            }
        client = server.query_client(grant.client_id)
        return {
            "client_id": grant.client_id,
            "scope": grant.scope,
            "sub": subject_name(server.house.vault, client, grant.subject_id),
            "iss": server.house.settings.issuer,
            "exp": int(token.expires_at.timestamp()),
        }
