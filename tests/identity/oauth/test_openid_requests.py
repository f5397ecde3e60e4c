"""What a client may ask of a sign-in: which claims, which person, how fresh, how sure; and what it is told."""

import json
from typing import Any

import httpx
import pytest

from identity.accounts import repository as accounts
from identity.oauth.keys import KeyRing, rotate_keys
from tests.identity.conftest import DAUGHTER_PHONE, City
from tests.identity.oauth.conftest import Clients
from tests.identity.relying_party import (
    CALLBACK,
    Attempt,
    TokenClient,
    answer_to,
    authorize_url,
    claims_of,
    mini_attempt,
    obtain_code,
    redirect_of,
)


def test_single_claims_come_where_they_were_asked_for(clients: Clients) -> None:
    client = TokenClient(clients.city.issuer)
    attempt = Attempt("mini-app", CALLBACK, "openid")
    asked: dict[str, Any] = {
        "id_token": {"name": {"essential": True}, "unknown": None},
        "userinfo": {"capacity": None},
    }
    surfer = clients.city.surfer()
    page = surfer.open(authorize_url(attempt.parameters(claims=json.dumps(asked))))
    page = surfer.sign_in(page, "jianguo")
    assert "查看您的姓名" in page.text  # the scope was not asked for; the claim is read out all the same
    code = redirect_of(surfer.submit(page, "authorize", decision="allow"))[1]["code"]
    tokens = client.redeem(attempt, code).json()
    assert claims_of(tokens["id_token"])["name"] == "柯建国"
    info = client.who(tokens["access_token"]).json()
    assert set(info) == {"sub", "capacity"}
    refreshed = client.refresh(tokens["refresh_token"]).json()
    assert claims_of(refreshed["id_token"])["name"] == "柯建国"


@pytest.mark.parametrize(
    "claims", ["[]", "1", "{", '{"id_token": []}', '{"id_token": {"name": 1}}', "[" * 900]
)
def test_a_claims_parameter_that_is_none_is_refused(clients: Clients, claims: str) -> None:
    answer = clients.city.surfer().http.get(authorize_url(mini_attempt().parameters(claims=claims)))
    assert redirect_of(answer)[1]["error"] == "invalid_request"


def test_the_phone_number_needs_its_scope_and_consent(clients: Clients) -> None:
    client = clients.of("sealed")
    attempt = Attempt("sealed", CALLBACK, "openid phone")
    tokens = client.redeem(attempt, obtain_code(clients.city.surfer(), attempt, "xiaolan")["code"]).json()
    signed = client.who(tokens["access_token"])
    assert signed.headers["content-type"].startswith("application/jwt")
    info = claims_of(signed.text)
    assert (info["phone_number"], info["phone_number_verified"]) == (f"+86{DAUGHTER_PHONE}", True)
    assert (info["iss"], info["aud"]) == (clients.city.issuer, "sealed")
    assert DAUGHTER_PHONE not in tokens["id_token"]
    with clients.city.house.database.read() as session:
        account = accounts.get(session, clients.city.people.mother)
        assert account is not None
        assert account.phone_sealed is None
    mother = client.redeem(attempt := Attempt("sealed", CALLBACK, "openid phone"), code_of(clients, attempt))
    assert set(claims_of(client.who(mother.json()["access_token"]).text)) == {"sub", "iss", "aud", "iat"}


def code_of(clients: Clients, attempt: Attempt) -> str:
    return obtain_code(clients.city.surfer(), attempt)["code"]


def test_one_wanted_person_and_no_other(clients: Clients) -> None:
    client, surfer = TokenClient(clients.city.issuer), clients.city.surfer()
    attempt = mini_attempt()
    id_token = client.redeem(attempt, obtain_code(surfer, attempt)["code"]).json()["id_token"]
    again = surfer.http.get(authorize_url(mini_attempt().parameters(prompt="none", id_token_hint=id_token)))
    assert "code" in redirect_of(again)[1]
    sub = {"id_token": {"sub": {"value": claims_of(id_token)["sub"]}}}
    same = surfer.http.get(authorize_url(mini_attempt().parameters(claims=json.dumps(sub))))
    assert "code" in redirect_of(same)[1]
    stranger = clients.city.surfer()
    obtain_code(stranger, mini_attempt(), "jianguo")
    for wish in ({"id_token_hint": id_token}, {"claims": json.dumps(sub)}):
        answer = stranger.http.get(authorize_url(mini_attempt().parameters(**wish)))
        assert redirect_of(answer)[1]["error"] == "login_required"
    forged = surfer.http.get(authorize_url(mini_attempt().parameters(id_token_hint=id_token[:-4] + "AAAA")))
    assert redirect_of(forged)[1]["error"] == "invalid_request"
    others = Attempt("other-app", CALLBACK, "openid")
    wrong = surfer.http.get(authorize_url(others.parameters(id_token_hint=id_token)))
    assert redirect_of(wrong)[1]["error"] == "invalid_request"


def test_an_essential_level_is_demanded_and_a_reached_one_is_not(clients: Clients) -> None:
    surfer = clients.city.surfer()
    obtain_code(surfer, mini_attempt())
    for level, is_enough in (("L1", True), ("L3", False)):
        asked = {"id_token": {"acr": {"essential": True, "values": [level]}}}
        page = surfer.open(authorize_url(mini_attempt().parameters(claims=json.dumps(asked))))
        assert page.is_redirect is is_enough
        assert ("/identity/step-up" in str(page.url)) is not is_enough


def test_a_login_hint_fills_in_the_field_and_nothing_else(clients: Clients) -> None:
    for hint, shown in (("guiying", "guiying"), ("<b>陈桂英", "&lt;b&gt;陈桂英")):
        page = clients.city.surfer().open(authorize_url(mini_attempt().parameters(login_hint=hint)))
        assert f'value="{shown}"' in page.text


@pytest.mark.parametrize(
    "more",
    [
        {"display": "page"},
        {"display": "popup"},
        {"ui_locales": "en zh-CN"},
        {"claims_locales": "en"},
        {"extra": "not understood"},
        {"acr_values": "urn:unknown L1"},
        {"scope": "profile openid"},
        {"state": None},
        {"nonce": None},
        {"nonce": "x" * 64},
    ],
)
def test_what_need_not_be_understood_or_given_changes_nothing(
    clients: Clients, more: dict[str, str | None]
) -> None:
    attempt, client = mini_attempt(), TokenClient(clients.city.issuer)
    back = answer_to(clients.city.surfer(), authorize_url(attempt.parameters(**more)))
    assert ("state" in back) is ("state" not in more)
    claims = claims_of(client.redeem(attempt, back["code"]).json()["id_token"])
    assert claims.get("nonce") == more.get("nonce", attempt.nonce)


def test_silent_again_with_the_same_person_and_time(clients: Clients) -> None:
    client, surfer = TokenClient(clients.city.issuer), clients.city.surfer()
    wishes: list[dict[str, str]] = [{}, {"prompt": "none"}, {"max_age": "10000"}]
    seen: list[tuple[str, int]] = []
    for more in wishes:
        attempt = mini_attempt()
        back = obtain_code(surfer, attempt, **more)
        claims = claims_of(client.redeem(attempt, back["code"]).json()["id_token"])
        seen.append((claims["sub"], claims["auth_time"]))
    assert len(set(seen)) == 1


def test_a_secret_may_be_posted_too(clients: Clients) -> None:
    attempt = mini_attempt()
    code = obtain_code(clients.city.surfer(), attempt)["code"]
    posted = TokenClient(clients.city.issuer, "mini-app", None)
    assert posted.redeem(attempt, code, client_secret="a third party's secret").status_code == 200


def test_a_request_without_a_response_type_is_refused(clients: Clients) -> None:
    answer = clients.city.surfer().http.get(authorize_url(mini_attempt().parameters(response_type=None)))
    assert redirect_of(answer)[1]["error"] in ("unsupported_response_type", "invalid_request")


def test_a_request_may_come_by_post(clients: Clients) -> None:
    surfer = clients.city.surfer()
    page = surfer._follow(surfer.http.post("/identity/authorize", data=mini_attempt().parameters()))
    assert "/identity/login" in str(page.url)


def test_userinfo_by_post_takes_the_token_once(clients: Clients) -> None:
    client = TokenClient(clients.city.issuer)
    token = clients.tokens(mini_attempt(), client)["access_token"]
    address, header = f"{clients.city.issuer}/userinfo", {"authorization": f"Bearer {token}"}

    def post(**options: object) -> int:
        return httpx.post(address, trust_env=False, **options).status_code  # type: ignore[bad-argument-type]

    assert post(headers=header) == 200
    assert post(data={"access_token": token}) == 200
    assert post(data={"access_token": token}, headers=header) == 400
    assert post() == 401
    assert post(data={"access_token": "x"}) == 401
    by_address = httpx.get(f"{address}?access_token={token}", trust_env=False)
    assert by_address.status_code == 401  # never in an address


def test_a_sign_in_has_another_name_for_each_client(clients: Clients) -> None:
    surfer, seen = clients.city.surfer(), set[str]()
    for client_id, secret in (("mini-app", "a third party's secret"), ("other-app", "another's secret")):
        attempt = Attempt(client_id, CALLBACK, "openid")
        client = TokenClient(clients.city.issuer, client_id, secret)
        seen.add(
            claims_of(client.redeem(attempt, obtain_code(surfer, attempt)["code"]).json()["id_token"])["sid"]
        )
    assert len(seen) == 2


def test_keys_of_both_kinds_rotate_apart_and_overlap(own_city: City) -> None:
    def kids(path: str) -> list[str]:
        keys = httpx.get(f"{own_city.issuer}/{path}", trust_env=False).json()["keys"]
        assert all("d" not in key for key in keys)
        return [key["kid"] for key in keys]

    before = kids("jwks.json"), kids("jwks-sm2.json")
    assert [len(one) for one in before] == [2, 2]
    assert not set(before[0]) & set(before[1])
    with own_city.house.database.write() as session:
        rotate_keys(session, vault=own_city.house.vault, now=own_city.clock.now())
    ring = KeyRing(own_city.house)
    for alg, known in zip(("ES256", "SM2SM3"), before, strict=True):
        after = [key["kid"] for key in ring.public_set(alg)["keys"]]
        assert set(known) < set(after)
        assert len(after) == 3
