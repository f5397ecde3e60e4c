"""A portal's door over real HTTP: in, stay, renew, switch, out, and everything that must not open it."""

import threading
from datetime import timedelta

import httpx
import sqlalchemy as sa

from identity.grants.models import OAuthGrant
from identity.seats import service as seats
from kernel.web.csrf import token_for
from kernel.web.sessions import IDLE, WebSession
from tests.identity.conftest import City
from tests.identity.relying_party import Surfer

JSON = {"accept": "application/json"}


def sign_in(city: City, portal: str = "tong", login: str = "xiaolan", basis: str = "self") -> Surfer:
    """A browser that went to the portal, signed in, and was asked for its capacity if there was a choice."""
    surfer = city.surfer()
    page = surfer.open(f"/{portal}/me")
    page = surfer.sign_in(page, login)
    if not page.is_redirect and "authorize?" in page.text:
        page = surfer.submit(page, "authorize", basis=basis)
    arrive(surfer, page)
    return surfer


def arrive(surfer: Surfer, page: httpx.Response) -> None:
    """Follow the way back to the portal's callback."""
    assert page.is_redirect, page.text[:500]
    surfer.open(page.headers["location"])


def csrf_token(city: City, surfer: Surfer, portal: str = "tong") -> str:
    return token_for(city.house.vault, surfer.http.cookies[f"dongchu_{portal}_session"])


def test_a_page_without_a_session_leads_to_the_login_and_back_to_itself(city: City) -> None:
    surfer = sign_in(city)
    assert surfer.page.url.path == "/tong/me"
    assert surfer.page.json() == {"name": "周小兰", "capacity": "self", "for": "周小兰"}


def test_an_api_call_without_a_session_is_told_so(city: City) -> None:
    surfer = city.surfer()
    answer = surfer.http.get("/tong/me", headers=JSON)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:dongchu:problem:unauthenticated"


def test_one_sign_in_opens_both_portals_and_one_sign_out_closes_both(city: City) -> None:
    surfer = sign_in(city, "zhengtong", "jianguo")
    page = surfer.open("/tong/me")  # no second password: he has only one capacity there
    arrive(surfer, page) if page.is_redirect else None
    assert surfer.http.get("/tong/me", headers=JSON).json()["name"] == "柯建国"
    page = surfer.http.post("/zhengtong/logout", data={"csrf_token": csrf_token(city, surfer, "zhengtong")})
    surfer.open(page.headers["location"])
    assert surfer.http.get("/zhengtong/me", headers=JSON).status_code == 401
    assert surfer.http.get("/tong/me", headers=JSON).status_code == 401


def test_a_resident_without_a_seat_is_kept_out_of_the_office_kindly(city: City) -> None:
    surfer = city.surfer()
    page = surfer.sign_in(surfer.open("/zhengtong/me"), "xiaolan")
    assert page.status_code == 403
    assert "席位" in page.text


def test_moving_a_seat_moves_its_rights_at_once(city: City) -> None:
    former = sign_in(city, "zhengtong", "jianguo")
    assert former.http.get("/zhengtong/decide", headers=JSON).json() == {"seat": "待遇审核岗"}
    with city.house.database.write() as session:
        seats.assign_seat(
            session, seat_id=city.people.seat, subject_id=city.people.mother, now=city.clock.now()
        )
    answer = former.http.get("/zhengtong/decide", headers=JSON)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:dongchu:problem:capacity-lost"
    page = former.http.get("/zhengtong/decide")
    assert "/zhengtong/login?prompt=select_account" in page.text  # the way on
    later = sign_in(city, "zhengtong", "guiying")
    assert later.http.get("/zhengtong/decide", headers=JSON).json() == {"seat": "待遇审核岗"}


def test_a_guard_wants_the_duty_not_only_the_sign_in(city: City) -> None:
    assert sign_in(city).http.get("/tong/decide", headers=JSON).status_code == 403


def test_a_mother_acts_for_her_baby_and_switches_back(city: City) -> None:
    surfer = sign_in(city, basis="relationship:1")
    assert surfer.http.get("/tong/me", headers=JSON).json()["for"] == "周小满"
    page = surfer.open("/tong/login", prompt="select_account", return_to="/tong/me")
    page = surfer.submit(page, "authorize", basis="self")
    arrive(surfer, page)
    assert surfer.page.json()["for"] == "周小兰"
    with city.house.database.read() as session:
        live = session.scalars(sa.select(OAuthGrant).where(OAuthGrant.ended_at.is_(None))).all()
    assert [grant.capacity for grant in live] == ["self"]


def test_tokens_are_renewed_once_however_many_requests_notice(city: City) -> None:
    surfer = sign_in(city)
    city.clock.move(timedelta(minutes=20))
    statuses: list[int] = []
    cookies = dict(surfer.http.cookies)

    def ask() -> None:
        other = city.surfer(cookies=cookies)
        statuses.append(other.http.get("/tong/me", headers=JSON).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    city.clock.move(timedelta(minutes=20))
    assert surfer.http.get("/tong/me", headers=JSON).status_code == 200


def test_an_idle_session_ends(city: City) -> None:
    surfer = sign_in(city)
    city.clock.move(IDLE + timedelta(minutes=1))
    assert surfer.http.get("/tong/me", headers=JSON).status_code == 401


def test_signing_in_gives_a_new_cookie_and_never_keeps_a_planted_one(city: City) -> None:
    surfer = city.surfer(cookies={"dongchu_tong_session": "planted-by-somebody"})
    page = surfer.sign_in(surfer.open("/tong/me"), "xiaolan")
    arrive(surfer, surfer.submit(page, "authorize", basis="self"))
    values = [cookie.value for cookie in surfer.http.cookies.jar if cookie.name == "dongchu_tong_session"]
    assert any(value != "planted-by-somebody" for value in values)
    planted = city.surfer(cookies={"dongchu_tong_session": "planted-by-somebody"})
    assert planted.http.get("/tong/me", headers=JSON).status_code == 401


def test_a_form_without_the_token_changes_nothing_and_says_why(city: City) -> None:
    surfer = sign_in(city)
    page = surfer.http.post("/tong/change", data={"csrf_token": "guessed"})
    assert page.status_code == 403
    assert "刷新" in page.text
    assert surfer.http.post("/tong/change", headers=JSON).json()["type"] == "urn:dongchu:problem:csrf"


def test_a_token_looks_different_on_every_page_and_means_the_same(city: City) -> None:
    surfer = sign_in(city)
    one, other = csrf_token(city, surfer), csrf_token(city, surfer)
    assert one != other
    for token, expected in ((one, 201), (other, 201), (one[:-4], 403), (one[:32] + other[32:], 403)):
        assert surfer.http.post("/tong/change", data={"csrf_token": token}).status_code == expected


def test_a_form_with_the_token_goes_through_by_field_and_by_header(city: City) -> None:
    surfer = sign_in(city)
    token = csrf_token(city, surfer)
    assert surfer.http.post("/tong/change", data={"csrf_token": token}).status_code == 201
    assert surfer.http.post("/tong/change", headers={"x-csrf-token": token}).status_code == 201
    upload = surfer.http.post(
        "/tong/change", data={"csrf_token": token}, files={"scan": ("a.txt", b"x", "text/plain")}
    )
    assert upload.status_code == 201


def test_a_form_from_another_site_is_refused_even_with_the_token(city: City) -> None:
    surfer = sign_in(city)
    form = {"csrf_token": csrf_token(city, surfer)}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert surfer.http.post("/tong/change", data=form, headers=headers).status_code == 403


def test_a_wrong_state_gets_a_clear_page_and_opens_nothing(city: City) -> None:
    surfer = city.surfer()
    page = surfer.sign_in(surfer.open("/tong/me"), "xiaolan")
    page = surfer.submit(page, "authorize", basis="self")
    bent = page.headers["location"].replace("state=", "state=x")
    answer = surfer.http.get(bent)
    assert answer.status_code == 403
    assert "重新登录" in answer.text
    with city.house.database.read() as session:
        portal_sessions = sa.select(WebSession).where(WebSession.portal == "tong")
        assert session.scalars(portal_sessions).all() == []


def test_another_browser_cannot_finish_somebodys_login(city: City) -> None:
    surfer = city.surfer()
    page = surfer.submit(surfer.sign_in(surfer.open("/tong/me"), "xiaolan"), "authorize", basis="self")
    assert city.surfer().http.get(page.headers["location"]).status_code == 403


def test_an_answer_from_another_issuer_is_refused(city: City) -> None:
    surfer = city.surfer()
    page = surfer.submit(surfer.sign_in(surfer.open("/tong/me"), "xiaolan"), "authorize", basis="self")
    bent = page.headers["location"].replace("iss=http", "iss=https")
    assert surfer.http.get(bent).status_code == 403


def test_the_way_back_never_leaves_the_city(city: City) -> None:
    surfer = city.surfer()
    page = surfer.open("/tong/login", return_to="//evil.example/")
    page = surfer.submit(surfer.sign_in(page, "xiaolan"), "authorize", basis="self")
    answer = surfer.http.get(page.headers["location"])
    assert answer.headers["location"] == "/"


def test_the_database_keeps_neither_cookie_nor_token(city: City) -> None:
    surfer = sign_in(city)
    cookie = surfer.http.cookies["dongchu_tong_session"]
    with city.house.database.read() as session:
        row = session.scalars(sa.select(WebSession).where(WebSession.portal == "tong")).one()
        assert cookie.encode() not in row.payload_sealed + row.cookie_hash
        assert b"eyJ" not in row.payload_sealed
