"""What our own grants at the token endpoint have in common; a storey above may derive from it too (``Provider.grants``)."""

from typing import Any, cast

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from identity.clients.models import OAuthClient
from identity.oauth.requests import ProtocolRequest
from identity.oauth.server import ProtocolServer


class TokenGrant(BaseGrant, TokenEndpointMixin):
    """Derive, name ``GRANT_TYPE``, and write ``validate_token_request`` and ``create_token_response``."""

    GRANT_TYPE: Any = None
    server: ProtocolServer

    @property
    def asked(self) -> ProtocolRequest:
        """The request, by its real type."""
        return cast(ProtocolRequest, self.request)

    def authenticated_client(self, *, must_be_proven: bool = False) -> OAuthClient:
        """The client, which is registered for this grant type. Raises what the client is to be told."""
        client = cast(OAuthClient, self.authenticate_token_endpoint_client())
        if not client.check_grant_type(self.GRANT_TYPE) or (must_be_proven and client.is_public):
            raise UnauthorizedClientError("The client may not use this grant type.")
        self.request.client = client
        return client
