"""A phone lets a desk in: once, within two minutes, only the desk that asked, only the phone that scanned."""

import re
import threading

import httpx
import pytest

from identity.accounts.schemas import Visitor
from identity.qr.requests import LIFETIME_SECONDS, QrRequests
from kernel.crypto import Vault
from kernel.ephemeral import MemoryStore
from kernel.errors import Conflict, Gone, InvalidInput
from tests.conftest import NOON
from tests.identity.conftest import City
from tests.identity.people import sign_in, someone
from tests.identity.relying_party import Surfer

DESK = Visitor(address="203.0.113.7", device="Edge · Windows")


def code_of(page: httpx.Response) -> str:
    found = re.search(r'name="code" value="([^"]+)"', page.text)
    assert found is not None
    return found.group(1)


def number_of(page: httpx.Response) -> str:
    found = re.search(r'id="qr-number">(\d\d)<', page.text)
    assert found is not None
    return found.group(1)


def look(desk: Surfer, page: httpx.Response) -> httpx.Response:
    return desk.submit(page, "/identity/login/qr/check")


def test_a_phone_lets_a_desk_in_without_any_script(there: City) -> None:
    one = someone(there, "周小兰", has_phone=False)
    phone, desk = sign_in(there, one.login), there.surfer()
    page = desk.open("/identity/login/qr")
    question = phone.open("/identity/qr/confirm", c=code_of(page))
    assert "要让这台电脑登录" in question.text
    assert "127.0.0.1" in question.text or "::1" in question.text
    seen, before = look(desk, page), dict(desk.http.cookies)
    phone.submit(question, "/identity/qr/confirm", number=number_of(seen), decision="allow")
    assert "周小兰" in look(desk, seen).text
    again = there.surfer(cookies=before)
    assert "二维码已失效" in look(again, seen).text


@pytest.mark.parametrize("is_same", [True, False], ids=["same network", "another"])
def test_the_phone_is_told_what_is_known_of_the_desk_and_what_is_not(there: City, is_same: bool) -> None:
    """Device, browser, network address and time, as they are known; no place, which nobody knows."""
    one = someone(there, has_phone=False)
    browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0"
    away = {} if is_same else {"transport": httpx.HTTPTransport(local_address="127.0.0.7")}
    phone, desk = sign_in(there, one.login), there.surfer(**away)
    desk.http.headers["user-agent"] = browser
    question = phone.open("/identity/qr/confirm", c=code_of(desk.open("/identity/login/qr"))).text
    assert "Edge · Windows" in question
    assert ("127.0.0.7" in question) is not is_same
    assert "2026年11月23日" in question
    assert "12:00" in question
    assert ("不在同一个网络里" in question) is not is_same
    assert "网络地址说不准电脑在哪里" in question


def test_the_live_page_is_led_on_by_the_script(there: City) -> None:
    one = someone(there, has_phone=False)
    phone, desk = sign_in(there, one.login), there.surfer()
    desk.http.headers["hx-request"] = "true"
    page = desk.open("/identity/login/qr")
    assert look(desk, page).status_code == 204  # nothing new
    question = phone.open("/identity/qr/confirm", c=code_of(page))
    seen = look(desk, page)
    phone.submit(question, "/identity/qr/confirm", number=number_of(seen), decision="allow")
    led = look(desk, page)
    assert led.headers["hx-redirect"] == "/identity/security"
    assert "dongchu_identity_session" in led.headers["set-cookie"]


def test_a_stranger_who_saw_the_picture_gets_nothing(there: City) -> None:
    one = someone(there, has_phone=False)
    phone, desk, thief = sign_in(there, one.login), there.surfer(), there.surfer()
    page = desk.open("/identity/login/qr")
    question = phone.open("/identity/qr/confirm", c=code_of(page))
    seen = look(desk, page)
    phone.submit(question, "/identity/qr/confirm", number=number_of(seen), decision="allow")
    own = thief.open("/identity/login/qr")
    token = re.search(r'name="csrf_token" value="([^"]+)"', own.text)
    handle = re.search(r'name="handle" value="([^"]+)"', seen.text)
    assert token is not None
    assert handle is not None
    form = {"csrf_token": token.group(1), "handle": handle.group(1), "code": code_of(page)}
    stolen = thief.http.post("/identity/login/qr/check", data=form)
    assert "二维码已失效" in stolen.text
    assert "dongchu_identity_session" not in stolen.headers.get("set-cookie", "")


def test_a_refusal_and_a_wrong_number_end_it(there: City) -> None:
    one = someone(there, has_phone=False)
    phone = sign_in(there, one.login)
    for answer in ({"number": "", "decision": "refuse"}, {"number": "00", "decision": "allow"}):
        desk = there.surfer()
        page = desk.open("/identity/login/qr")
        question = phone.open("/identity/qr/confirm", c=code_of(page))
        phone.submit(question, "/identity/qr/confirm", **answer)
        assert "没有同意" in look(desk, page).text
        assert phone.open("/identity/qr/confirm", c=code_of(page)).status_code in (200, 410)


def test_a_phone_that_is_not_signed_in_is_led_there_and_back(there: City) -> None:
    one = someone(there, has_phone=False)
    page = there.surfer().open("/identity/login/qr")
    phone = there.surfer()
    login = phone.open("/identity/qr/confirm", c=code_of(page))
    assert "/identity/login" in str(login.url)
    assert "要让这台电脑登录" in phone.sign_in(login, one.login).text


def test_a_desk_let_in_by_a_picture_lets_nobody_in(there: City) -> None:
    one = someone(there, has_phone=False)
    phone, desk = sign_in(there, one.login), there.surfer()
    page = desk.open("/identity/login/qr")
    question = phone.open("/identity/qr/confirm", c=code_of(page))
    seen = look(desk, page)
    phone.submit(question, "/identity/qr/confirm", number=number_of(seen), decision="allow")
    look(desk, seen)
    other = there.surfer().open("/identity/login/qr")
    assert desk.open("/identity/qr/confirm", c=code_of(other)).status_code == 403


def test_the_phone_s_answer_needs_its_own_form(there: City) -> None:
    one = someone(there, has_phone=False)
    phone = sign_in(there, one.login)
    page = there.surfer().open("/identity/login/qr")
    form = {"c": code_of(page), "number": "11", "decision": "allow", "csrf_token": "x"}
    assert phone.http.post("/identity/qr/confirm", data=form).status_code == 403
    question = phone.open("/identity/qr/confirm", c=code_of(page))
    assert "frame-ancestors 'none'" in question.headers["content-security-policy"]
    assert question.headers["cache-control"] == "no-store"


class Times:
    """Requests on a clock of their own."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.requests = QrRequests(MemoryStore(lambda: self.seconds), Vault.ephemeral())
        self.handles = self.requests.open(DESK, site="", browser="desk", now=NOON)

    def number(self) -> str:
        return self.requests.state(self.handles.handle, browser="desk")[1]


def test_after_two_minutes_nothing_opens() -> None:
    times = Times()
    times.requests.scan(times.handles.code, 7)
    number = times.number()
    times.seconds = LIFETIME_SECONDS + 0.1
    with pytest.raises(Gone):
        times.requests.answer(times.handles.code, 7, number, is_allowed=True)
    assert times.requests.enter(times.handles.handle, browser="desk") is None
    assert times.requests.state(times.handles.handle, browser="desk")[0] == "over"


def test_a_picture_made_beforehand_holds_no_number() -> None:
    """The number appears with the scan; whoever sent the picture around cannot have put it in."""
    times = Times()
    assert times.number() == ""
    times.requests.scan(times.handles.code, 7)
    assert re.fullmatch(r"[1-9]\d", times.number())


def test_the_first_phone_is_the_only_one() -> None:
    times = Times()
    times.requests.scan(times.handles.code, 7)
    times.requests.scan(times.handles.code, 7)
    with pytest.raises(Conflict):
        times.requests.scan(times.handles.code, 8)
    with pytest.raises(Conflict):
        times.requests.answer(times.handles.code, 8, times.number(), is_allowed=True)


def test_nobody_guesses_the_number_twice() -> None:
    times = Times()
    times.requests.scan(times.handles.code, 7)
    number = times.number()
    with pytest.raises(InvalidInput):
        times.requests.answer(times.handles.code, 7, "09", is_allowed=True)
    with pytest.raises(Gone):
        times.requests.answer(times.handles.code, 7, number, is_allowed=True)


def test_of_many_entries_at_once_one_succeeds() -> None:
    times = Times()
    times.requests.scan(times.handles.code, 7)
    times.requests.answer(times.handles.code, 7, times.number(), is_allowed=True)
    let_in: list[int | None] = []
    threads = [
        threading.Thread(
            target=lambda: let_in.append(times.requests.enter(times.handles.handle, browser="desk"))
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in let_in if one is not None] == [7]
