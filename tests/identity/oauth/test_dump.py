"""What a stolen copy of the database gives away after every flow was used: nothing that opens a door or names a person."""

import re
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from identity.accounts import repository as accounts
from identity.accounts.service import phone_of
from identity.clients.service import register
from identity.oauth.models import PushedRequest
from identity.oauth.provider import open_provider
from identity.oauth.rfc7591_registration import issue_ticket
from identity.oauth.rfc8693_exchange import ACCESS_TOKEN
from identity.oauth.rfc9126_par import find_pushed
from kernel.crypto import SealBroken
from tests.identity.conftest import (
    BABY_ID,
    DAUGHTER_ID,
    DAUGHTER_PHONE,
    MOTHER_ID,
    OFFICIAL_ID,
    City,
)
from tests.identity.oauth.conftest import SECRET, SETTINGS
from tests.identity.oauth.test_rfc8628_device import allow
from tests.identity.proving import KeyClient, public_jwks
from tests.identity.relying_party import (
    MINI_SECRET,
    OTHER_SECRET,
    PASSWORD,
    TokenClient,
    answer_to,
    mini_attempt,
    obtain_code,
)
from tests.secrecy.spoken import SPOKEN
from tests.secrecy.stolen_copy import StolenCopy

#: What an answer holds that must be kept from everybody else.
_SECRET = re.compile("token$|code|secret|request_uri$")


class Listener:
    """Hears every answer and keeps what is secret in it."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def heard(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code in (200, 201), answer.text
        body: dict[str, Any] = answer.json()
        self.secrets |= {
            str(value) for name, value in body.items() if _SECRET.search(name) and len(str(value)) > 8
        }
        return body


def use_everything(city: City) -> set[str]:
    """Each flow once, as clients and people do; all secrets that were spoken."""
    house, ears, surfer = city.house, Listener(), city.surfer()
    key_client = KeyClient(city.issuer, "phone-app", None)
    with house.database.write() as session:
        for client_id, settings in SETTINGS.items():
            jwks = public_jwks(key_client.key) if settings.auth_method == "private_key_jwt" else None
            secret = SECRET if settings.auth_method == "client_secret_basic" else None
            given = msgspec.structs.replace(settings, jwks=jwks)
            register(session, client_id, given, secret=secret, vault=house.vault, now=house.clock.now())
        ticket = issue_ticket(session, open_provider(house), label="dump", scopes=("openid",))
    ears.secrets.add(ticket)
    mini = TokenClient(city.issuer)
    attempt = mini_attempt()
    form = attempt.parameters(login_hint=DAUGHTER_PHONE)
    pushed = ears.heard(mini.post("par", **form))
    uri = f"/identity/authorize?client_id=mini-app&request_uri={pushed['request_uri']}"
    back = answer_to(surfer, uri, "xiaolan")
    tokens = ears.heard(mini.redeem(attempt, back["code"]))
    ears.heard(mini.refresh(tokens["refresh_token"]))
    ears.secrets |= {back["code"], attempt.verifier}
    bound = mini_attempt()
    bound.client_id = "phone-app"
    ears.heard(key_client.redeem(bound, obtain_code(city.surfer(), bound)["code"]))
    tv = TokenClient(city.issuer, "tv", None)
    started = ears.heard(tv.post("device_authorization", scope="openid"))
    allow(city.surfer(), started["user_code"])
    ears.heard(
        tv.post(
            "token",
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            device_code=started["device_code"],
        )
    )
    service = TokenClient(city.issuer, "service", SECRET)
    own = ears.heard(service.post("token", grant_type="client_credentials"))
    assert own["token_type"] == "Bearer"
    exchanged = service.post(
        "token",
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token=own["access_token"],
        subject_token_type=ACCESS_TOKEN,
    )
    assert exchanged.status_code == 400
    headers = {"authorization": f"Bearer {ticket}"}
    wanted = {"redirect_uris": ["https://a.example/cb"]}
    ears.heard(httpx.post(f"{city.issuer}/clients", json=wanted, headers=headers, trust_env=False))
    ears.secrets |= {str(cookie.value) for cookie in surfer.http.cookies.jar if cookie.value}
    return ears.secrets


def test_after_every_flow_a_copy_of_the_database_opens_nothing(own_city: City) -> None:
    """What other tests leave behind is searched alike when they end (``tests/secrecy``): here it is known what to expect."""
    before = SPOKEN.turn
    secrets = use_everything(own_city)
    assert len(secrets) > 20
    heard = set(SPOKEN.secrets_since(before))
    assert {one.removeprefix("urn:ietf:params:oauth:request_uri:") for one in secrets} <= heard
    secrets |= {DAUGHTER_ID, MOTHER_ID, BABY_ID, OFFICIAL_ID, DAUGHTER_PHONE, "周小兰", "陈桂英"}
    secrets |= {PASSWORD, SECRET, MINI_SECRET, OTHER_SECRET}
    secrets |= {one.replace("-", "") for one in secrets if re.fullmatch("[B-Z]{4}-[B-Z]{4}", one)}
    copy = StolenCopy(own_city.house.database.engine.url)
    used = {"authorization_code", "refresh_token", "pushed_request", "device_authorization", "oauth_grant"}
    assert used | {"registration_ticket", "oauth_client", "audit_event"} <= set(copy.tables)
    assert copy.findings(secrets) == []


def test_a_sealed_value_moved_to_another_row_does_not_open(own_city: City) -> None:
    house, client = own_city.house, TokenClient(own_city.issuer)
    uris = [client.post("par", **mini_attempt().parameters()).json()["request_uri"] for _ in range(2)]
    with house.database.write() as session:
        one, two = session.scalars(sa.select(PushedRequest)).all()
        one.parameters_sealed, two.parameters_sealed = two.parameters_sealed, one.parameters_sealed
        daughter = accounts.get(session, own_city.people.daughter)
        mother = accounts.get(session, own_city.people.mother)
        assert daughter is not None
        assert mother is not None
        mother.phone_sealed = daughter.phone_sealed
    with house.database.read() as session:
        for uri in uris:
            asked = {"client_id": "mini-app", "request_uri": uri}
            assert find_pushed(session, asked, vault=house.vault, now=house.clock.now()) is None
        moved = accounts.get(session, own_city.people.mother)
        assert moved is not None
        with pytest.raises(SealBroken):
            phone_of(moved, vault=house.vault)
