"""What the issuer says of itself: OpenID Connect Discovery §3 and RFC 8414 §2, one document for both places."""

from typing import Any

from identity.clients.service import SCOPES
from kernel.settings import Settings

CLIENT_METHODS = ["client_secret_basic", "client_secret_post"]


def metadata(settings: Settings) -> dict[str, Any]:
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks.json",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": [*CLIENT_METHODS, "none"],
        "revocation_endpoint_auth_methods_supported": [*CLIENT_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": CLIENT_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "claims_supported": [
            "iss",
            "aud",
            "sub",
            "sid",
            "iat",
            "exp",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "name",
            "capacity",
            "acting_for_name",
        ],
        "acr_values_supported": ["L1", "L2", "L3", "L4"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["zh-CN", "en"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
