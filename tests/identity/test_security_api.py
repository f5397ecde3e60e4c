"""The security centre for programs: the same as the pages, for the city's own apps and in one's own name only."""

import re
from typing import Any

import httpx

from kernel.web.oidc_client import portal_secret
from tests.identity.conftest import City
from tests.identity.people import someone
from tests.identity.relying_party import (
    Attempt,
    TokenClient,
    authorize_url,
    mini_attempt,
    obtain_code,
    redirect_of,
)
from tests.identity.test_qr import code_of, look, number_of
from tests.identity.test_recovery import ask
from tests.identity.test_upstream import resident


class App:
    """Tong with its person's token."""

    def __init__(self, city: City, login: str) -> None:
        self._city = city
        attempt = Attempt("tong", f"{city.url}/tong/callback", "openid profile tong")
        surfer = city.surfer()
        page = surfer.sign_in(surfer.open(authorize_url(attempt.parameters())), login)
        code = redirect_of(page)[1]["code"]
        client = TokenClient(city.issuer, "tong", portal_secret(city.house.vault, "tong"))
        self.token = client.redeem(attempt, code).json()["access_token"]

    def __call__(self, method: str, path: str, data: Any = None) -> httpx.Response:
        return httpx.request(
            method,
            f"{self._city.issuer}/api/v1/{path}",
            json=data,
            headers={"authorization": f"Bearer {self.token}", "accept": "application/json"},
            trust_env=False,
        )


def test_one_sees_and_ends_ones_sign_ins(there: City) -> None:
    one = someone(there, has_phone=False)
    app, other = App(there, one.login), App(there, one.login)
    rows = app("GET", "sign-ins").json()
    assert [row["is_this"] for row in rows].count(True) == 1
    assert len(rows) == 2
    assert app("POST", "sign-ins/end-others").status_code == 200
    assert other("GET", "sign-ins").status_code == 401
    assert len(app("GET", "sign-in-history").json()) == 2
    assert app("GET", "passkeys").json() == []


def test_a_consent_is_seen_and_taken_back(there: City) -> None:
    one = someone(there, has_phone=False)
    attempt = mini_attempt()
    code = obtain_code(there.surfer(), attempt, one.login)["code"]
    tokens = TokenClient(there.issuer).redeem(attempt, code).json()
    app = App(there, one.login)
    [consent] = app("GET", "consents").json()
    assert (consent["client_id"], consent["state"]) == ("mini-app", "in_force")
    assert app("POST", "consents/mini-app/withdraw").status_code == 200
    assert TokenClient(there.issuer).who(tokens["access_token"]).status_code == 401


def test_a_third_partys_token_opens_none_of_it(there: City) -> None:
    one = someone(there, has_phone=False)
    attempt = mini_attempt()
    code = obtain_code(there.surfer(), attempt, one.login)["code"]
    app = App(there, one.login)
    app.token = TokenClient(there.issuer).redeem(attempt, code).json()["access_token"]
    for path in ("sign-ins", "consents", "sign-in-history", "passkeys", "recoveries"):
        assert app("GET", path).status_code == 403
    app.token = "nonsense"
    assert app("GET", "sign-ins").status_code == 401


def test_the_app_scans_and_lets_a_desk_in(there: City) -> None:
    one = someone(there, "周小兰", has_phone=False)
    app, desk = App(there, one.login), there.surfer()
    page = desk.open("/identity/login/qr")
    asked = app("POST", "qr/scan", {"code": code_of(page)}).json()
    assert set(asked) == {"site", "device", "address", "asked_at"}
    seen = look(desk, page)
    answer = {"code": code_of(page), "decision": "allow", "number": number_of(seen)}
    assert app("POST", "qr/answer", answer).status_code == 200
    assert "周小兰" in look(desk, seen).text
    assert app("POST", "qr/answer", answer).status_code == 410
    assert app("POST", "qr/scan", {"code": "x" * 90}).status_code == 400


def test_the_app_stops_a_recovery(there: City) -> None:
    one = resident(there)
    app = App(there, one.login)
    ask(there, one, "13966660000")
    [waiting] = app("GET", "recoveries").json()
    assert not re.search(r"13966660000", str(waiting))
    assert app("POST", f"recoveries/{waiting['recovery_id']}/stop").status_code == 200
    assert app("GET", "recoveries").json() == []
