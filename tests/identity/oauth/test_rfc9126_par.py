"""Pushed requests: for their client, once, for minutes; and what they say nobody at the browser can change."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.identity.conftest import City
from tests.identity.oauth.conftest import Clients
from tests.identity.proving import ASSERTION_TYPE, assertion, new_key
from tests.identity.relying_party import (
    Attempt,
    Surfer,
    TokenClient,
    answer_to,
    authorize_url,
    claims_of,
    mini_attempt,
    redirect_of,
)


def pushed(client: TokenClient, attempt: Attempt, **changes: str | None) -> str:
    answer = client.post("par", **attempt.parameters(**changes))
    assert answer.status_code == 201, answer.text
    assert 0 < answer.json()["expires_in"] < 600
    return answer.json()["request_uri"]


def address_of(request_uri: str, client_id: str = "mini-app", **more: str) -> str:
    return f"/identity/authorize?{urlencode({'client_id': client_id, 'request_uri': request_uri, **more})}"


def test_a_pushed_request_is_answered_once(clients: Clients) -> None:
    client, attempt, surfer = TokenClient(clients.city.issuer), mini_attempt(), clients.city.surfer()
    address = address_of(pushed(client, attempt))
    back = answer_to(surfer, address)
    assert (back["state"], back["iss"]) == (attempt.state, clients.city.issuer)
    assert client.redeem(attempt, back["code"]).status_code == 200
    again = surfer.http.get(address)
    assert again.status_code == 400
    assert "location" not in again.headers


def test_what_stands_beside_the_handle_counts_for_nothing(clients: Clients) -> None:
    client, attempt = TokenClient(clients.city.issuer), mini_attempt()
    uri = pushed(client, attempt, scope="openid")
    address = address_of(uri, scope="openid profile", redirect_uri="https://evil.example/", state="other")
    surfer = clients.city.surfer()
    page = surfer.open(address)
    page = surfer.sign_in(page, "guiying")
    if not page.is_redirect:
        page = surfer.submit(page, "authorize", decision="allow")
    target, back = redirect_of(page)
    assert (target, back["state"]) == (attempt.redirect_uri, attempt.state)
    assert client.redeem(attempt, back["code"]).json()["scope"] == "openid"


def test_a_handle_is_its_clients_alone(clients: Clients) -> None:
    uri = pushed(TokenClient(clients.city.issuer), mini_attempt())
    page = clients.city.surfer().http.get(address_of(uri, client_id="other-app"))
    assert page.status_code == 400
    assert clients.city.surfer().http.get(address_of(uri)).is_redirect  # and nothing was burned


def test_a_handle_expires(own_city: City) -> None:
    uri = pushed(TokenClient(own_city.issuer), mini_attempt())
    own_city.clock.move(timedelta(minutes=10))
    assert own_city.surfer().http.get(address_of(uri)).status_code == 400


def test_a_pushed_wish_for_a_fresh_sign_in_cannot_be_stripped(own_city: City) -> None:
    client, surfer = TokenClient(own_city.issuer), own_city.surfer()
    answer_to(surfer, authorize_url(mini_attempt().parameters()))
    own_city.clock.move(timedelta(minutes=2))
    for wish in ({"prompt": "login"}, {"max_age": "60"}):
        attempt = mini_attempt()
        address = address_of(pushed(client, attempt, **wish))
        page = surfer.open(address)
        assert "/identity/login" in str(page.url)
        assert "/identity/login" in str(surfer.open(address).url)  # going round the page leads back to it
        back = redirect_of(surfer.sign_in(page, "guiying"))[1]
        claims = claims_of(client.redeem(attempt, back["code"]).json()["id_token"])
        assert claims["auth_time"] == int(own_city.clock.now().timestamp())
        own_city.clock.move(timedelta(minutes=2))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid tong"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
    ],
)
def test_a_bad_request_is_refused_when_it_is_pushed(
    clients: Clients, changes: dict[str, Any], error: str
) -> None:
    answer = TokenClient(clients.city.issuer).post("par", **mini_attempt().parameters(**changes))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_nonce_or_state_of_any_sane_length_comes_back_or_is_refused(clients: Clients) -> None:
    client, attempt = TokenClient(clients.city.issuer), mini_attempt(state="s" * 3000, nonce="n" * 255)
    back = answer_to(clients.city.surfer(), address_of(pushed(client, attempt)))
    assert back["state"] == attempt.state
    assert claims_of(client.redeem(attempt, back["code"]).json()["id_token"])["nonce"] == attempt.nonce
    for wild in ({"nonce": "n" * 256}, {"state": "s" * 5000}):
        answer = client.post("par", **mini_attempt().parameters(**wild))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_only_post_pushes(clients: Clients) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = httpx.request(method, f"{clients.city.issuer}/par", trust_env=False)
        assert answer.status_code == 405


def test_only_its_client_pushes(clients: Clients) -> None:
    for client in (TokenClient(clients.city.issuer, "mini-app", "wrong"), clients.of("nobody")):
        form = mini_attempt().parameters(client_id=client.client_id)
        assert client.post("par", **form).status_code == 401


def test_a_strict_client_must_push_and_prove_and_then_completes(clients: Clients) -> None:
    """What FAPI 2 asks of a client: pushed request, signed assertion, bound tokens."""
    city = clients.city
    attempt = Attempt("strict", "http://127.0.0.1:9/callback", "openid profile")
    plain = city.surfer().http.get(authorize_url(attempt.parameters()))
    assert redirect_of(plain)[1]["error"] == "invalid_request"

    def proven() -> dict[str, str]:
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(clients.key, "strict", city.issuer),
        }

    client = clients.with_key("strict")
    answer = client.post("par", **attempt.parameters(), **proven())
    assert answer.status_code == 201, answer.text
    surfer = city.surfer()
    code = answer_to(surfer, address_of(answer.json()["request_uri"], "strict"))["code"]
    bare = TokenClient(city.issuer, "strict", None).redeem(attempt, code, **proven())
    assert bare.json()["error"] == "invalid_grant"  # the code is bound to the key that pushed
    tokens = client.redeem(attempt, code, **proven())
    assert tokens.json()["token_type"] == "DPoP", tokens.text
    assert client.who(tokens.json()["access_token"]).status_code == 200
    renewed = client.refresh(tokens.json()["refresh_token"], **proven())
    assert renewed.json()["token_type"] == "DPoP"
    other = clients.with_key("strict")  # a confidential client may change its key (RFC 9449 §5)
    assert other.refresh(renewed.json()["refresh_token"], **proven()).status_code == 200


def test_a_thumbprint_that_is_not_the_proofs_is_refused(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    attempt = Attempt("phone-app", "http://127.0.0.1:9/callback", "openid")
    answer = client.post("par", **attempt.parameters(), dpop_jkt=new_key().thumbprint())
    assert answer.json()["error"] == "invalid_request"


def test_pages_between_keep_the_handle_and_nothing_of_the_request(clients: Clients) -> None:
    surfer: Surfer = clients.city.surfer()
    page = surfer.open(
        address_of(pushed(TokenClient(clients.city.issuer), mini_attempt(nonce="my-own-nonce")))
    )
    assert "/identity/login" in str(page.url)
    assert "my-own-nonce" not in str(page.url) + page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.headers["content-security-policy"]
