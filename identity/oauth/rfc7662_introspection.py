"""Token introspection (RFC 7662): for the client a token was given to, for the service it is meant for, and for those
whom the city trusts to ask about any.
"""

# ruff: noqa: ARG002 - the signatures are Authlib's
from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from identity.clients.models import OAuthClient
from identity.clients.service import has_secret
from identity.oauth import client_authentication, repository
from identity.oauth.openid_subjects import subject_name
from identity.oauth.presented import (
    PresentedToken,
    find_presented,
    presented_access_token,
    read_access_token,
)
from identity.oauth.repository import Inquiry
from identity.oauth.rfc9449_dpop import token_type
from identity.oauth.server import ProtocolRequest, ProtocolServer

#: How we find the grant again is nobody else's concern.
_HIDDEN = ("grant", "epoch")


class Introspection(IntrospectionEndpoint):
    """To everybody else every token reads as inactive (§2.2)."""

    server: ProtocolServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> PresentedToken | None:
        return find_presented(self.server, token_string)

    def create_endpoint_response(self, request: Any) -> Any:
        answer = self._answered_at_once(request)
        return super().create_endpoint_response(request) if answer is None else (200, answer, [])

    def _answered_at_once(self, request: ProtocolRequest) -> dict[str, Any] | None:
        """What is asked most, in one read: a client with a secret, about an access token that hangs on a grant."""
        server, (method, client_id, proof) = self.server, client_authentication.presented(request)
        read = read_access_token(server, request.form.get("token", ""))
        if method not in client_authentication.SECRETS or read is None or read[1].grant is None:
            return None
        claims, known = read
        asker = repository.inquiry(server.session, client_id, read[1].grant)
        if asker is None or asker.auth_method not in client_authentication.SECRETS:
            raise client_authentication.refusal()
        if not has_secret(asker, proof, server.house.vault, server.now):
            raise client_authentication.refusal()
        self.check_params(request, asker)
        is_live = (
            asker.granted_to == known.client_id
            and asker.epoch == known.epoch
            and asker.ended_at is None
            and asker.expires_at is not None
            and asker.expires_at > server.now
        )
        token = presented_access_token(claims, known, is_live=is_live)
        is_theirs = self.check_permission(token, asker, request)
        return self.create_introspection_payload(token if is_theirs else None)

    def check_permission(self, token: PresentedToken, client: OAuthClient | Inquiry, request: Any) -> bool:
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
