"""A request at an endpoint of the protocol, and what goes back, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from identity.capacity.schemas import CapacityOption
from identity.grants.models import OAuthGrant
from identity.oauth.models import AuthorizationCode, RefreshToken
from identity.sessions.models import IdentitySession


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
    """A request whose parameters have passed the edge.

    ``jkt`` is the key that a DPoP proof showed; ``grant`` what its tokens will hang on;
    ``successor`` the refresh token that must come next; ``details`` what is to be authorised in particular (RFC 9396).
    """

    authorization_code: AuthorizationCode | None
    refresh_token: RefreshToken | None

    def __init__(
        self,
        method: str,
        parameters: dict[str, str],
        headers: Mapping[str, str],
        *,
        jkt: str | None = None,
    ) -> None:
        # Whether plain http is acceptable is decided by the settings (loopback only), not by Authlib.
        super().__init__(method, "https://dongchu.invalid/", headers=dict(headers))
        self.payload = BasicOAuth2Payload(parameters)
        self.parameters = parameters
        self.jkt = jkt
        self.grant: OAuthGrant | None = None
        self.successor: str | None = None
        self.details: list[dict[str, Any]] | None = None
        self.claims: dict[str, Any] | None = None

    @property
    def args(self) -> dict[str, str | None]:
        return dict(self.parameters)

    @property
    def form(self) -> dict[str, str]:
        return self.parameters
