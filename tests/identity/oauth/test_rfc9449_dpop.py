"""Tokens bound to a key: a thief who has the token but not the key has nothing."""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from identity.oauth.rfc9068_access_token import TokenResolver
from kernel.errors import Unauthenticated
from kernel.web.bearer import Possession
from tests.conftest import NOON
from tests.identity.oauth.conftest import Clients
from tests.identity.proving import new_key, proof, token_hash
from tests.identity.relying_party import (
    CALLBACK,
    Attempt,
    TokenClient,
    claims_of,
    mini_attempt,
    obtain_code,
)


def public_attempt() -> Attempt:
    return Attempt("phone-app", CALLBACK, "openid profile")


def test_a_bound_token_works_with_its_key_and_with_no_other(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    tokens = clients.tokens(public_attempt(), client)
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": client.key.thumbprint()}
    assert client.who(tokens["access_token"]).status_code == 200
    thief = clients.with_key("phone-app")
    assert thief.who(tokens["access_token"]).status_code == 401
    plain = TokenClient(clients.city.issuer, "phone-app", None)
    refused = plain.who(tokens["access_token"])
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


def test_the_token_endpoint_wants_its_nonce(clients: Clients) -> None:
    address = f"{clients.city.issuer}/token"
    form = {"client_id": "phone-app", "grant_type": "refresh_token", "refresh_token": "x"}
    for nonce in (None, "made up", base64.urlsafe_b64encode(b"0" * 24).decode()):
        headers = {"dpop": proof(new_key(), "POST", address, nonce=nonce)}
        answer = httpx.post(address, data=form, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
        assert answer.headers["dpop-nonce"]
    nonce = answer.headers["dpop-nonce"]
    headers = {"dpop": proof(new_key(), "POST", address, nonce=nonce)}
    assert httpx.post(address, data=form, headers=headers, trust_env=False).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "bent",
    [
        {"htm": "GET"},
        {"htu": "http://127.0.0.1:9/token"},
        {"htu": "/token"},
        {"iat": int(NOON.timestamp()) - 120},
        {"iat": int(NOON.timestamp()) + 120},
        {"iat": None},
        {"iat": "noon"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 300},
        {"htm": None},
    ],
)
def test_a_proof_of_something_else_is_refused(clients: Clients, bent: dict[str, Any]) -> None:
    client = clients.with_key("phone-app")
    client.refresh("x")  # learns the nonce
    address = f"{clients.city.issuer}/token"
    headers = {"dpop": proof(client.key, "POST", address, nonce=client.nonce, **bent)}
    form = {"client_id": "phone-app", "grant_type": "refresh_token", "refresh_token": "x"}
    answer = httpx.post(address, data=form, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "more",
    [
        {"iat": int(NOON.timestamp()) - 10},
        {"iat": int(NOON.timestamp()) + 10},
        {"nbf": int(NOON.timestamp()), "exp": int(NOON.timestamp()) + 60},
        {"htu": "ISSUER/token?with=a#query"},
    ],
)
def test_a_proof_within_the_minute_is_accepted(clients: Clients, more: dict[str, Any]) -> None:
    client = clients.with_key("phone-app")
    client.refresh("x")
    address = f"{clients.city.issuer}/token"
    told = {
        name: str(value).replace("ISSUER", clients.city.issuer) if name == "htu" else value
        for name, value in more.items()
    }
    headers = {"dpop": proof(client.key, "POST", told.pop("htu", address), nonce=client.nonce, **told)}
    form = {"client_id": "phone-app", "grant_type": "refresh_token", "refresh_token": "x"}
    answer = httpx.post(address, data=form, headers=headers, trust_env=False)
    assert answer.json()["error"] == "invalid_grant"  # the proof is good; only the token is not


def test_the_scheme_is_read_in_any_case(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    token = clients.tokens(public_attempt(), client)["access_token"]
    address = f"{clients.city.issuer}/userinfo"
    for scheme in ("DPoP", "dpop", "DPOP"):
        headers = {
            "authorization": f"{scheme} {token}",
            "dpop": proof(client.key, "GET", address, ath=token_hash(token)),
        }
        assert httpx.get(address, headers=headers, trust_env=False).status_code == 200


def test_forged_proofs_are_refused(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    client.refresh("x")
    address = f"{clients.city.issuer}/token"
    good = proof(client.key, "POST", address, nonce=client.nonce)
    head, body, signature = good.split(".")
    header, other = json.loads(base64.urlsafe_b64decode(head + "==")), new_key()
    private = {**header, "jwk": client.key.as_dict(private=True)}
    secret = OctKey.import_key("0" * 32)
    forged = [
        "a.b.c",
        f"{head}.{body}.{signature[:-4]}AAAA",
        jwt.encode({**header, "jwk": other.as_dict(private=False)}, claims_of(good), client.key, ["ES256"]),
        jwt.encode({**header, "typ": "JWT"}, claims_of(good), client.key, ["ES256"]),
        jwt.encode(private, claims_of(good), client.key, ["ES256"]),
        jwt.encode(
            {"alg": "HS256", "typ": "dpop+jwt", "jwk": secret.as_dict(private=True)},
            claims_of(good),
            secret,
            ["HS256"],
        ),
        base64.urlsafe_b64encode(b'{"alg":"none","typ":"dpop+jwt"}').decode().rstrip("=") + f".{body}.",
        "x" * 9000,
        "中",
    ]
    form = {"client_id": "phone-app", "grant_type": "refresh_token", "refresh_token": "x"}
    for one in forged:
        answer = httpx.post(address, data=form, headers={b"dpop": one.encode()}, trust_env=False)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), one[:80]
    twice = [("dpop", good), ("dpop", good)]
    assert httpx.post(address, data=form, headers=twice, trust_env=False).status_code == 400


def test_a_proof_counts_once(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    client.refresh("x")
    address = f"{clients.city.issuer}/token"
    headers = {"dpop": proof(client.key, "POST", address, nonce=client.nonce)}
    form = {"client_id": "phone-app", "grant_type": "refresh_token", "refresh_token": "x"}
    answers = [httpx.post(address, data=form, headers=headers, trust_env=False).json() for _ in range(2)]
    assert [answer["error"] for answer in answers] == ["invalid_grant", "invalid_dpop_proof"]


def test_a_public_clients_refresh_token_is_bound_to_its_key_too(clients: Clients) -> None:
    client = clients.with_key("phone-app")
    tokens = clients.tokens(public_attempt(), client)
    thief = clients.with_key("phone-app")
    assert thief.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    plain = TokenClient(clients.city.issuer, "phone-app", None)
    assert plain.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.refresh(tokens["refresh_token"]).status_code == 200  # and the thief burned nothing


def test_a_code_bound_to_a_key_is_useless_with_another(clients: Clients) -> None:
    client, thief = clients.with_key("phone-app"), clients.with_key("phone-app")
    attempt = public_attempt()
    code = obtain_code(clients.city.surfer(), attempt, dpop_jkt=client.key.thumbprint())["code"]
    assert thief.redeem(attempt, code).json()["error"] == "invalid_grant"
    assert TokenClient(clients.city.issuer, "phone-app", None).redeem(attempt, code).status_code == 400
    assert client.redeem(attempt, code).status_code == 200


def test_a_plain_token_does_not_pass_as_a_bound_one(clients: Clients) -> None:
    plain = TokenClient(clients.city.issuer)
    tokens = clients.tokens(mini_attempt(), plain)
    assert tokens["token_type"] == "Bearer"
    assert clients.with_key("mini-app").who(tokens["access_token"]).status_code == 401


def test_the_portals_check_the_proof_as_the_issuer_does(clients: Clients) -> None:
    city, client = clients.city, clients.with_key("phone-app")
    token = clients.tokens(public_attempt(), client)["access_token"]
    resolve = TokenResolver(city.house)

    def knock(path: str = "/tong/api/v1/me", key: Any = client.key, **bent: Any) -> str:
        address = f"{city.house.settings.base_url}/tong/api/v1/me"
        shown = proof(key, "GET", address, **{"ath": token_hash(token), **bent})
        return resolve(token, Possession(proof=shown, method="GET", path=path)).name

    assert knock() == "陈桂英"
    refused: list[dict[str, Any]] = [
        {"ath": None},
        {"ath": token_hash("another")},
        {"path": "/tong/api/v1/other"},
        {"htm": "POST"},
        {"key": new_key()},
        {"iat": int((NOON - timedelta(minutes=3)).timestamp())},
    ]
    for bent in refused:
        with pytest.raises(Unauthenticated):
            knock(**bent)
    with pytest.raises(Unauthenticated):
        resolve(token)
    same = {"jti": "always the same"}
    assert knock(**same) == "陈桂英"
    with pytest.raises(Unauthenticated):
        knock(**same)
