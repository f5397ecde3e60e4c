"""What may be said of a client when it is registered: the settings of RFC 7591 §2 and ours, in one value."""

from typing import Any, Literal

import msgspec

CODE = "authorization_code"
REFRESH = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = (CODE, REFRESH, CLIENT_CREDENTIALS, DEVICE, EXCHANGE)

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
AUTH_METHODS: tuple[AuthMethod, ...] = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "none",
)
#: ES256 for everybody; SM2 over SM3 (GB/T 32918, GB/T 32905) or RS256 for clients that ask for it.
SigningAlg = Literal["ES256", "RS256", "SM2SM3"]


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``about`` holds what people may read of it (``client_uri``, ``logo_uri``, ``policy_uri``, ``tos_uri``, ``contacts``).

    ``is_first_party`` marks the city's own portals, which ask for no consent; only the house itself sets it.
    """

    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    auth_method: AuthMethod = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    grant_types: tuple[str, ...] = (CODE, REFRESH)
    scopes: tuple[str, ...] = ("openid", "profile")
    capacities: tuple[str, ...] = ("self",)
    audiences: tuple[str, ...] = ()
    authorization_details_types: tuple[str, ...] = ()
    sector_identifier_uri: str | None = None
    signing_alg: SigningAlg = "ES256"
    userinfo_alg: SigningAlg | None = None
    default_max_age: int | None = None
    default_acr_values: tuple[str, ...] = ()
    requires_par: bool = False
    requires_dpop: bool = False
    is_first_party: bool = False
    may_introspect: bool = False
    about: dict[str, Any] = {}
