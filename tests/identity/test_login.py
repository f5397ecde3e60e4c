"""Signing in under probing: one answer for all errors, slowing down, cookies, forms, the security page."""

import re
import threading
from datetime import timedelta

import pytest

from identity.accounts.passwords import PasswordPool
from identity.accounts.throttle import FREE_ATTEMPTS, PAIR_LIMIT, LoginThrottle, network_of
from identity.registry.identifiers import mask
from kernel.crypto import Vault
from kernel.ephemeral import MemoryStore
from kernel.errors import TooManyRequests, Unavailable
from tests.identity.conftest import DAUGHTER_PHONE, City
from tests.identity.relying_party import PASSWORD, TokenClient, mini_attempt, obtain_code


def test_a_wrong_password_and_an_unknown_name_read_the_same(own_city: City) -> None:
    texts = []
    for login in ("guiying", "nobody-here", "13900009999", "中文名", "a" * 60):
        surfer = own_city.surfer()
        page = surfer.sign_in(surfer.open("/identity/login"), login, "wrong password")
        assert page.status_code == 401
        texts.append(re.sub(r'(value|content)="[^"]*"', "", page.text))
    assert len(set(texts)) == 1


def test_the_phone_number_signs_in_too(own_city: City) -> None:
    surfer = own_city.surfer()
    page = surfer.sign_in(surfer.open("/identity/login"), f"+86 {DAUGHTER_PHONE}")
    assert "周小兰" in page.text


def test_guessing_is_slowed_and_another_place_is_not_held_up(own_city: City) -> None:
    surfer = own_city.surfer()
    statuses = [
        surfer.sign_in(surfer.open("/identity/login"), "jianguo", "guess").status_code
        for _ in range(FREE_ATTEMPTS + 2)
    ]
    assert statuses[:FREE_ATTEMPTS] == [401] * FREE_ATTEMPTS
    assert statuses[-1] == 429
    assert int(surfer.page.headers["retry-after"]) > 0
    throttle = LoginThrottle(own_city.house.ephemeral, own_city.house.vault)
    throttle.admit("jianguo", "203.0.113.9", is_known_place=False)


def test_pauses_double_and_end_in_a_quarter_of_an_hour() -> None:
    now = [0.0]
    throttle = LoginThrottle(MemoryStore(lambda: now[0]), Vault.ephemeral())
    waited = []
    for _ in range(PAIR_LIMIT + 1):
        try:
            throttle.admit("xiaolan", "203.0.113.9", is_known_place=False)
        except TooManyRequests as refusal:
            waited.append(refusal.retry_after or 0)
            now[0] += waited[-1]
    assert waited == sorted(waited)
    assert waited[-1] <= 900


def test_an_account_attacked_from_everywhere_stays_open_at_home() -> None:
    throttle = LoginThrottle(MemoryStore(), Vault.ephemeral())

    def attack() -> None:
        for number in range(200):
            throttle.admit("xiaolan", f"198.51.100.{number}", is_known_place=False)

    with pytest.raises(TooManyRequests):
        attack()
    throttle.admit("xiaolan", "192.0.2.1", is_known_place=True)


def test_an_ipv6_household_counts_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:1::1")


def test_a_flood_of_hashes_is_turned_away_not_queued_without_end() -> None:
    pool = PasswordPool(slots=1, queue=2)
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            pool.is_right(None, "x")
            outcomes.append("done")
        except Unavailable:
            outcomes.append("turned away")

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "turned away" in outcomes
    assert outcomes.count("done") >= 3


def test_the_right_password_fits_and_no_account_never_does() -> None:
    pool = PasswordPool()
    stored = pool.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert pool.is_right(stored, PASSWORD)
    assert not pool.is_right(stored, "wrong")
    assert not pool.is_right(None, "nobody's password")


def test_the_login_form_needs_its_own_browser_and_site(city: City) -> None:
    surfer = city.surfer()
    form = {"login": "guiying", "password": PASSWORD, "next": "", "csrf_token": "x"}
    assert surfer.http.post("/identity/login", data=form).status_code == 403
    page = surfer.open("/identity/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    good = {**form, "csrf_token": token.group(1)}
    crossed = surfer.http.post("/identity/login", data=good, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    assert city.surfer().http.post("/identity/login", data=good).status_code == 403
    assert surfer.http.post("/identity/login", data=good).status_code == 303


def test_a_planted_cookie_is_not_the_session_after_signing_in(city: City) -> None:
    surfer = city.surfer(cookies={"dongchu_identity_session": "planted"})
    surfer.sign_in(surfer.open("/identity/login"), "guiying")
    planted = city.surfer(cookies={"dongchu_identity_session": "planted"})
    assert "/identity/login" in str(planted.open("/identity/security").url)


def test_pages_forbid_frames_foreign_scripts_and_keeping(city: City) -> None:
    page = city.surfer().open("/identity/login")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"login=%00&password=x", b"a=1&a=2", b"login=x" + b"y" * 70_000]
)
def test_strange_login_forms_are_client_errors(city: City, body: bytes) -> None:
    surfer = city.surfer()
    surfer.open("/identity/login")
    answer = surfer.http.post(
        "/identity/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert 400 <= answer.status_code < 500


def test_the_security_page_shows_and_ends_sign_ins(own_city: City) -> None:
    phone, desk = own_city.surfer(), own_city.surfer()
    tokens = []
    for surfer in (phone, desk):
        attempt = mini_attempt()
        code = obtain_code(surfer, attempt)["code"]
        tokens.append(TokenClient(own_city.issuer).redeem(attempt, code).json()["access_token"])
    page = desk.open("/identity/security")
    ends = re.findall(r'action="(/identity/security/sessions/[^"]+/end)"', page.text)
    assert len(ends) == 2
    other = next(one for one in ends if _is_other(page.text, one))
    desk.submit(page, other)
    client = TokenClient(own_city.issuer)
    assert sorted(client.who(token).status_code for token in tokens) == [200, 401]
    assert "/identity/login" in str(phone.open("/identity/security").url)


def _is_other(text: str, action: str) -> bool:
    """Whether the card of this action lacks the badge of the present sign-in."""
    card = text[: text.index(action)].rsplit("<article", 1)[-1].rsplit('class="card', 1)[-1]
    return "本次登录" not in card


def test_nobody_ends_another_persons_sign_in(own_city: City) -> None:
    victim, attacker = own_city.surfer(), own_city.surfer()
    for surfer, login in ((victim, "guiying"), (attacker, "jianguo")):
        surfer.sign_in(surfer.open("/identity/login"), login)
    found = re.search(
        r'action="(/identity/security/sessions/[^"]+/end)"', victim.open("/identity/security").text
    )
    own = re.search(r'name="csrf_token" value="([^"]+)"', attacker.open("/identity/security").text)
    assert found is not None
    assert own is not None
    assert attacker.http.post(found.group(1), data={"csrf_token": own.group(1)}).status_code == 404
    assert victim.open("/identity/security").status_code == 200


def test_signing_out_needs_the_person_or_a_token_of_the_sign_in(own_city: City) -> None:
    surfer, attempt = own_city.surfer(), mini_attempt()
    client = TokenClient(own_city.issuer)
    tokens = client.redeem(attempt, obtain_code(surfer, attempt)["code"]).json()
    page = surfer.open("/identity/logout")
    assert "要退出登录吗" in page.text
    assert client.who(tokens["access_token"]).status_code == 200
    assert surfer.open("/identity/logout", id_token_hint="a.b.c").status_code == 400
    own_city.clock.move(timedelta(hours=1))  # an expired hint still proves which sign-in is meant
    hint = {"id_token_hint": tokens["id_token"], "state": "s1"}
    evil = surfer.http.get(
        "/identity/logout", params={**hint, "post_logout_redirect_uri": "https://evil.example/"}
    )
    assert "location" not in evil.headers
    assert client.refresh(tokens["refresh_token"]).status_code == 400


def test_after_signing_out_one_is_led_to_the_registered_address(own_city: City) -> None:
    surfer, attempt = own_city.surfer(), mini_attempt()
    tokens = TokenClient(own_city.issuer).redeem(attempt, obtain_code(surfer, attempt)["code"]).json()
    answer = surfer.http.get(
        "/identity/logout",
        params={
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": "http://127.0.0.1:9/bye",
            "state": "s1",
        },
    )
    assert answer.headers["location"] == "http://127.0.0.1:9/bye?state=s1"


def test_masks_leave_enough_to_recognise() -> None:
    assert mask("429900194403161045") == "4299**********1045"
    assert mask("abc") == "***"
