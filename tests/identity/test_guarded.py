"""What every door of the ways in must have: its own form, no frames, no keeping, bound cookies, and one answer for all."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from identity.accounts import repository as accounts
from identity.accounts.passwords import PasswordPool
from identity.accounts.throttle import ADDRESS_LIMIT, PAIR_LIMIT, LoginThrottle
from identity.browser import Browser
from identity.passkeys.ceremonies import Ceremonies
from kernel.crypto import Vault
from kernel.ephemeral import MemoryStore
from kernel.errors import TooManyRequests
from kernel.house import House, open_house
from kernel.settings import Settings
from kernel.web.sessions import SessionStore
from tests.identity.conftest import City
from tests.identity.people import sign_in, someone
from tests.identity.relying_party import Surfer
from tests.identity.test_upstream import newcomer, resident

#: Every form of these pages: where it is sent, and whether somebody must be signed in.
FORMS = [
    ("/identity/login", False),
    ("/identity/login/code", False),
    ("/identity/login/code/check", False),
    ("/identity/login/whose", False),
    ("/identity/login/passkey", False),
    ("/identity/login/qr/check", False),
    ("/identity/register", False),
    ("/identity/recovery", False),
    ("/identity/recovery/code", False),
    ("/identity/upstream/settle", False),
    ("/identity/qr/confirm", True),
    ("/identity/step-up/send", True),
    ("/identity/step-up/sms", True),
    ("/identity/step-up/otp", True),
    ("/identity/step-up/password", True),
    ("/identity/step-up/passkey", True),
    ("/identity/step-up/face", True),
    ("/identity/security/totp", True),
    ("/identity/security/password", True),
    ("/identity/security/phone", True),
    ("/identity/security/contacts/email/send", True),
    ("/identity/security/contacts/email", True),
    ("/identity/security/contacts/wechat/remove", True),
    ("/identity/security/passkeys", True),
    ("/identity/security/sessions/end-others", True),
    ("/identity/security/consents/mini-app/withdraw", True),
    ("/identity/authorize", True),
]


def test_no_form_is_taken_from_another_site_or_without_its_token(there: City) -> None:
    known = sign_in(there, someone(there, has_phone=False).login)
    token = re.search(r'name="csrf_token" value="([^"]+)"', known.open("/identity/security").text)
    visit = there.surfer()
    own = re.search(r'name="csrf_token" value="([^"]+)"', visit.open("/identity/login").text)
    assert token is not None
    assert own is not None
    for path, is_signed_in in FORMS:
        surfer, good = (known, token.group(1)) if is_signed_in else (visit, own.group(1))
        nothing: dict[str, str] = {}
        for data, headers in (
            (nothing, nothing),
            ({"csrf_token": "x" * 32}, nothing),
            ({"csrf_token": good}, {"sec-fetch-site": "cross-site"}),
            ({"csrf_token": good}, {"origin": "https://evil.example"}),
        ):
            answer = surfer.http.post(path, data={"next": "", **data}, headers=headers)
            assert answer.status_code == 403, (path, data, headers, answer.status_code)


def test_another_site_signs_nobody_out(there: City) -> None:
    """A client may ask by POST (RP-Initiated Logout §2): without a hint and our own form it only asks back."""
    surfer = sign_in(there, someone(there, has_phone=False).login)
    for headers in (dict[str, str](), {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}):
        surfer.http.post("/identity/logout", data={"csrf_token": "x"}, headers=headers)
        assert "/identity/login" not in str(surfer.open("/identity/security").url)


PAGES = [
    "/identity/login",
    "/identity/login/qr",
    "/identity/recovery",
    "/identity/security",
    "/identity/security/consents",
    "/identity/security/contacts",
    "/identity/security/passkeys",
    "/identity/step-up",
    "/identity/qr/confirm?c=x",
    "/identity/logout",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_kept_by_nobody_and_framed_by_nobody(there: City, path: str) -> None:
    surfer = sign_in(there, "jianguo") if "login" not in path and "recovery" not in path else there.surfer()
    page = surfer.open(path)
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    for cookie in page.headers.get_list("set-cookie"):
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()


@pytest.fixture
def https_house(tmp_path: Any) -> Iterator[House]:
    settings = Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'dongchu.db'}",
        base_url="https://id.city.example",
        issuer="https://id.city.example/identity",
    )
    house = open_house(settings)
    yield house
    house.database.close()


def test_under_https_every_cookie_is_bound_to_this_very_host(https_house: House) -> None:
    """RFC 6265bis §4.1.3.2: ``__Host-`` means secure, path ``/``, no domain; a sibling site can plant none."""
    store = SessionStore(https_house, "identity")
    for purpose in ("session", "visit", "device"):
        cookie = store.cookie("v", purpose=purpose)
        assert cookie.key == f"__Host-dongchu_identity_{purpose}"
        assert (cookie.secure, cookie.httponly, cookie.path, cookie.domain) == (True, True, "/", None)
    assert Browser(https_house).device_cookie("k").key.startswith("__Host-")


def test_under_https_passkeys_are_of_this_very_site(https_house: House) -> None:
    ceremonies = Ceremonies(https_house)
    assert ceremonies.is_possible
    assert (ceremonies.rp_id, ceremonies.origin) == ("id.city.example", "https://id.city.example")


def test_no_way_in_keeps_the_cookie_that_was_there_before(there: City) -> None:
    """Session fixation: a value planted beforehand opens nothing after the sign-in, and the old one is dead."""
    one = someone(there, has_phone=False)
    surfer = sign_in(there, one.login)
    before = surfer.http.cookies["dongchu_identity_session"]
    surfer.sign_in(surfer.open("/identity/login"), one.login)
    assert surfer.http.cookies["dongchu_identity_session"] != before
    old = there.surfer(cookies={"dongchu_identity_session": before})
    assert "/identity/login" in str(old.open("/identity/security").url)


class Hashes:
    """How many passwords were compared."""

    def __init__(self, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count = 0
        hasher = city.app.state.hall.passwords._hasher
        sound = hasher.verify

        def verify(_hasher: object, *given: Any) -> Any:
            self._count += 1
            return sound(*given)

        monkeypatch.setattr(type(hasher), "verify", verify)

    def taken(self) -> int:
        """So far, and from now on anew."""
        found, self._count = self._count, 0
        return found


def same(page: httpx.Response) -> tuple[int, str]:
    return page.status_code, re.sub(r'(value|content)="[^"]*"|1[3-9]\d[\d*]{8}', "", page.text)


def test_a_wrong_password_costs_one_hash_whoever_is_meant(
    there: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal work rather than equal time: a clock on a busy machine says nothing, a count does."""
    with_password, by_phone_only, locked = (someone(there, has_phone=False) for _ in range(3))

    with there.house.database.write() as session:
        accounts.get(session, by_phone_only.subject_id).password_hash = None  # type: ignore[union-attr]
        accounts.get(session, locked.subject_id).state = "locked"  # type: ignore[union-attr]
    answers, hashes = set(), Hashes(there, monkeypatch)
    for login in (with_password.login, by_phone_only.login, locked.login, "nobody-at-all", "13922229999"):
        surfer = there.surfer()
        page = surfer.open("/identity/login")
        answer = surfer.sign_in(page, login, "wrong password")
        assert hashes.taken() == 1, login
        answers.add(same(answer))
    assert len(answers) == 1


def test_codes_are_sent_alike_to_known_and_unknown_phones(
    there: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = someone(there)
    found: list[tuple[int, tuple[int, str]]] = []
    hashes = Hashes(there, monkeypatch)
    for phone in (one.phone, "13922220099"):
        surfer = there.surfer()
        page = surfer.open("/identity/login")
        answer = surfer.submit(page, "/identity/login/code", phone=phone)
        found.append((hashes.taken(), same(answer)))
        assert there.outside is not None
        assert re.search(r"\d{6}", there.outside.message_to(phone))
    assert found[0] == found[1]


def test_registering_a_taken_number_reads_and_costs_like_a_wrong_name(
    there: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = resident(there), newcomer(there, "无户之人")
    found: list[tuple[int, tuple[int, str]]] = []
    hashes = Hashes(there, monkeypatch)
    for number, (name, id_number) in enumerate((("周小兰", taken.id_number), ("李四", free))):
        surfer, phone = there.surfer(), f"1392222{number + 80:04d}"
        page = surfer.submit(surfer.open("/identity/login"), "/identity/login/code", phone=phone)
        assert there.outside is not None
        page = surfer.submit(page, "/identity/login/code/check", code=there.outside.code_to(phone))
        answer = surfer.submit(
            page, "/identity/register", name=name, id_number=id_number, password="long one 12"
        )
        found.append((hashes.taken(), same(answer)))
    assert found[0] == found[1]
    assert found[0][1][0] == 409


def test_a_known_browser_comes_in_while_a_stranger_guesses_from_the_same_address(there: City) -> None:
    """A whole mobile network may stand behind one address: guessing there costs its other people nothing."""
    one = someone(there, has_phone=False)
    owner = sign_in(there, one.login)
    owner.http.cookies.delete("dongchu_identity_session")
    thief = there.surfer()
    throttle = there.app.state.hall.throttle
    for _ in range(PAIR_LIMIT + 2):
        thief.sign_in(thief.open("/identity/login"), one.login, "guess")
    for _ in range(ADDRESS_LIMIT):
        throttle.failed("127.0.0.1")
    assert thief.page.status_code == 429
    assert int(thief.page.headers["retry-after"]) > 0
    assert (
        "周小兰" in owner.sign_in(owner.open("/identity/login"), one.login).text
        or owner.page.status_code == 200
    )
    assert "/identity/security" in str(owner.page.url)


def test_a_known_browser_that_is_stolen_is_slowed_like_any_other() -> None:
    throttle = LoginThrottle(MemoryStore(), Vault.ephemeral())

    def guess() -> None:
        for _ in range(PAIR_LIMIT + 1):
            throttle.admit("xiaolan", "203.0.113.9", is_known_place=True, known_device="k")

    with pytest.raises(TooManyRequests):
        guess()
    throttle.admit("xiaolan", "203.0.113.9", is_known_place=True, known_device="another")


def test_a_flood_of_logins_is_told_when_to_come_back(there: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the queue holds: 503 with Retry-After, at once, while those in the queue are served."""
    hall = there.app.state.hall
    small, gate = PasswordPool(slots=1, queue=4), threading.Event()
    sound = small._hasher.verify

    def slow(_hasher: object, *given: Any) -> Any:
        gate.wait(60)
        return sound(*given)

    monkeypatch.setattr(type(small._hasher), "verify", slow)
    monkeypatch.setattr(hall, "passwords", small)
    surfers = [there.surfer() for _ in range(10)]
    pages = [surfer.open("/identity/login") for surfer in surfers]

    def knock(number: int) -> int:
        answer = surfers[number].sign_in(pages[number], f"nobody-{number}", "x")
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            gate.set()
        return answer.status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(knock, range(10)))
    assert 503 in statuses
    assert set(statuses) <= {401, 503}
    assert 401 in statuses


def test_polling_a_picture_comes_to_an_end(there: City) -> None:
    surfer = Surfer(there.url)
    there.surfers.append(surfer)
    page = surfer.open("/identity/login/qr")
    quotas = there.app.state.hall.quotas
    handle = re.search(r'name="handle" value="([^"]+)"', page.text)
    assert handle is not None
    for _ in range(200):
        quotas.spend("qr/look", handle.group(1), limit=200)
    assert surfer.submit(page, "/identity/login/qr/check").status_code == 429
