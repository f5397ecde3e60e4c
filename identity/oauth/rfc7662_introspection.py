"""Token introspection (RFC 7662): for the client a token was given to, for the service it is meant for, and for those
whom the city trusts to ask about any.
"""

# ruff: noqa: ARG002 - the signatures are Authlib's
from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from identity.clients.models import OAuthClient
from identity.oauth.openid_subjects import subject_name
from identity.oauth.presented import PresentedToken, find_presented
from identity.oauth.rfc9449_dpop import token_type
from identity.oauth.server import ProtocolServer

#: How we find the grant again is nobody else's concern.
_HIDDEN = ("grant", "epoch")


class Introspection(IntrospectionEndpoint):
    """To everybody else every token reads as inactive (§2.2)."""

    server: ProtocolServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> PresentedToken | None:
        return find_presented(self.server, token_string)

    def check_permission(self, token: PresentedToken, client: OAuthClient, request: Any) -> bool:
        return not client.is_public and (client.may_introspect or token.is_for(client))

    def introspect_token(self, token: PresentedToken) -> dict[str, Any]:
        server, grant = self.server, token.grant
        if token.access is not None:
            shown = {name: value for name, value in token.claims.items() if name not in _HIDDEN}
            return {"token_type": token_type(token.access.jkt), **shown}
        if grant is None:
            raise RuntimeError("a refresh token without a grant")
        answer: dict[str, Any] = {
            "client_id": grant.client_id,
            "scope": grant.scope,
            "sub": subject_name(server.house.vault, server.query_client(grant.client_id), grant.subject_id),
            "iss": server.house.settings.issuer,
            "exp": int(token.expires_at.timestamp()),
        }
        if grant.authorization_details:
            answer["authorization_details"] = grant.authorization_details
        return answer
