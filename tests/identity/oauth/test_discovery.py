"""What the issuer says of itself is whole, and true: each thing it names works, each thing it leaves out is refused.

OpenID Connect Discovery §3 and §4.2, RFC 8414 §2, RFC 9126 §5, RFC 9207 §3, RFC 9449 §5.1, RP-Initiated Logout §2.1,
Back-Channel Logout §2.1, and what FAPI 2.0 §5.3.2.1 wants of a server.
"""

from typing import Any

import httpx
import pytest

from identity.clients.schemas import GRANT_TYPES
from tests.identity.conftest import City
from tests.identity.relying_party import TokenClient, authorize_url, mini_attempt, redirect_of

REQUIRED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}
ENDPOINTS = {
    "authorization_endpoint": "GET",
    "userinfo_endpoint": "GET",
    "jwks_uri": "GET",
    "sm2_jwks_uri": "GET",
    "end_session_endpoint": "GET",
    "token_endpoint": "POST",
    "revocation_endpoint": "POST",
    "introspection_endpoint": "POST",
    "pushed_authorization_request_endpoint": "POST",
    "device_authorization_endpoint": "POST",
    "registration_endpoint": "POST",
}


@pytest.fixture(scope="module")
def document(city: City) -> dict[str, Any]:
    answer = httpx.get(f"{city.issuer}/.well-known/openid-configuration", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    return answer.json()


def test_everything_required_is_there_and_of_the_right_kind(city: City, document: dict[str, Any]) -> None:
    assert set(document) >= REQUIRED
    assert document["issuer"] == city.issuer
    assert None not in document.values()
    for name, value in document.items():
        if name.endswith("_supported") and not isinstance(value, bool):
            assert isinstance(value, list), name
            assert value, f"an empty list of {name} must be left out (RFC 8414 §3.2)"
            assert len(set(value)) == len(value), name
            assert all(isinstance(one, str) and one for one in value), name
    assert "openid" in document["scopes_supported"]
    other = httpx.get(f"{city.url}/.well-known/oauth-authorization-server/identity", trust_env=False)
    assert other.json() == document


def test_every_address_is_the_issuers_own_and_answers(city: City, document: dict[str, Any]) -> None:
    named = {name for name in document if name.endswith(("_endpoint", "_uri"))}
    assert named == set(ENDPOINTS)
    for name, method in ENDPOINTS.items():
        address = document[name]
        assert address.startswith(f"{city.issuer}/"), name
        assert "#" not in address, name
        answer = httpx.request(method, address, trust_env=False)
        assert answer.status_code in (200, 400, 401), (name, answer.status_code)
        other = httpx.request("DELETE", address, trust_env=False)
        assert other.status_code == 405, (name, other.status_code)


def test_published_keys_are_public_named_once_and_for_signing(document: dict[str, Any]) -> None:
    for address, algs in (
        ("jwks_uri", {"ES256", "RS256"}),
        ("sm2_jwks_uri", {"SM2SM3"}),
    ):
        keys = httpx.get(document[address], trust_env=False).json()["keys"]
        assert len({key["kid"] for key in keys}) == len(keys), address
        for key in keys:
            assert key["alg"] in algs
            assert key["use"] == "sig"
            assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
    first = httpx.get(document["jwks_uri"], trust_env=False).json()["keys"]
    assert "ES256" in {key["alg"] for key in first}
    assert set(document["id_token_signing_alg_values_supported"]) >= {key["alg"] for key in first}
    assert "none" not in document["id_token_signing_alg_values_supported"]


def test_every_grant_it_names_is_known_and_no_other(city: City, document: dict[str, Any]) -> None:
    """A known one fails for its own reason; an unknown one is told apart."""
    client = TokenClient(city.issuer)

    def error_of(grant_type: str) -> str:
        return client.post("token", grant_type=grant_type).json()["error"]

    assert set(document["grant_types_supported"]) >= set(GRANT_TYPES)
    for grant_type in document["grant_types_supported"]:
        assert error_of(grant_type) in ("invalid_request", "unauthorized_client", "invalid_grant"), grant_type
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"):
        assert grant_type not in document["grant_types_supported"]
        assert error_of(grant_type) == "unsupported_grant_type"


def test_every_value_it_names_is_understood_and_no_other(city: City, document: dict[str, Any]) -> None:
    def error_of(**changes: str) -> str:
        address = authorize_url(mini_attempt().parameters(**changes))
        answer = city.surfer().http.get(address)
        back = redirect_of(answer)[1] if answer.is_redirect else {}
        return back.get("error", "")

    named = {
        "response_type": ("response_types_supported", "id_token"),
        "response_mode": ("response_modes_supported", "fragment"),
        "code_challenge_method": ("code_challenge_methods_supported", "plain"),
        "prompt": ("prompt_values_supported", "dance"),
    }
    for parameter, (name, unknown) in named.items():
        for value in document[name]:
            assert error_of(**{parameter: value}) in ("", "login_required"), (parameter, value)
        assert unknown not in document[name]
        assert error_of(**{parameter: unknown}), parameter
    for level in document["acr_values_supported"]:
        assert error_of(acr_values=level) == "", level
    assert document["request_parameter_supported"] is False
    assert error_of(request="eyJhbGciOiJub25lIn0.e30.") == "request_not_supported"
    assert document["request_uri_parameter_supported"] is False
    assert error_of(request_uri="https://a.example/x") == "request_uri_not_supported"
    assert document["claims_parameter_supported"] is True
    assert error_of(claims='{"id_token": {"acr": null}}') == ""


def test_what_logout_and_fapi_2_want_is_said(document: dict[str, Any]) -> None:
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    for name in ("token_endpoint_auth_signing_alg_values", "dpop_signing_alg_values"):
        algs = set(document[f"{name}_supported"])
        assert algs & {"ES256", "PS256", "EdDSA"}, name
        assert not algs & {"none", "RS256", "HS256"}, name
