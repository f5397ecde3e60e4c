"""Clients that prove themselves by a signature: for us, now, once, by their own key and no other."""

import base64
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from identity.clients.keys import ClientKeys
from identity.clients.schemas import ClientSettings
from identity.clients.service import find_client, register
from kernel.errors import OutsideUnavailable
from tests.conftest import NOON
from tests.identity.oauth.conftest import Clients
from tests.identity.proving import ASSERTION_TYPE, assertion, new_key, public_jwks
from tests.identity.relying_party import TokenClient, claims_of


def answer_of(clients: Clients, signed: str, **form: str) -> tuple[int, str]:
    """How a refresh is answered; ``invalid_grant`` means that the client was believed."""
    given = {"client_assertion": signed, "client_assertion_type": ASSERTION_TYPE, **form}
    client = TokenClient(clients.city.issuer, "strict", None)
    answer = client.post("token", grant_type="refresh_token", refresh_token="x", **given)
    return answer.status_code, answer.json()["error"]


def test_the_right_key_proves_the_client_once(clients: Clients) -> None:
    signed = assertion(clients.key, "strict", clients.city.issuer)
    assert answer_of(clients, signed) == (400, "invalid_grant")
    assert answer_of(clients, signed) == (401, "invalid_client")
    soon = int((NOON + timedelta(seconds=8)).timestamp())
    early = assertion(clients.key, "strict", clients.city.issuer, nbf=soon, iat=soon)
    assert answer_of(clients, early) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "bent",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": []},
        {"aud": ["https://elsewhere.example", "ISSUER"]},
        {"aud": ["ISSUER"]},
        {"aud": ["ISSUER/token"]},
        {"aud": ["ISSUER/par", "ISSUER"]},
        {"aud": "ISSUER/token"},
        {"aud": "ISSUER/par"},
        {"aud": None},
        {"iss": "mini-app"},
        {"sub": "mini-app"},
        {"sub": None},
        {"exp": int(NOON.timestamp()) - 60},
        {"exp": int((NOON + timedelta(hours=3)).timestamp())},
        {"exp": None},
        {"nbf": int((NOON + timedelta(minutes=5)).timestamp())},
        {"iat": int((NOON + timedelta(minutes=5)).timestamp())},
        {"jti": None},
        {"jti": "x" * 300},
    ],
)
def test_an_assertion_that_does_not_fit_is_refused(clients: Clients, bent: dict[str, Any]) -> None:
    issuer, audience = clients.city.issuer, bent.get("aud")
    if isinstance(audience, list):
        bent = {"aud": [one.replace("ISSUER", issuer) for one in audience]}
    elif audience:
        bent = {"aud": audience.replace("ISSUER", issuer)}
    signed = assertion(clients.key, "strict", clients.city.issuer, **bent)
    status, error = answer_of(clients, signed)
    assert (status, error) in ((401, "invalid_client"), (400, "invalid_request"))


def test_forged_assertions_are_refused(clients: Clients) -> None:
    good = assertion(clients.key, "strict", clients.city.issuer)
    claims, published = claims_of(good), clients.key.as_dict(private=False)
    secret = OctKey.import_key(msgspec.json.encode(published))
    body = good.split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    rsa = RSAKey.generate_key(2048)
    forged = [
        jwt.encode({"alg": "RS256", "kid": clients.key.kid}, claims, rsa, ["RS256"]),
        assertion(new_key(), "strict", clients.city.issuer),
        jwt.encode({"alg": "HS256", "kid": clients.key.kid}, claims, secret, ["HS256"]),
        f"{none}.{body}.",
        "a.b.c",
        "",
    ]
    for one in forged:
        assert answer_of(clients, one)[0] in (400, 401), one
    assert answer_of(clients, good, client_assertion_type="other") == (400, "invalid_request")
    assert answer_of(clients, good, client_id="mini-app") == (400, "invalid_request")
    assert answer_of(clients, good, client_secret="x") == (400, "invalid_request")


def test_a_client_with_a_key_is_not_let_in_by_less(clients: Clients) -> None:
    for client in (TokenClient(clients.city.issuer, "strict", None), clients.of("strict", "guess")):
        assert client.refresh("x").status_code == 401
    signed = assertion(clients.key, "mini-app", clients.city.issuer)
    form = {"client_assertion": signed, "client_assertion_type": ASSERTION_TYPE}
    public = TokenClient(clients.city.issuer, "mini-app", None)
    assert public.post("token", grant_type="refresh_token", refresh_token="x", **form).status_code == 401


class Published:
    """A client's own web site, as far as the cache can tell."""

    def __init__(self) -> None:
        self.document: Any = None
        self.asked = 0

    def get_json(self, _address: str) -> Any:
        self.asked += 1
        if self.document is None:
            raise OutsideUnavailable
        return self.document


def test_published_keys_are_fetched_when_needed_and_not_oftener(clients: Clients) -> None:
    house, site, first, second = clients.city.house, Published(), new_key(), new_key()
    settings = ClientSettings(
        redirect_uris=("https://a.example/cb",),
        auth_method="private_key_jwt",
        jwks_uri="https://a.example/jwks",
    )
    with house.database.write() as session:
        register(session, "publisher", settings, vault=house.vault, now=house.clock.now())
        client = find_client(session, "publisher")
    assert client is not None
    known = ClientKeys(site)  # type: ignore[bad-argument-type]
    known.prepare(client, str(first.kid))
    assert known.find(client, {"kid": first.kid}) is None  # the site was down
    site.document = {"keys": [{"kty": "EC", "crv": "SM2", "x": "AA", "y": "AA"}, *public_jwks(first)["keys"]]}
    fresh = ClientKeys(site)  # type: ignore[bad-argument-type]
    for _ in range(3):
        fresh.prepare(client, str(first.kid))
    found = fresh.find(client, {"kid": first.kid})
    assert found is not None
    assert found.thumbprint() == first.thumbprint()
    asked = site.asked
    for _ in range(50):  # strange keys in a row ask no oftener than every few seconds
        fresh.prepare(client, str(second.kid))
    assert site.asked == asked
