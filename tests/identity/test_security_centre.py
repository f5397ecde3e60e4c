"""The security centre: where one is signed in, what was let in and taken back, and that new devices are told of."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from identity.clients.portals import ensure_portals
from identity.sessions.repository import live_of
from kernel.notices import inbox
from kernel.web.sessions import SessionStore
from tests.identity.conftest import City
from tests.identity.people import Someone, enter_by_phone, sign_in, someone
from tests.identity.relying_party import (
    PASSWORD,
    Surfer,
    TokenClient,
    authorize_url,
    mini_attempt,
    obtain_code,
)


def notices_of(city: City, one: Someone, kind: str) -> list[str]:
    with city.house.database.read() as session:
        return [row.title for row in inbox(session, one.subject_id) if row.kind == kind]


def leave(surfer: Surfer) -> None:
    """Forget the sign-in but not the browser."""
    surfer.http.cookies.delete("dongchu_identity_session")


def test_a_new_device_is_told_of_and_a_known_one_is_not(there: City) -> None:
    one = someone(there)
    home = sign_in(there, one.login)
    assert notices_of(there, one, "account.device") == []  # the first ever is no news
    leave(home)
    home.sign_in(home.open("/identity/login"), one.login)
    assert notices_of(there, one, "account.device") == []
    enter_by_phone(there, there.surfer(), one.phone)
    assert notices_of(there, one, "account.device") == ["您的账户在一台新设备上登录了"]


def test_one_signs_out_everywhere_else_at_once(there: City) -> None:
    one = someone(there, has_phone=False)
    here, others = sign_in(there, one.login), [sign_in(there, one.login) for _ in range(2)]
    attempt = mini_attempt()
    token = TokenClient(there.issuer).redeem(attempt, obtain_code(others[0], attempt)["code"]).json()
    page = here.open("/identity/security")
    assert page.text.count("退出这里") == 3
    page = here.submit(page, "/identity/security/sessions/end-others")
    assert page.text.count("退出这里") == 1
    assert all("/identity/login" in str(other.open("/identity/security").url) for other in others)
    assert TokenClient(there.issuer).who(token["access_token"]).status_code == 401


def test_a_consent_shows_client_claims_and_term_and_its_withdrawal_kills_tokens(there: City) -> None:
    one = someone(there, has_phone=False)
    surfer, client = there.surfer(), TokenClient(there.issuer)
    first = mini_attempt()
    tokens = client.redeem(first, obtain_code(surfer, first, one.login)["code"]).json()
    wider = mini_attempt()
    claims = '{"userinfo":{"phone_number":null}}'
    page = surfer.open(authorize_url(wider.parameters(claims=claims, prompt="consent")))
    page = surfer.submit(page, "authorize", decision="allow")
    later = client.redeem(wider, dict(httpx.URL(page.headers["location"]).params)["code"]).json()
    page = surfer.open("/identity/security/consents")
    assert "公交小程序" in page.text
    assert "查看您的姓名" in page.text
    assert "点名要的信息" in page.text
    assert "2027年11月" in page.text  # a year at most
    assert "已被新的授权代替" in page.text
    there.clock.move(timedelta(minutes=1))
    page = surfer.submit(page, "/withdraw")
    assert "没有第三方应用" in page.text
    assert "已收回" in page.text
    for token in (tokens, later):
        assert client.who(token["access_token"]).status_code == 401
        assert client.refresh(token["refresh_token"]).status_code == 400
    page = surfer.open(authorize_url(mini_attempt().parameters()))
    assert "确认授权" in page.text  # and it must ask again


def test_withdrawing_needs_ones_own_form(there: City) -> None:
    one = someone(there, has_phone=False)
    surfer = sign_in(there, one.login)
    answer = surfer.http.post("/identity/security/consents/mini-app/withdraw", data={"csrf_token": "x"})
    assert answer.status_code == 403


def test_the_history_names_the_way_in(there: City) -> None:
    one = someone(there)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), one.login, "wrong password")
    page = enter_by_phone(there, surfer, one.phone)
    rows = re.findall(r"短信验证码|没有成功", page.text)
    assert {"短信验证码", "没有成功"} <= set(rows)
    assert PASSWORD not in page.text


def test_the_page_leads_back_to_the_portal_one_came_from(there: City) -> None:
    """Also after something was changed on it, when the browser names this very page as where it came from."""
    one = someone(there, has_phone=False)
    here = sign_in(there, one.login)
    back = re.compile(r'<a class="back" href="([^"]*)"')
    assert back.findall(here.open("/identity/security").text) == ["/"]
    with there.house.database.write() as session:
        sid = live_of(session, one.subject_id, there.clock.now())[0].sid
        for portal in ("tong", "zhengtong"):
            SessionStore(there.house, portal).open(session, sid=sid, payload={}, now=there.clock.now())
            there.clock.move(timedelta(seconds=1))
    sign_in(there, one.login)  # so that there is another place to sign out from
    page = here.submit(here.open("/identity/security"), "/identity/security/sessions/end-others")
    assert back.findall(page.text) == ["/zhengtong"]
    came = here.http.get(
        "/identity/security", headers={"referer": f"{there.house.settings.base_url}/tong/me"}
    )
    assert back.findall(came.text) == ["/tong/me"]


def test_proving_more_can_be_left_again(there: City) -> None:
    here = sign_in(there, someone(there, has_phone=False).login)
    for following, leads in (
        ("own=security", "/identity/security"),
        ("client_id=zhengtong", "/zhengtong"),
        ("client_id=somebody", None),
    ):
        page = here.http.get("/identity/step-up", params={"next": following}).text
        assert re.findall(r'<a class="back" href="([^"]*)"', page) == ([leads] if leads else [])


@pytest.mark.parametrize(("portal", "is_told"), [("tong", False), ("zhengtong", True)])
def test_only_officials_are_told_about_the_second_factor_of_seats(
    there: City, portal: str, is_told: bool
) -> None:
    with there.house.database.write() as session:
        ensure_portals(session, house=there.house)
    callback = f"{there.house.settings.base_url}/{portal}/callback"
    following = urlencode({"client_id": portal, "redirect_uri": callback})
    page = there.surfer().http.get("/identity/login", params={"next": following}).text
    assert ("席位登录没有要求第二种验证方式" in page) == is_told
