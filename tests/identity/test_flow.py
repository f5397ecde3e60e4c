"""From the portal's door to who one is: the whole way over HTTP."""

import httpx

from kernel.web.oidc_client import portal_secret
from tests.identity.conftest import City
from tests.identity.relying_party import Attempt, authorize_url, redirect_of


def test_a_resident_signs_in_chooses_herself_and_is_known(city: City) -> None:
    attempt = Attempt("tong", f"{city.url}/tong/callback", "openid profile tong")
    surfer = city.surfer()
    page = surfer.open(authorize_url(attempt.parameters()))
    assert "登录" in page.text
    page = surfer.sign_in(page, "xiaolan")
    assert "周小满" in page.text, page.text
    answer = surfer.submit(page, "authorize", basis="self")
    address, back = redirect_of(answer)
    assert address == attempt.redirect_uri
    assert back["state"] == attempt.state
    assert back["iss"] == city.issuer
    response = httpx.post(
        f"{city.issuer}/token",
        data={
            "grant_type": "authorization_code",
            "code": back["code"],
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        },
        auth=("tong", portal_secret(city.house.vault, "tong")),
    )
    assert response.status_code == 200, response.text
    tokens = response.json()
    who = httpx.get(f"{city.issuer}/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert who.json()["name"] == "周小兰"
