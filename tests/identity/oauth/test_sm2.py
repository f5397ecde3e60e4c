"""Signatures by SM2 over SM3, checked by the standard's own arithmetic, not by the library that made them."""

import base64
from typing import Any

import httpx

from identity.oauth.sm2 import Sm2Key
from kernel.crypto import sm3
from tests.identity.oauth.conftest import Clients
from tests.identity.relying_party import CALLBACK, Attempt, claims_of

# GB/T 32918.5: the recommended curve.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None


def plus(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    (x1, y1), (x2, y2) = one, two
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if one == two else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = plus(found, point)
        point, number = plus(point, point), number >> 1
    return found


def is_signed(token: str, jwk: dict[str, Any]) -> bool:
    """GB/T 32918.2 §7, with the default distinguishing id of GM/T 0009."""
    text, _, tail = token.rpartition(".")
    signature = unpacked(tail)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    x, y = (int.from_bytes(unpacked(jwk[name]), "big") for name in ("x", "y"))
    parts = (A, B, *G, x, y)
    who = b"1234567812345678"
    z = sm3((len(who) * 8).to_bytes(2, "big") + who + b"".join(one.to_bytes(32, "big") for one in parts))
    e = int.from_bytes(sm3(z + text.encode()), "big")
    found = plus(times(s, G), times((r + s) % N, (x, y)))
    return len(signature) == 64 and found is not None and (e + found[0]) % N == r


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_client_that_asked_for_it_gets_id_tokens_signed_by_sm2(clients: Clients) -> None:
    client = clients.of("sealed")
    attempt = Attempt("sealed", CALLBACK, "openid profile")
    tokens = clients.tokens(attempt, client)
    published = httpx.get(f"{clients.city.issuer}/jwks-sm2.json", trust_env=False).json()["keys"]
    header = unpacked(tokens["id_token"].split(".")[0])
    assert b'"SM2SM3"' in header
    (jwk,) = [key for key in published if key["kid"].encode() in header]
    assert is_signed(tokens["id_token"], jwk)
    assert claims_of(tokens["id_token"])["nonce"] == attempt.nonce
    info = client.who(tokens["access_token"])
    assert is_signed(info.text, jwk)
    assert b'"ES256"' in unpacked(tokens["access_token"].split(".")[0])  # what portals read stays as it is
    out = {"id_token_hint": tokens["id_token"]}
    assert httpx.get(f"{clients.city.issuer}/logout", params=out, trust_env=False).status_code == 200
    assert client.who(tokens["access_token"]).status_code == 401


def test_a_changed_or_foreign_signature_is_seen(clients: Clients) -> None:
    key, other = Sm2Key(Sm2Key.generate()), Sm2Key(Sm2Key.generate())
    token = key.sign_token({"typ": "JWT"}, {"sub": "x"})
    assert key.is_ours(token)
    assert is_signed(token, key.public_jwk())
    assert not other.is_ours(token)
    assert not is_signed(token, other.public_jwk())
    head, body, tail = token.split(".")
    for bent in (
        f"{head}.{body[:-2]}AA.{tail}",
        f"{head}.{body}.{tail[:-2]}AA",
        f"{head}.{body}.",
        f"{head}.{body}.AA",
    ):
        assert not key.is_ours(bent)
