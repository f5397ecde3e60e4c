"""Authlib's authorization server, fitted to this house: one per request, on one session, answering in plain values."""

# ruff: noqa: ARG002 - the signatures are Authlib's
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from sqlalchemy.orm import Session

from identity.capacity.schemas import CapacityOption
from identity.clients.models import OAuthClient
from identity.clients.service import SCOPES, find_client, has_secret
from identity.grants.models import OAuthGrant
from identity.oauth.edge import MalformedRequest, basic_credentials
from identity.oauth.keys import KeyRing
from identity.sessions.models import IdentitySession
from kernel.house import House


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON body, or a redirect by its ``location``."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass(frozen=True, slots=True)
class EndUser:
    """Who is at the browser, signed in how, and in the capacity they chose (none while it is still open)."""

    sign_in: IdentitySession
    option: CapacityOption | None = None


class ProtocolRequest(OAuth2Request):
    """A request whose parameters have passed the edge; ``grant`` is what its tokens will hang on."""

    def __init__(self, method: str, parameters: dict[str, str], headers: Mapping[str, str]) -> None:
        # Whether plain http is acceptable is decided by the settings (loopback only), not by Authlib.
        super().__init__(method, "https://dongchu.invalid/", headers=dict(headers))
        self.payload = BasicOAuth2Payload(parameters)
        self.parameters = parameters
        self.grant: OAuthGrant | None = None

    @property
    def args(self) -> dict[str, str | None]:
        return dict(self.parameters)

    @property
    def form(self) -> dict[str, str]:
        return self.parameters


class ProtocolServer(AuthorizationServer):
    """``session`` is the transaction of this request; whatever it decides commits with it."""

    def __init__(self, session: Session, *, house: House, keys: KeyRing, now: datetime) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self.session = session
        self.house = house
        self.keys = keys
        self.now = now

    def query_client(self, client_id: str) -> Any:
        """A registered client that is not suspended, or nothing."""
        return find_client(self.session, client_id)

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> OAuthClient:
        """Basic, post or, for public clients, none (RFC 6749 §2.3): one method, and one answer to all that fail."""
        basic = basic_credentials(request.headers)
        posted = request.form.get("client_secret")
        if basic and posted:
            raise MalformedRequest("More than one way of client authentication was used.")
        client_id = basic[0] if basic else request.form.get("client_id", "")
        if basic and request.form.get("client_id", client_id) != client_id:
            raise MalformedRequest("Two different clients are named.")
        client = find_client(self.session, client_id)
        secret = basic[1] if basic else posted
        is_right = client is not None and (
            has_secret(client, secret, self.house.vault, self.now) if secret else client.is_public
        )
        if client is None or not is_right:
            raise InvalidClientError(status_code=401, description="Client authentication failed.")
        request.auth_method = (
            "none" if not secret else "client_secret_basic" if basic else "client_secret_post"
        )
        return client

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return Answer(status, body, dict(headers))

    def answer_token_request(self, request: "ProtocolRequest") -> Answer:
        """The token endpoint (RFC 6749 §3.2)."""
        return cast(Answer, self.create_token_response(request))

    def answer_endpoint(self, name: str, request: "ProtocolRequest") -> Answer:
        """A registered endpoint by its name."""
        return cast(Answer, self.create_endpoint_response(name, request))

    def refuse(self, error: OAuth2Error) -> Answer:
        """The answer to a request that failed before Authlib took it over."""
        return self.handle_response(*error())

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Nothing to do: refresh tokens are stored when made, access tokens never."""
