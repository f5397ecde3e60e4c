"""Clients hear that a sign-in is over, however it ended, and are told again until they heard it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.clients.service import register, required, settings_of
from identity.grants.service import LOGOUT_TOPIC, end_on_basis
from identity.jobs import end_expired, handlers
from identity.oauth.backchannel_logout import EVENT
from identity.oauth.consents import withdraw_consent
from identity.sessions.service import end_sessions_of
from kernel.outbox import OutboxMessage, Worker
from tests.identity.conftest import City
from tests.identity.relying_party import TokenClient, claims_of, mini_attempt, obtain_code


@dataclass
class Ear:
    """A client's back channel: keeps what it was told, and answers as it was told to."""

    status: int = 200
    heard: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            if ear.status == 200:
                ear.heard += parse_qs(body)["logout_token"]
            self.send_response(ear.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.url = f"http://127.0.0.1:{server.server_port}/backchannel"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield ear
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def listen(city: City, ear: Ear, client_id: str = "mini-app") -> None:
    house = city.house
    with house.database.write() as session:
        client = required(session, client_id)
        settings = msgspec.structs.replace(settings_of(client), backchannel_logout_uri=ear.url)
        register(session, client_id, settings, vault=house.vault, now=house.clock.now())


def signed_in(city: City) -> dict[str, Any]:
    """The claims of an id_token of a fresh sign-in."""
    attempt, client = mini_attempt(), TokenClient(city.issuer)
    tokens = client.redeem(attempt, obtain_code(city.surfer(), attempt)["code"]).json()
    return {**claims_of(tokens["id_token"]), "id_token": tokens["id_token"]}


def work(city: City) -> None:
    Worker(city.house.database, city.clock, handlers(city.house)).run_until_idle()


def test_the_token_says_which_sign_in_is_over_and_is_signed(own_city: City, ear: Ear) -> None:
    listen(own_city, ear)
    before = signed_in(own_city)
    httpx.get(f"{own_city.issuer}/logout", params={"id_token_hint": before["id_token"]}, trust_env=False)
    work(own_city)
    (token,) = ear.heard
    keys = KeySet.import_key_set(httpx.get(f"{own_city.issuer}/jwks.json", trust_env=False).json())
    opened = jwt.decode(token, keys, algorithms=["ES256"])
    assert opened.header["typ"] == "logout+jwt"
    claims = opened.claims
    assert (claims["iss"], claims["aud"]) == (own_city.issuer, "mini-app")
    assert (claims["sub"], claims["sid"]) == (before["sub"], before["sid"])
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    assert claims["exp"] - claims["iat"] <= 120


def test_every_kind_of_end_is_told_once(own_city: City, ear: Ear) -> None:
    listen(own_city, ear)
    house, mother = own_city.house, own_city.people.mother
    now = house.clock.now()
    signed_in(own_city)
    with house.database.write() as session:
        end_sessions_of(session, mother, reason="admin", now=now)  # by an administrator
    work(own_city)
    signed_in(own_city)
    with house.database.write() as session:
        end_on_basis(session, "self", reason="left", now=now)  # a lost right
    work(own_city)
    signed_in(own_city)
    with house.database.write() as session:
        withdraw_consent(session, mother, "mini-app", now=now)  # a person's second thought
    work(own_city)
    signed_in(own_city)
    own_city.clock.move(timedelta(hours=13))  # time is up
    assert end_expired(house) > 0
    work(own_city)
    assert end_expired(house) == 0
    assert len(ear.heard) == 4
    assert len({claims_of(token)["jti"] for token in ear.heard}) == 4


def test_a_client_that_is_down_is_told_later_and_one_that_refuses_is_left_alone(
    own_city: City, ear: Ear
) -> None:
    listen(own_city, ear)
    hint = {"id_token_hint": signed_in(own_city)["id_token"]}
    httpx.get(f"{own_city.issuer}/logout", params=hint, trust_env=False)
    ear.status = 503
    work(own_city)
    assert ear.heard == []
    ear.status = 200
    own_city.clock.move(timedelta(minutes=5))
    work(own_city)
    (token,) = ear.heard
    assert claims_of(token)["exp"] > own_city.clock.now().timestamp()  # made for this try
    ear.status = 400
    hint = {"id_token_hint": signed_in(own_city)["id_token"]}
    httpx.get(f"{own_city.issuer}/logout", params=hint, trust_env=False)
    work(own_city)
    with own_city.house.database.read() as session:
        undone = session.scalars(
            sa.select(OutboxMessage).where(
                OutboxMessage.topic == LOGOUT_TOPIC, OutboxMessage.done_at.is_(None)
            )
        ).all()
    assert undone == []


def test_nobody_is_told_of_a_sign_in_they_were_no_part_of(own_city: City, ear: Ear) -> None:
    listen(own_city, ear, "other-app")
    hint = {"id_token_hint": signed_in(own_city)["id_token"]}
    httpx.get(f"{own_city.issuer}/logout", params=hint, trust_env=False)
    work(own_city)
    assert ear.heard == []
