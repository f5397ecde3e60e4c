"""The token endpoint under probing: one use, rotation, other people's tokens, forged tokens, strange input."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from identity.grants import service as grants
from identity.grants.models import OAuthGrant
from identity.oauth.keys import KeyRing, rotate_keys
from identity.oauth.rfc9068_access_token import TokenResolver
from identity.oauth.routes import FAILURES_PER_MINUTE
from kernel.errors import Unauthenticated
from tests.identity.conftest import City
from tests.identity.relying_party import (
    CALLBACK,
    OTHER_SECRET,
    Attempt,
    TokenClient,
    claims_of,
    mini_attempt,
    obtain_code,
)


@pytest.fixture
def client(city: City) -> TokenClient:
    return TokenClient(city.issuer)


def fresh_tokens(city: City, client: TokenClient) -> dict[str, Any]:
    attempt = mini_attempt()
    response = client.redeem(attempt, obtain_code(city.surfer(), attempt)["code"])
    assert response.status_code == 200, response.text
    return response.json()


def test_a_code_works_once_and_its_replay_kills_what_it_gave(city: City, client: TokenClient) -> None:
    attempt = mini_attempt()
    code = obtain_code(city.surfer(), attempt)["code"]
    tokens = client.redeem(attempt, code).json()
    assert client.who(tokens["access_token"]).status_code == 200
    replay = client.redeem(attempt, code)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert client.who(tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("seconds", [1, 30])
def test_a_code_used_again_later_ends_what_it_gave_too(city: City, client: TokenClient, seconds: int) -> None:
    """RFC 6749 §4.1.2, while the code would still count; a refresh in between saves nothing."""
    attempt = mini_attempt()
    code = obtain_code(city.surfer(), attempt)["code"]
    tokens = client.redeem(attempt, code).json()
    renewed = client.refresh(tokens["refresh_token"]).json()
    city.clock.move(timedelta(seconds=seconds))
    try:
        replay = client.redeem(attempt, code)
        assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
        assert "access_token" not in replay.json()
        for token in (tokens["access_token"], renewed["access_token"]):
            assert client.who(token).status_code == 401
            assert client.post("introspect", token=token).json() == {"active": False}
        assert client.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"
    finally:
        city.clock.move(timedelta(seconds=-seconds))


@pytest.mark.parametrize("which", ["city", pytest.param("postgres_city", marks=pytest.mark.postgres)])
def test_of_eight_parallel_redemptions_exactly_one_succeeds(
    which: str, request: pytest.FixtureRequest
) -> None:
    city: City = request.getfixturevalue(which)
    client, attempt = TokenClient(city.issuer), mini_attempt()
    code = obtain_code(city.surfer(), attempt)["code"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.redeem, [attempt] * 8, [code] * 8))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


@pytest.mark.parametrize("which", ["city", pytest.param("postgres_city", marks=pytest.mark.postgres)])
def test_eight_parallel_refreshes_go_on_with_one_and_the_same_chain(
    which: str, request: pytest.FixtureRequest
) -> None:
    city: City = request.getfixturevalue(which)
    client = TokenClient(city.issuer)
    tokens = fresh_tokens(city, client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.refresh, [tokens["refresh_token"]] * 8))
    assert {answer.status_code for answer in answers} == {200}
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    assert client.refresh(successor).status_code == 200
    assert client.refresh(tokens["refresh_token"]).status_code == 400
    assert client.who(answers[0].json()["access_token"]).status_code == 401


def test_a_third_party_replaying_a_spent_code_revokes_nobody(city: City, client: TokenClient) -> None:
    attempt = mini_attempt()
    code = obtain_code(city.surfer(), attempt)["code"]
    tokens = client.redeem(attempt, code).json()
    stranger = TokenClient(city.issuer, "other-app", OTHER_SECRET)
    assert stranger.redeem(attempt, code).json()["error"] == "invalid_grant"
    assert client.redeem(attempt, code, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    assert client.who(tokens["access_token"]).status_code == 200


def test_a_code_stolen_from_a_public_client_is_useless_without_the_verifier(city: City) -> None:
    attempt = Attempt("phone-app", CALLBACK, "openid")
    code = obtain_code(city.surfer(), attempt)["code"]
    public = TokenClient(city.issuer, "phone-app", None)
    assert public.redeem(attempt, code, code_verifier="z" * 43).status_code == 400
    assert public.redeem(attempt, code).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": ""},
        {"code_verifier": "a" * 43},
        {"code_verifier": "中" * 43},
        {"redirect_uri": "http://127.0.0.1:9/other"},
        {"redirect_uri": ""},
        {"code": "nonsense"},
        {"code": ""},
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(
    city: City, client: TokenClient, changes: dict[str, str]
) -> None:
    attempt = mini_attempt()
    code = obtain_code(city.surfer(), attempt)["code"]
    answer = client.redeem(attempt, **{"code": code, **changes})
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "invalid_request")
    assert answer.headers["cache-control"] == "no-store"


def test_a_code_expires(own_city: City) -> None:
    attempt = mini_attempt()
    code = obtain_code(own_city.surfer(), attempt)["code"]
    own_city.clock.move(timedelta(seconds=61))
    assert TokenClient(own_city.issuer).redeem(attempt, code).json()["error"] == "invalid_grant"


def test_refreshing_rotates_keeps_auth_time_and_never_widens(own_city: City) -> None:
    client = TokenClient(own_city.issuer)
    first = fresh_tokens(own_city, client)
    own_city.clock.move(timedelta(minutes=30))
    second = client.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    assert before["auth_time"] == after["auth_time"] < after["iat"]
    assert claims_of(second["access_token"])["acr"] == claims_of(first["access_token"])["acr"]
    wider = client.refresh(second["refresh_token"], scope="openid profile tong")
    assert wider.json()["error"] == "invalid_scope"
    narrower = client.refresh(second["refresh_token"], scope="openid")
    assert narrower.json()["scope"] == "openid"
    assert client.refresh(narrower.json()["refresh_token"]).json()["scope"] == "openid profile"


def test_using_a_refresh_token_again_after_its_successor_kills_the_family(
    city: City, client: TokenClient
) -> None:
    first = fresh_tokens(city, client)
    second = client.refresh(first["refresh_token"]).json()
    third = client.refresh(second["refresh_token"]).json()
    assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.who(third["access_token"]).status_code == 401
    assert client.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_client_that_lost_the_answer_goes_on_and_a_late_one_does_not(own_city: City) -> None:
    client = TokenClient(own_city.issuer)
    first = fresh_tokens(own_city, client)
    lost = client.refresh(first["refresh_token"]).json()
    own_city.clock.move(timedelta(seconds=9))
    again = client.refresh(first["refresh_token"]).json()
    assert again["refresh_token"] == lost["refresh_token"]
    assert client.who(again["access_token"]).status_code == 200
    own_city.clock.move(timedelta(seconds=2))
    assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.refresh(again["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_quick_thief_and_the_owner_share_one_chain_until_the_second_of_them_ends_it(
    own_city: City,
) -> None:
    client = TokenClient(own_city.issuer)
    first = fresh_tokens(own_city, client)
    owner = client.refresh(first["refresh_token"]).json()
    thief = client.refresh(first["refresh_token"]).json()
    own_city.clock.move(timedelta(minutes=10))
    stolen = client.refresh(thief["refresh_token"]).json()
    own_city.clock.move(timedelta(minutes=10))
    assert client.refresh(owner["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.who(stolen["access_token"]).status_code == 401


def test_another_clients_refresh_neither_succeeds_nor_burns(city: City, client: TokenClient) -> None:
    tokens = fresh_tokens(city, client)
    stranger = TokenClient(city.issuer, "other-app", OTHER_SECRET)
    assert stranger.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_revocation_is_for_the_owner_and_takes_effect_at_once(city: City, client: TokenClient) -> None:
    tokens = fresh_tokens(city, client)
    stranger = TokenClient(city.issuer, "other-app", OTHER_SECRET)
    assert stranger.post("revoke", token=tokens["access_token"]).status_code == 400
    assert client.who(tokens["access_token"]).status_code == 200
    assert client.post("revoke", token=tokens["access_token"]).status_code == 200
    assert client.who(tokens["access_token"]).status_code == 401
    renewed = client.refresh(tokens["refresh_token"]).json()
    assert client.who(renewed["access_token"]).status_code == 200
    hint = {"token_type_hint": "access_token"}  # a wrong hint must not save it
    assert client.post("revoke", token=renewed["refresh_token"], **hint).status_code == 200
    assert client.who(renewed["access_token"]).status_code == 401
    assert client.post("revoke", token="never heard of it").status_code == 200


def test_introspection_answers_only_those_entitled(city: City, client: TokenClient) -> None:
    tokens = fresh_tokens(city, client)
    told = client.post("introspect", token=tokens["access_token"]).json()
    assert told["active"] is True
    assert told["client_id"] == "mini-app"
    assert "epoch" not in told
    stranger = TokenClient(city.issuer, "other-app", OTHER_SECRET)
    assert stranger.post("introspect", token=tokens["access_token"]).json() == {"active": False}
    public = TokenClient(city.issuer, "phone-app", None)
    assert public.post("introspect", token=tokens["access_token"]).json() == {"active": False}
    assert client.post("introspect", token=tokens["refresh_token"]).json()["active"] is True


def test_wrong_unknown_and_missing_client_credentials_read_the_same(city: City) -> None:
    answers = [
        TokenClient(city.issuer, "mini-app", "wrong").refresh("x"),
        TokenClient(city.issuer, "nobody", "wrong").refresh("x"),
        TokenClient(city.issuer, "mini-app", None).refresh("x"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_guessing_secrets_is_slowed_and_holds_up_nobody_who_knows_theirs(city: City) -> None:
    tokens = fresh_tokens(city, TokenClient(city.issuer))
    guesser = TokenClient(city.issuer, "other-app", "a guess")
    try:
        for _ in range(FAILURES_PER_MINUTE):
            city.house.ephemeral.increment(failures_of(city), 60)
        guess = guesser.refresh("x")
        assert (guess.status_code, guess.headers["retry-after"]) == (429, "60")
        assert TokenClient(city.issuer).refresh(tokens["refresh_token"]).status_code == 200
    finally:
        city.house.ephemeral.delete(failures_of(city))
    assert guesser.refresh("x").status_code == 401


def failures_of(city: City) -> str:
    index = city.house.vault.blind_index("127.0.0.1", purpose="throttle/client").hex()[:32]
    return f"oauth:failed:{index}"


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic /w==",
        "Basic bm9jb2xvbg==",
        "Basic 5Lit5paHOuS4rQ==",
        "Basic AAAA",
        "Digest x",
    ],
)
def test_a_bad_basic_header_is_a_client_error(city: City, header: str) -> None:
    answer = httpx.post(
        f"{city.issuer}/token",
        headers={"authorization": header},
        data={"grant_type": "refresh_token", "refresh_token": "x"},
        trust_env=False,
    )
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"grant_type=refresh_token&grant_type=authorization_code", "application/x-www-form-urlencoded"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"grant_type=%E4%B8%AD", "application/x-www-form-urlencoded"),
        (b"grant_type=\xff\xfe", "application/x-www-form-urlencoded"),
        (b"grant_type=" + b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b"grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"grant_type=password&username=a&password=b", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"\x00" * 100, "multipart/form-data; boundary=x"),
    ],
)
def test_strange_bodies_are_client_errors_in_the_words_of_rfc_6749(
    city: City, body: bytes, kind: str
) -> None:
    for path in ("token", "revoke", "introspect"):
        answer = httpx.post(
            f"{city.issuer}/{path}", content=body, headers={"content-type": kind}, trust_env=False
        )
        assert 400 <= answer.status_code < 500
        assert "error" in answer.json()


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_forged_tokens_of_every_kind_are_refused(city: City, client: TokenClient) -> None:
    tokens = fresh_tokens(city, client)
    claims = claims_of(tokens["access_token"])
    published = httpx.get(f"{city.issuer}/jwks.json", trust_env=False).json()["keys"][0]
    own = ECKey.generate_key("P-256", auto_kid=True)
    secret = OctKey.import_key(json.dumps(published).encode())
    attempts = [
        forged({"alg": "none", "typ": "at+jwt"}, claims),
        forged({"alg": "none", "typ": "at+jwt", "kid": published["kid"]}, claims),
        jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": published["kid"]}, claims, secret, ["HS256"]),
        jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": own.kid}, claims, own, ["ES256"]),
        jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": published["kid"]}, claims, own, ["ES256"]),
        jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": own.kid, "jwk": own.as_dict(private=False)},
            claims,
            own,
            ["ES256"],
        ),
        tokens["id_token"],
        tokens["refresh_token"],
        tokens["access_token"][:-4] + "AAAA",
        "a.b.c",
        "中.文.字",
    ]
    for token in attempts:
        headers = {b"authorization": b"Bearer " + token.encode()}
        answer = httpx.get(f"{city.issuer}/userinfo", headers=headers, trust_env=False)
        assert answer.status_code == 401, token
        if token != tokens["refresh_token"]:  # that one is real, as a refresh token
            assert client.post("introspect", token=token).json().get("active") is not True


def test_a_token_for_another_audience_is_not_ours(city: City, client: TokenClient) -> None:
    keys = KeyRing(city.house)
    claims = claims_of(fresh_tokens(city, client)["access_token"]) | {"aud": "https://elsewhere.example"}
    key = keys.active()
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, ["ES256"])
    with pytest.raises(Unauthenticated):
        TokenResolver(city.house)(token)


def test_a_token_dies_with_its_grant_between_two_requests(city: City, client: TokenClient) -> None:
    token = fresh_tokens(city, client)["access_token"]
    resolve = TokenResolver(city.house)
    principal = resolve(token)
    assert (principal.name, principal.capacity) == ("陈桂英", "self")
    with city.house.database.write() as session:
        grants.end_grant(session, principal.grant_id, reason="test", now=city.clock.now())
        assert session.get(OAuthGrant, principal.grant_id) is not None
    with pytest.raises(Unauthenticated):
        resolve(token)


def test_the_next_key_is_published_before_it_signs_and_old_tokens_go_on(own_city: City) -> None:
    client = TokenClient(own_city.issuer)
    before = fresh_tokens(own_city, client)["access_token"]
    published = {key["kid"] for key in KeyRing(own_city.house).public_set()["keys"]}
    assert len(published) == 2
    assert all("d" not in key for key in KeyRing(own_city.house).public_set()["keys"])
    with own_city.house.database.write() as session:
        rotate_keys(session, vault=own_city.house.vault, now=own_city.clock.now())
    ring = KeyRing(own_city.house)
    assert ring.active().kid in published
    assert len(ring.public_set()["keys"]) == 3
    assert TokenResolver(own_city.house, ring)(before).name == "陈桂英"
