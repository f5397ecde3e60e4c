"""A device without a browser: the right person, once, not too often, and never without looking."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx

from identity.clients.schemas import DEVICE
from identity.clients.service import register
from tests.identity.conftest import City
from tests.identity.oauth.conftest import SETTINGS, Clients
from tests.identity.relying_party import Surfer, TokenClient


def begin(client: TokenClient, scope: str = "openid profile") -> dict[str, str]:
    answer = client.post("device_authorization", scope=scope)
    assert answer.status_code == 200, answer.text
    return answer.json()


def poll(client: TokenClient, started: dict[str, str]) -> httpx.Response:
    return client.post("token", grant_type=DEVICE, device_code=started["device_code"])


def allow(surfer: Surfer, user_code: str, decision: str = "allow", login: str = "guiying") -> httpx.Response:
    page = surfer.open("/identity/device")
    if "/identity/login" in str(page.url):
        page = surfer.sign_in(page, login)
    page = surfer.submit(page, "/identity/device", user_code=user_code)
    return surfer.submit(page, "device/decide", decision=decision) if page.status_code == 200 else page


def test_a_person_lets_the_device_in_and_exactly_one_poll_gets_the_tokens(clients: Clients) -> None:
    client, surfer = clients.of("tv", None), clients.city.surfer()
    started = begin(client)
    assert re.fullmatch("[B-Z]{4}-[B-Z]{4}", started["user_code"])
    assert started["verification_uri"] == f"{clients.city.issuer}/device"
    assert poll(client, started).json()["error"] == "authorization_pending"
    done = allow(surfer, started["user_code"].lower())
    assert "已经允许" in done.text
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(poll, [client] * 4, [started] * 4))
    (tokens,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert client.who(tokens["access_token"]).json()["name"] == "陈桂英"
    assert client.refresh(tokens["refresh_token"]).status_code == 200
    assert poll(client, started).json()["error"] == "invalid_grant"


def test_refused_by_the_person(clients: Clients) -> None:
    client = clients.of("tv", None)
    started = begin(client)
    assert "没有允许" in allow(clients.city.surfer(), started["user_code"], "deny").text
    assert poll(client, started).json()["error"] == "access_denied"


def test_asking_too_often_is_slowed_and_time_runs_out(own_city: City) -> None:
    house = own_city.house
    with house.database.write() as session:
        register(session, "tv", SETTINGS["tv"], vault=house.vault, now=house.clock.now())
    client = TokenClient(own_city.issuer, "tv", None)
    started = begin(client)
    errors = [poll(client, started).json()["error"] for _ in range(2)]
    own_city.clock.move(timedelta(seconds=6))
    errors.append(poll(client, started).json()["error"])  # now it must wait ten
    own_city.clock.move(timedelta(seconds=16))
    errors.append(poll(client, started).json()["error"])
    own_city.clock.move(timedelta(minutes=10))
    errors.append(poll(client, started).json()["error"])
    assert errors == [
        "authorization_pending",
        "slow_down",
        "slow_down",
        "authorization_pending",
        "expired_token",
    ]
    assert allow(own_city.surfer(), started["user_code"]).status_code == 400


def test_another_client_and_a_bound_key_cannot_be_stolen_from(clients: Clients) -> None:
    device = clients.with_key("tv")
    started = device.post("device_authorization", scope="openid").json()
    allow(clients.city.surfer(), started["user_code"])
    other = TokenClient(clients.city.issuer)
    assert poll(other, started).json()["error"] == "unauthorized_client"
    assert poll(clients.of("tv", None), started).json()["error"] == "invalid_grant"
    assert poll(device, started).json()["token_type"] == "DPoP"


def test_guessing_codes_is_slowed(clients: Clients) -> None:
    surfer = clients.city.surfer()
    page = surfer.sign_in(surfer.open("/identity/device"), "guiying")
    answers = [surfer.submit(page, "/identity/device", user_code="BBBB-BBBB") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2
    assert all("没有等待中的设备" in answer.text for answer in answers[:10])


def test_a_link_only_fills_in_the_code_and_a_foreign_form_decides_nothing(clients: Clients) -> None:
    client, surfer = clients.of("tv", None), clients.city.surfer()
    started = begin(client)
    page = surfer.open(f"/identity/device?user_code={started['user_code']}")
    page = surfer.sign_in(page, "guiying")
    assert started["user_code"] in page.text
    forged = surfer.http.post(
        "/identity/device/decide",
        data={"user_code": started["user_code"], "decision": "allow", "basis": "self", "csrf_token": "x"},
    )
    assert forged.status_code == 403
    assert poll(client, started).json()["error"] == "authorization_pending"


def test_scopes_beyond_the_ceiling_and_clients_without_the_grant_are_refused(clients: Clients) -> None:
    assert clients.of("tv", None).post("device_authorization", scope="openid tong").status_code == 400
    answer = TokenClient(clients.city.issuer).post("device_authorization", scope="openid")
    assert answer.json()["error"] == "unauthorized_client"
