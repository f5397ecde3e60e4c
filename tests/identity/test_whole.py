"""The service as a whole: a client library that is nobody's here, the API description."""

from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import schemathesis
from authlib.integrations.requests_client import OAuth2Session
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.cli import client_commands
from tests.identity.conftest import (
    City,
)
from tests.identity.relying_party import (
    CALLBACK,
    MINI_SECRET,
    redirect_of,
)


def test_a_foreign_client_library_completes_everything(city: City) -> None:
    metadata = httpx.get(f"{city.issuer}/.well-known/openid-configuration", trust_env=False).json()
    client: Any = OAuth2Session(  # untyped, as its base is
        "mini-app",
        MINI_SECRET,
        redirect_uri=CALLBACK,
        scope="openid profile",
        code_challenge_method="S256",
    )
    client.trust_env = False
    verifier = "v" * 64
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj"
    )
    surfer = city.surfer()
    page = surfer.sign_in(surfer.open(url.removeprefix(city.url)), "jianguo")
    if not page.is_redirect:
        page = surfer.submit(page, "authorize", decision="allow")
    address, back = redirect_of(page)
    assert back["state"] == state
    token = client.fetch_token(
        metadata["token_endpoint"], code=back["code"], code_verifier=verifier, state=state
    )
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"], trust_env=False).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
    assert claims["iss"] == metadata["issuer"]
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert client.get(metadata["userinfo_endpoint"]).json()["name"] == "柯建国"
    renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert renewed["access_token"] != token["access_token"]
    assert (
        client.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"]).status_code
        == 200
    )
    assert address == CALLBACK
    client.close()


def test_both_places_of_the_metadata_name_addresses_that_answer(city: City) -> None:
    document = httpx.get(f"{city.issuer}/.well-known/openid-configuration", trust_env=False).json()
    other_place = f"{city.url}/.well-known/oauth-authorization-server/identity"
    assert httpx.get(other_place, trust_env=False).json() == document
    for name in ("authorization_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        assert httpx.get(document[name], trust_env=False).status_code in (200, 400, 401)
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        assert httpx.post(document[name], trust_env=False).status_code == 400


def test_no_input_breaks_the_service(city: City) -> None:
    """Every operation of the API description, with whatever schemathesis thinks of: never a 5xx."""
    schema = schemathesis.openapi.from_url(f"{city.issuer}/schema/openapi.json")
    operations: list[Any] = [operation.ok() for operation in cast(Any, schema).get_all_operations()]
    assert {operation.path for operation in operations} >= {
        "/identity/token",
        "/identity/authorize",
        "/identity/introspect",
        "/identity/login",
    }
    for operation in operations:
        _probe(operation, city.url)


def _probe(operation: Any, url: str) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def never_fails(case: Any) -> None:
        response = case.call(base_url=url)
        assert response.status_code < 500, (case.path, response.status_code, response.text[:300])

    never_fails()


def test_a_client_is_added_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: object
) -> None:
    monkeypatch.setenv("DONGCHU_HOME", str(tmp_path))
    runner = CliRunner()
    added = runner.invoke(
        client_commands, ["add", "--id", "demo-app", "--redirect-uri", "http://127.0.0.1:9000/callback"]
    )
    assert added.exit_code == 0, added.output
    assert "client_secret" in added.output
    for arguments, word in (
        (["--redirect-uri", "http://evil.example/callback"], "evil.example"),
        (["--redirect-uri", "javascript:alert(1)"], "javascript"),
        (["--redirect-uri", "https://app.example/cb#fragment"], "fragment"),
        (["--redirect-uri", "https://app.example/cb", "--public", "--secret", "x"], "public"),
    ):
        refused = runner.invoke(client_commands, ["add", "--id", "demo-app", *arguments])
        assert refused.exit_code != 0
        assert word in refused.output
