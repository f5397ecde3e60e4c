"""A bank's system at another's door: known by a token that only it can use, and for no longer than its client stands."""

import pytest

from identity.clients.service import resume_client, suspend_client
from identity.oauth.provider import open_provider
from identity.oauth.service_tokens import ServiceTokens
from kernel.errors import Unauthenticated
from kernel.web.bearer import Possession
from tests.identity.oauth.conftest import Clients
from tests.identity.proving import ASSERTION_TYPE, KeyClient, assertion, new_key, proof, token_hash

PATH = "/rongtong/api/v1/bank/applications"


@pytest.fixture
def lender(clients: Clients) -> KeyClient:
    return clients.with_key("lender")


@pytest.fixture
def door(clients: Clients) -> ServiceTokens:
    return ServiceTokens(open_provider(clients.city.house))


def token_of(clients: Clients, lender: KeyClient, key: object = None) -> str:
    signed = assertion(key or clients.key, "lender", clients.city.issuer)  # type: ignore[bad-argument-type]
    answer = lender.post(
        "token",
        grant_type="client_credentials",
        client_assertion=signed,
        client_assertion_type=ASSERTION_TYPE,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    return answer.json()["access_token"]


def shown(clients: Clients, lender: KeyClient, token: str, path: str = PATH) -> Possession:
    address = f"{clients.city.house.settings.base_url}{path}"
    return Possession(proof=proof(lender.key, "GET", address, ath=token_hash(token)), method="GET", path=PATH)


def test_a_system_is_known_by_its_bound_token(
    clients: Clients, lender: KeyClient, door: ServiceTokens
) -> None:
    token = token_of(clients, lender)
    caller = door.caller_of(token, shown(clients, lender, token))
    assert (caller.client_id, caller.scopes) == ("lender", {"lending"})


def test_a_stolen_token_is_of_no_use(clients: Clients, lender: KeyClient, door: ServiceTokens) -> None:
    token, thief = token_of(clients, lender), clients.with_key("lender")
    once = shown(clients, lender, token)
    door.caller_of(token, once)
    for other in (
        once,  # the same proof again
        shown(clients, thief, token),  # another key
        shown(clients, lender, token, "/elsewhere"),
        Possession(proof="", method="GET", path=PATH),
    ):
        with pytest.raises(Unauthenticated):
            door.caller_of(token, other)


def test_a_plain_token_of_a_service_does_not_do(clients: Clients, door: ServiceTokens) -> None:
    answer = clients.of("service").post("token", grant_type="client_credentials")
    with pytest.raises(Unauthenticated):
        door.caller_of(answer.json()["access_token"], Possession(proof="", method="GET", path=PATH))


def test_stopped_it_is_nobody_at_once(clients: Clients, lender: KeyClient, door: ServiceTokens) -> None:
    house, token = clients.city.house, token_of(clients, lender)
    with house.database.write() as session:
        suspend_client(session, "lender", now=house.clock.now())
    try:
        with pytest.raises(Unauthenticated):
            door.caller_of(token, shown(clients, lender, token))
    finally:
        with house.database.write() as session:
            resume_client(session, "lender", now=house.clock.now())
    with pytest.raises(Unauthenticated):  # the old token stays dead
        door.caller_of(token, shown(clients, lender, token))


def test_its_signing_keys_are_those_it_registered(clients: Clients, door: ServiceTokens) -> None:
    known = door.key_of("lender", str(clients.key.kid))
    assert known is not None
    assert known.thumbprint() == clients.key.thumbprint()
    for client_id, kid in (("lender", str(new_key().kid)), ("lender", ""), ("nobody", str(clients.key.kid))):
        assert door.key_of(client_id, kid) is None
