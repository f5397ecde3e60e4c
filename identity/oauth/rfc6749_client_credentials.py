"""A service in its own name (RFC 6749 §4.4): about nobody, therefore never with a person's scopes, never refreshed.

Its token hangs on the client's own row: when the client is suspended or its tokens are revoked, it is dead at once.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError

from identity.clients.models import OAuthClient
from identity.clients.schemas import CLIENT_CREDENTIALS
from identity.clients.scopes import SERVICE_SCOPES
from identity.oauth.audiences import audience_asked
from identity.oauth.rfc9068_access_token import mint_service
from identity.oauth.rfc9449_dpop import require_proof, token_type
from identity.oauth.token_grant import TokenGrant


class ServiceGrant(TokenGrant):
    """Only for clients that can prove who they are."""

    GRANT_TYPE = CLIENT_CREDENTIALS
    _client: OAuthClient

    def validate_token_request(self) -> None:
        self._client = self.authenticated_client(must_be_proven=True)
        require_proof(self._client, self.asked.jkt)

    def create_token_response(self) -> Any:
        server, client = self.server, self._client
        scope = self._scope(client)
        audience = audience_asked(self.asked.form, client, server.house.settings)
        token, lifetime = mint_service(server, client, scope, audience=audience, jkt=self.asked.jkt)
        body = {
            "access_token": token,
            "token_type": token_type(self.asked.jkt),
            "expires_in": lifetime,
            "scope": scope,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _scope(self, client: OAuthClient) -> str:
        ceiling = client.scopes & SERVICE_SCOPES.keys()
        asked = (self.asked.form.get("scope") or " ".join(sorted(ceiling))).split()
        if not asked or not ceiling.issuperset(asked):
            raise InvalidScopeError
        return " ".join(dict.fromkeys(asked))
