"""Client libraries that others wrote, unchanged: sign in, refresh, ask who it is, sign out. More in ``make interop``."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler
from requests_oauthlib import OAuth2Session

from tests.conftest import NOON
from tests.identity.conftest import City, close_city, open_with_clients
from tests.identity.relying_party import (
    CALLBACK,
    MINI_APP,
    MINI_SECRET,
    answer_to,
    claims_of,
    redirect_of,
)

BYE = "http://127.0.0.1:9/bye"


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city in our own time: foreign libraries look at their own clock."""
    home = tmp_path_factory.mktemp("living")
    opened, running = open_with_clients(home, f"sqlite:///{home / 'dongchu.db'}")
    opened.clock.move(datetime.now(UTC) - NOON)
    yield opened
    close_city(opened, running)


def within(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_idpyoidc_finds_everything_by_itself(
    living: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certified Python library of the identity federations; it checks issuer, nonce, hashes, keys and times."""
    monkeypatch.chdir(tmp_path)  # it writes keys of its own beside itself
    issuer = living.issuer
    services = {
        **DEFAULT_OIDC_SERVICES,
        "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
    }
    handler: Any = RPHandler(
        base_url="http://127.0.0.1:9",
        services=services,
        client_configs={
            issuer: {
                "issuer": issuer,
                "client_type": "oidc",
                "client_id": MINI_APP,
                "client_secret": MINI_SECRET,
                "redirect_uris": [CALLBACK],
                "post_logout_redirect_uris": [BYE],
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "profile"],
                "id_token_signed_response_alg": "ES256",
                "token_endpoint_auth_method": "client_secret_basic",
                "client_authn_methods": ["client_secret_basic", "bearer_header"],
                "add_ons": {
                    "pkce": {
                        "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                        "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                    }
                },
            }
        },
    )
    address = handler.begin(issuer_id=issuer)
    back = answer_to(living.surfer(), within(address))
    found = handler.finalize(issuer, back)
    assert "error" not in found, found
    assert found["userinfo"]["name"] == "陈桂英"
    assert found["id_token"]["iss"] == issuer
    state = found["state"]
    first = handler.get_valid_access_token(state)[0]
    handler.refresh_access_token(state)
    second = handler.get_valid_access_token(state)[0]
    assert first != second
    assert handler.get_user_info(state)["name"] == "陈桂英"
    leave = handler.logout(state, post_logout_redirect_uri=BYE)
    answer = living.surfer().http.get(within(leave["url"]))
    assert redirect_of(answer)[0] == BYE
    with pytest.raises(OidcServiceError, match="invalid_token"):
        handler.get_user_info(state)


def test_requests_oauthlib_completes_everything(living: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain OAuth library of most Python programs."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback, without TLS
    issuer = living.issuer
    session: Any = OAuth2Session(MINI_APP, redirect_uri=CALLBACK, scope=["openid", "profile"], pkce="S256")
    address, state = session.authorization_url(f"{issuer}/authorize", nonce="n-0S6_WzA2Mj")
    back = answer_to(living.surfer(), within(address))
    assert back["state"] == state
    token = session.fetch_token(f"{issuer}/token", code=back["code"], client_secret=MINI_SECRET)
    assert claims_of(token["id_token"])["nonce"] == "n-0S6_WzA2Mj"
    assert session.get(f"{issuer}/userinfo").json()["name"] == "陈桂英"
    renewed = session.refresh_token(f"{issuer}/token", client_id=MINI_APP, client_secret=MINI_SECRET)
    assert renewed["access_token"] != token["access_token"]
    out = session.get(
        f"{issuer}/logout",
        params={"id_token_hint": token["id_token"], "post_logout_redirect_uri": BYE},
        allow_redirects=False,
    )
    assert out.headers["location"] == BYE
    assert session.get(f"{issuer}/userinfo").status_code == 401
    session.close()
