"""Signing out as a client asks for it (OpenID Connect RP-Initiated Logout 1.0): who is led where, and who is asked first."""

from typing import Any

import httpx
import pytest

from tests.identity.oauth.conftest import Clients
from tests.identity.relying_party import (
    Surfer,
    TokenClient,
    mini_attempt,
    obtain_code,
    redirect_of,
)

BYE = "http://127.0.0.1:9/bye"


def signed_in(clients: Clients) -> tuple[Surfer, dict[str, Any]]:
    surfer, attempt = clients.city.surfer(), mini_attempt()
    code = obtain_code(surfer, attempt)["code"]
    return surfer, TokenClient(clients.city.issuer).redeem(attempt, code).json()


def log_out(surfer: Surfer, **asked: str) -> httpx.Response:
    return surfer.http.get("/identity/logout", params=asked)


def is_live(clients: Clients, tokens: dict[str, Any]) -> bool:
    return TokenClient(clients.city.issuer).who(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("more", [{"state": "and back"}, {}, {"client_id": "mini-app"}])
def test_with_an_id_token_one_is_led_back_with_the_state(clients: Clients, more: dict[str, str]) -> None:
    surfer, tokens = signed_in(clients)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, **more}
    address, back = redirect_of(log_out(surfer, **asked))
    assert (address, back) == (BYE, {"state": "and back"} if "state" in more else {})
    assert not is_live(clients, tokens)


@pytest.mark.parametrize(
    "uri", [f"{BYE}/", f"{BYE}?extra=1", "https://evil.example/", "javascript:alert(1)", "//evil.example"]
)
def test_an_address_that_is_not_registered_is_never_led_to(clients: Clients, uri: str) -> None:
    surfer, tokens = signed_in(clients)
    page = log_out(surfer, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
    assert "location" not in page.headers
    assert not is_live(clients, tokens)  # the sign-in ends all the same


@pytest.mark.parametrize("hint", ["modified", "nonsense", "another's"])
def test_a_hint_that_is_not_ours_ends_nothing(clients: Clients, hint: str) -> None:
    surfer, tokens = signed_in(clients)
    given = {
        "modified": tokens["id_token"][:-6] + "AAAAAA",
        "nonsense": "nonsense",
        "another's": tokens["access_token"],
    }[hint]
    page = log_out(surfer, id_token_hint=given, post_logout_redirect_uri=BYE)
    assert page.status_code == 400
    assert is_live(clients, tokens)


def test_a_hint_of_another_client_ends_nothing(clients: Clients) -> None:
    surfer, tokens = signed_in(clients)
    page = log_out(surfer, id_token_hint=tokens["id_token"], client_id="other-app")
    assert page.status_code == 400
    assert is_live(clients, tokens)


@pytest.mark.parametrize("asked", [{}, {"state": "x"}, {"post_logout_redirect_uri": BYE, "state": "x"}])
def test_without_a_hint_the_person_is_asked_and_led_nowhere(clients: Clients, asked: dict[str, str]) -> None:
    surfer, tokens = signed_in(clients)
    page = log_out(surfer, **asked)
    assert "要退出登录吗" in page.text
    assert is_live(clients, tokens)
    gone = surfer.submit(page, "/identity/logout")
    assert "location" not in gone.headers
    assert not is_live(clients, tokens)


def test_without_a_hint_but_with_its_name_a_client_gets_the_person_back_after_they_agreed(
    clients: Clients,
) -> None:
    surfer, tokens = signed_in(clients)
    page = log_out(surfer, client_id="mini-app", post_logout_redirect_uri=BYE, state="s")
    assert "form-action 'self' http://127.0.0.1:9" in page.headers["content-security-policy"]
    assert is_live(clients, tokens)
    assert redirect_of(surfer.submit(page, "/identity/logout")) == (BYE, {"state": "s"})
    assert not is_live(clients, tokens)


def test_it_may_be_posted_too(clients: Clients) -> None:
    surfer, tokens = signed_in(clients)
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE}
    assert redirect_of(surfer.http.post("/identity/logout", data=form))[0] == BYE
    assert not is_live(clients, tokens)
