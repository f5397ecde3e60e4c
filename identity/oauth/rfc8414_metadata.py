"""What the issuer says of itself: OpenID Connect Discovery §3 and RFC 8414 §2, one document for both places.

Everything here is true of the code: lists come from where they are enforced.
"""

from typing import Any

from identity.clients.schemas import AUTH_METHODS, GRANT_TYPES
from identity.clients.scopes import SCOPES, SERVICE_SCOPES
from identity.oauth import rfc7523_assertion, rfc9449_dpop
from identity.oauth.authorize import PROMPTS
from identity.oauth.keys import ALGS
from identity.oauth.openid_claims import ASKABLE
from identity.oauth.provider import Provider

PROVING = [method for method in AUTH_METHODS if method != "none"]


def metadata(provider: Provider) -> dict[str, Any]:
    """The whole document."""
    return {**_addresses(provider.house.settings.issuer), **_protocol(provider), **_openid()}


def _addresses(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks.json",
        "sm2_jwks_uri": f"{issuer}/jwks-sm2.json",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "registration_endpoint": f"{issuer}/clients",
        "end_session_endpoint": f"{issuer}/logout",
    }


def _protocol(provider: Provider) -> dict[str, Any]:
    extra = [str(grant.GRANT_TYPE) for grant in provider.grants]
    return {
        "scopes_supported": [*SCOPES, *SERVICE_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*GRANT_TYPES, *extra],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(rfc7523_assertion.ALGS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(rfc7523_assertion.ALGS),
        "introspection_endpoint_auth_methods_supported": PROVING,
        "introspection_endpoint_auth_signing_alg_values_supported": list(rfc7523_assertion.ALGS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        "dpop_signing_alg_values_supported": list(rfc9449_dpop.ALGS),
        "authorization_details_types_supported": provider.details.names,
    }


def _openid() -> dict[str, Any]:
    return {
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(ALGS),
        "userinfo_signing_alg_values_supported": ["none", *ALGS],
        "claim_types_supported": ["normal"],
        "claims_supported": ["iss", "aud", "sid", "iat", "exp", "nonce", *ASKABLE],
        "acr_values_supported": ["L1", "L2", "L3", "L4"],
        "prompt_values_supported": sorted(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": ["zh-CN", "en"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
