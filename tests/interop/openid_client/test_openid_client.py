"""panva's openid-client, certified for every profile of the relying party: whole lives of tokens, in each way of proving."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from identity.clients.schemas import CLIENT_CREDENTIALS, DEVICE, REFRESH, ClientSettings
from identity.oauth.provider import open_provider
from identity.oauth.rfc7591_registration import issue_ticket
from tests.identity.oauth.test_rfc8628_device import allow
from tests.identity.proving import new_key, public_jwks
from tests.identity.relying_party import CALLBACK, Surfer, redirect_of
from tests.interop.cities import LivingCity, living_city
from tests.interop.foreign import ForeignProgram, needs_node

HERE = Path(__file__).parent
BYE, SECRET = "http://127.0.0.1:9/bye", "a secret between two"
pytestmark = needs_node(HERE)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingCity]:
    with living_city(tmp_path_factory.mktemp("openid-client")) as opened:
        yield opened


@pytest.fixture
def party() -> Iterator[ForeignProgram]:
    program = ForeignProgram(HERE / "party.mjs")
    yield program
    program.close()


def returning(back: dict[str, str]) -> str:
    return f"{CALLBACK}?{urlencode(back)}"


def test_with_a_secret_sign_in_userinfo_refresh_introspection_and_logout(
    city: LivingCity, party: ForeignProgram
) -> None:
    settings = ClientSettings(redirect_uris=(CALLBACK,), post_logout_redirect_uris=(BYE,))
    city.register("with-secret", settings, SECRET)
    party.do("discover", issuer=city.issuer, clientId="with-secret", secret=SECRET)
    begun = party.do("begin", redirectUri=CALLBACK, scope="openid profile", max_age="600", acr_values="L1")
    finished = party.do("finish", url=returning(city.sign_in(begun["url"])))
    assert (finished["type"], finished["claims"]["acr"]) == ("bearer", "L1")
    assert party.do("userinfo")["name"] == "陈桂英"
    assert party.do("refresh")["changed"] is True
    assert party.do("userinfo")["name"] == "陈桂英"
    assert party.do("introspect")["active"] is True
    address = party.do("logout", back=BYE)["url"]
    assert redirect_of(httpx.get(address, trust_env=False)) == (BYE, {"state": "bye"})
    assert party.do("introspect") == {"active": False}
    assert "invalid_grant" in party.fails_to("refresh")


def test_as_fapi_2_wants_it_pushed_signed_and_bound(city: LivingCity, party: ForeignProgram) -> None:
    key = new_key()
    settings = ClientSettings(
        redirect_uris=(CALLBACK,),
        auth_method="private_key_jwt",
        jwks=public_jwks(key),
        requires_par=True,
        requires_dpop=True,
    )
    city.register("fapi", settings)
    private = key.as_dict(private=True)
    party.do("discover", issuer=city.issuer, clientId="fapi", key=private, usesKey=True)
    begun = party.do("begin", redirectUri=CALLBACK, scope="openid profile", pushes=True)
    assert "nonce" not in begun["url"]
    finished = party.do("finish", url=returning(city.sign_in(begun["url"], "jianguo")))
    assert finished["type"] == "dpop"
    assert party.do("userinfo")["name"] == "柯建国"
    assert party.do("refresh")["type"] == "dpop"
    assert party.do("userinfo")["name"] == "柯建国"
    party.do("revoke")
    assert party.fails_to("userinfo") != ""


def test_a_public_client_with_bound_tokens(city: LivingCity, party: ForeignProgram) -> None:
    city.register("public", ClientSettings(redirect_uris=(CALLBACK,), auth_method="none"))
    party.do("discover", issuer=city.issuer, clientId="public", usesKey=True)
    begun = party.do("begin", redirectUri=CALLBACK, scope="openid profile")
    party.do("finish", url=returning(city.sign_in(begun["url"])))
    assert party.do("refresh")["type"] == "dpop"
    assert party.do("userinfo")["name"] == "陈桂英"


def test_an_answer_of_another_issuer_is_noticed(city: LivingCity, party: ForeignProgram) -> None:
    city.register("mixed-up", ClientSettings(redirect_uris=(CALLBACK,)), SECRET)
    party.do("discover", issuer=city.issuer, clientId="mixed-up", secret=SECRET)
    begun = party.do("begin", redirectUri=CALLBACK, scope="openid")
    back = city.sign_in(begun["url"])
    wrong = party.fails_to("finish", url=returning({**back, "iss": "https://evil.example"}))
    assert "OAUTH_INVALID_RESPONSE" in wrong


def test_a_device(city: LivingCity, party: ForeignProgram) -> None:
    settings = ClientSettings(auth_method="none", grant_types=(DEVICE, REFRESH), scopes=("openid", "profile"))
    city.register("screen", settings)
    party.do("discover", issuer=city.issuer, clientId="screen")
    begun = party.do("beginDevice", scope="openid profile")
    surfer = Surfer(city.base)
    assert "已经允许" in allow(surfer, begun["userCode"]).text
    surfer.close()
    assert party.do("pollDevice")["claims"]["iss"] == city.issuer
    assert party.do("userinfo")["name"] == "陈桂英"


def test_a_service_and_a_client_that_registers_itself(city: LivingCity, party: ForeignProgram) -> None:
    city.register("fares", ClientSettings(grant_types=(CLIENT_CREDENTIALS,), scopes=("service",)), SECRET)
    party.do("discover", issuer=city.issuer, clientId="fares", secret=SECRET)
    assert party.do("credentials", scope="service")["scope"] == "service"
    provider = open_provider(city.house)
    with city.house.database.write() as session:
        ticket = issue_ticket(session, provider, label="interop", scopes=("openid", "profile"))
    provider.outward.close()
    wanted = {"redirect_uris": [CALLBACK], "client_name": "自己来的"}
    party.do("register", issuer=city.issuer, metadata=wanted, ticket=ticket)
    begun = party.do("begin", redirectUri=CALLBACK, scope="openid profile")
    party.do("finish", url=returning(city.sign_in(begun["url"], "jianguo")))
    assert party.do("userinfo")["name"] == "柯建国"
