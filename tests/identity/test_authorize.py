"""The authorization endpoint under probing: redirects, PKCE, issuer, prompts, consent, strange input."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.identity.conftest import City
from tests.identity.relying_party import (
    Attempt,
    TokenClient,
    authorize_url,
    claims_of,
    mini_attempt,
    obtain_code,
    redirect_of,
)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:9/callback/",
        "http://127.0.0.1:9/callback?x=1",
        "http://127.0.0.1:9/Callback",
        "https://127.0.0.1:9/callback",
        "http://127.0.0.1:9@evil.example/callback",
        "https://evil.example/callback",
        "javascript:alert(1)",
        'http://127.0.0.1:9/"\\callback',
        None,
    ],
)
def test_only_the_registered_address_is_ever_redirected_to(city: City, redirect_uri: str | None) -> None:
    parameters = mini_attempt().parameters(redirect_uri=redirect_uri)
    page = city.surfer().http.get(authorize_url(parameters))
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "没有把您带到别的网站" in page.text


def test_an_unknown_client_gets_a_page_and_no_redirect(city: City) -> None:
    page = city.surfer().http.get(authorize_url(mini_attempt().parameters(client_id="nobody")))
    assert page.status_code == 400
    assert "location" not in page.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid tong"}, "invalid_scope"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "http://127.0.0.1:1/x"}, "request_uri_not_supported"),
    ],
)
def test_a_bad_request_goes_back_with_its_error_state_and_issuer(
    city: City, changes: dict[str, str | None], error: str
) -> None:
    attempt = mini_attempt()
    answer = city.surfer().http.get(authorize_url(attempt.parameters(**changes)))
    address, back = redirect_of(answer)
    assert address == attempt.redirect_uri
    assert back["error"] == error
    assert back["state"] == attempt.state
    assert back["iss"] == city.issuer


@pytest.mark.parametrize(
    "query",
    [
        "client_id=mini-app&client_id=other-app",
        "client_id=mini-app&state=a&state=b",
        "client_id=%00",
        "client_id=mini-app&state=%E4%B8%AD",
        "client_id=%FF%FE",
        "client_id=" + "a" * 5000,
        "a=1&" * 60,
        "scope=%0d%0aSet-Cookie:x",
        "nonce=%00",
    ],
)
def test_strange_input_is_refused_before_anything_else(city: City, query: str) -> None:
    page = city.surfer().http.get(f"/identity/authorize?{query}")
    assert page.status_code == 400
    assert "location" not in page.headers


def test_the_issuer_stands_on_success_too(city: City) -> None:
    assert obtain_code(city.surfer(), mini_attempt())["iss"] == city.issuer


def test_a_third_party_needs_consent_which_may_be_refused(city: City) -> None:
    surfer, attempt = city.surfer(), Attempt("other-app", "http://127.0.0.1:9/callback", "openid profile")
    page = surfer.sign_in(surfer.open(authorize_url(attempt.parameters())), "jianguo")
    assert "允许“公交小程序”" in page.text
    _, back = redirect_of(surfer.submit(page, "authorize", decision="deny"))
    assert back["error"] == "access_denied"
    assert back["iss"] == city.issuer
    silent = surfer.http.get(authorize_url(attempt.parameters(prompt="none")))
    assert redirect_of(silent)[1]["error"] == "consent_required"


def test_consent_says_whose_account_it_is_and_how_long_it_holds(city: City) -> None:
    surfer = city.surfer()
    page = surfer.open(authorize_url(mini_attempt().parameters(prompt="consent")))
    if "/identity/login" in str(page.url):
        page = surfer.sign_in(page, "guiying")
    assert "您登录的账户：陈桂英" in page.text
    assert "同意后到2027年11月23日为止有效" in page.text


def test_consent_cannot_be_given_without_the_token_of_this_browser(city: City) -> None:
    surfer, attempt = city.surfer(), Attempt("other-app", "http://127.0.0.1:9/callback", "openid profile")
    surfer.sign_in(surfer.open(authorize_url(attempt.parameters())), "jianguo")
    forged = surfer.http.post(
        authorize_url(attempt.parameters()),
        data={"decision": "allow", "basis": "self", "csrf_token": "x" * 32},
    )
    assert forged.status_code == 403
    assert "刷新" in forged.text


def test_consent_is_remembered_and_withdrawing_it_kills_the_tokens(own_city: City) -> None:
    surfer, attempt, client = own_city.surfer(), mini_attempt(), TokenClient(own_city.issuer)
    tokens = client.redeem(attempt, obtain_code(surfer, attempt)["code"]).json()
    again = mini_attempt()
    assert "code" in redirect_of(surfer.http.get(authorize_url(again.parameters(prompt="none"))))[1]
    surfer.submit(surfer.open("/identity/security/consents"), "withdraw")
    assert client.who(tokens["access_token"]).status_code == 401
    refused = surfer.http.get(authorize_url(mini_attempt().parameters(prompt="none")))
    assert redirect_of(refused)[1]["error"] == "consent_required"


def test_prompt_login_asks_for_the_password_again(city: City) -> None:
    surfer = city.surfer()
    obtain_code(surfer, mini_attempt())
    page = surfer.open(authorize_url(mini_attempt().parameters(prompt="login")))
    assert "/identity/login" in str(page.url)
    assert "code" in redirect_of(surfer.sign_in(page, "guiying"))[1]


def test_max_age_asks_for_the_password_once_the_sign_in_is_too_old(city: City) -> None:
    surfer = city.surfer()
    obtain_code(surfer, mini_attempt())
    assert surfer.open(authorize_url(mini_attempt().parameters(max_age="60"))).is_redirect
    city.clock.move(timedelta(seconds=61))
    page = surfer.open(authorize_url(mini_attempt().parameters(max_age="60")))
    assert "/identity/login" in str(page.url)
    assert "code" in redirect_of(surfer.sign_in(page, "guiying"))[1]


def test_a_login_leads_only_to_our_own_authorization_endpoint(city: City) -> None:
    surfer = city.surfer()
    page = surfer.open(f"/identity/login?next={quote('https://evil.example/?a=b')}")
    answer = surfer.sign_in(page, "guiying")
    assert str(answer.url).startswith(city.url)


def test_the_name_of_a_person_differs_from_client_to_client_and_shows_nothing(city: City) -> None:
    attempt, other = mini_attempt(), Attempt("other-app", "http://127.0.0.1:9/callback", "openid")
    one = TokenClient(city.issuer).redeem(attempt, obtain_code(city.surfer(), attempt)["code"]).json()
    two = (
        TokenClient(city.issuer, "other-app", "another's secret")
        .redeem(other, obtain_code(city.surfer(), other)["code"])
        .json()
    )
    subjects = [claims_of(tokens["id_token"])["sub"] for tokens in (one, two)]
    assert subjects[0] != subjects[1]
    assert str(city.people.mother) not in subjects


def test_an_id_token_says_who_when_and_how_and_nothing_more(city: City) -> None:
    attempt = mini_attempt()
    tokens = TokenClient(city.issuer).redeem(attempt, obtain_code(city.surfer(), attempt)["code"]).json()
    claims = claims_of(tokens["id_token"])
    assert claims["nonce"] == attempt.nonce
    assert claims["aud"] == "mini-app"
    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "exp", "auth_time", "acr", "amr", "nonce"}
