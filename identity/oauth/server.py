"""Authlib's authorization server, fitted to this house: one per request, on one session, answering in plain values."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from datetime import datetime
from typing import Any, cast

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer
from sqlalchemy.orm import Session

from identity.clients.models import OAuthClient
from identity.clients.scopes import SCOPES
from identity.clients.service import find_client
from identity.oauth import client_authentication
from identity.oauth.keys import KeyRing
from identity.oauth.provider import Provider
from identity.oauth.requests import Answer, EndUser, ProtocolRequest
from kernel.house import House


class ProtocolServer(AuthorizationServer):
    """``session`` is the transaction of this request; whatever it decides commits with it."""

    def __init__(self, session: Session, provider: Provider, *, now: datetime) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self.session = session
        self.provider = provider
        self.house: House = provider.house
        self.keys: KeyRing = provider.keys
        self.now = now

    def query_client(self, client_id: str) -> Any:
        """A registered client that is not suspended, or nothing."""
        return find_client(self.session, client_id)

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> OAuthClient:
        """By the method it registered; ``methods`` of Authlib's grants count for nothing."""
        return client_authentication.authenticate(self.session, request, self.provider, self.now)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return Answer(status, body, dict(headers))

    def answer_token_request(self, request: ProtocolRequest) -> Answer:
        """The token endpoint (RFC 6749 §3.2)."""
        return cast(Answer, self.create_token_response(request))

    def answer_endpoint(self, name: str, request: ProtocolRequest) -> Answer:
        """A registered endpoint by its name."""
        return cast(Answer, self.create_endpoint_response(name, request))

    def refuse(self, error: OAuth2Error) -> Answer:
        """The answer to a request that failed before Authlib took it over."""
        return self.handle_response(*error())

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Nothing to do: refresh tokens are stored when made, access tokens never."""


__all__ = ["Answer", "EndUser", "ProtocolRequest", "ProtocolServer"]
