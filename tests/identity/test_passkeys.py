"""Passkeys: made, named, given up, signed in by; and every way in which an answer can be wrong is refused."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from identity.accounts.assurance import LEVELS
from identity.passkeys.ceremonies import Ceremonies
from identity.passkeys.models import Passkey
from identity.sessions.models import IdentitySession
from kernel.house import House
from kernel.notices import inbox
from tests.identity.authenticator import USER_PRESENT, USER_VERIFIED, SoftwarePasskey
from tests.identity.conftest import City
from tests.identity.people import Someone, enter_by_phone, sign_in, someone
from tests.identity.relying_party import Surfer


def enrol(city: City, surfer: Surfer, *, name: str = "我的手机", **made: Any) -> SoftwarePasskey:
    """Add a passkey to whoever is signed in."""
    passkey = SoftwarePasskey(city.url, "localhost", **made)
    options = surfer.http.get("/identity/security/passkeys/options").json()
    page = surfer.open("/identity/security/passkeys")
    answer = surfer.submit(page, "/identity/security/passkeys", name=name, credential=passkey.create(options))
    assert answer.status_code == 200, answer.text
    assert name in answer.text
    return passkey


def holder(city: City, **made: Any) -> tuple[Someone, SoftwarePasskey]:
    """Somebody with a passkey, signed in nowhere."""
    one = someone(city)
    surfer = city.surfer()
    enter_by_phone(city, surfer, one.phone)
    surfer.open("/identity/step-up")
    surfer.submit(surfer.page, "/identity/step-up/password", password="correct horse battery")
    return one, enrol(city, surfer, **made)


def enter(
    surfer: Surfer, passkey: SoftwarePasskey, page: httpx.Response | None = None, **changes: Any
) -> httpx.Response:
    page = page or surfer.open("/identity/login")
    options = surfer.http.get("/identity/login/passkey/options").json()
    return surfer.submit(page, "/identity/login/passkey", credential=passkey.get(options, **changes))


def acr_of(city: City, subject_id: int) -> str:
    with city.house.database.read() as session:
        newest = sa.select(IdentitySession).where(IdentitySession.subject_id == subject_id)
        row = session.scalars(newest.order_by(IdentitySession.auth_at.desc(), IdentitySession.sid.desc()))
        return row.first().acr  # type: ignore[union-attr]


def test_a_passkey_signs_in_by_itself_and_reaches_the_third_level(there: City) -> None:
    one, passkey = holder(there)
    surfer = there.surfer()
    assert one.name in enter(surfer, passkey).text
    assert acr_of(there, one.subject_id) == LEVELS[2]


def test_an_authenticator_that_does_not_count_is_as_good(there: City) -> None:
    one, passkey = holder(there, sign_count=None)
    for _ in range(2):
        assert one.name in enter(there.surfer(), passkey).text


def test_a_passkey_lifts_a_sign_in_by_password(there: City) -> None:
    one, passkey = holder(there)
    surfer = sign_in(there, one.login)
    page = surfer.open("/identity/step-up")
    options = surfer.http.get("/identity/step-up/passkey/options").json()
    assert len(options["allowCredentials"]) == 1
    surfer.submit(page, "/identity/step-up/passkey", credential=passkey.get(options))
    assert acr_of(there, one.subject_id) == "L3"


def test_anothers_passkey_lifts_nobodys_sign_in(there: City) -> None:
    _one, passkey = holder(there)
    other, _key = holder(there)
    surfer = sign_in(there, other.login)
    page = surfer.open("/identity/step-up")
    options = surfer.http.get("/identity/step-up/passkey/options").json()
    answer = surfer.submit(page, "/identity/step-up/passkey", credential=passkey.get(options))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "bend",
    [
        {"origin": "http://localhost.evil.example"},
        {"origin": "https://localhost"},
        {"rp_id": "evil.example"},
        {"flags": USER_PRESENT},
        {"flags": USER_VERIFIED},
        {"user_handle": b"somebody else"},
        {"credential_id": b"unknown to anybody"},
    ],
    ids=["other-origin", "other-scheme", "other-rp", "not-verified", "not-present", "other-owner", "unknown"],
)
def test_a_wrong_answer_is_refused_with_one_text(there: City, bend: dict[str, Any]) -> None:
    _one, passkey = holder(there)
    answer = enter(there.surfer(), replace(passkey, **bend))
    assert answer.status_code == 401
    assert "通行密钥没有通过验证" in answer.text


def test_another_keys_signature_is_refused(there: City) -> None:
    _one, passkey = holder(there)
    forged = SoftwarePasskey(
        there.url, "localhost", credential_id=passkey.credential_id, user_handle=passkey.user_handle
    )
    assert enter(there.surfer(), forged).status_code == 401


@pytest.mark.parametrize("credential", ["", "{", "[]", '{"response": {}}', "x" * 4000, '{"id": "é"}'])
def test_what_is_no_answer_is_refused(there: City, credential: str) -> None:
    surfer = there.surfer()
    page = surfer.open("/identity/login")
    answer = surfer.submit(page, "/identity/login/passkey", credential=credential)
    assert 400 <= answer.status_code < 500


def test_an_answer_works_once(there: City) -> None:
    _one, passkey = holder(there, sign_count=None)
    surfer = there.surfer()
    page = surfer.open("/identity/login")
    options = surfer.http.get("/identity/login/passkey/options").json()
    answer = passkey.get(options)
    assert surfer.submit(page, "/identity/login/passkey", credential=answer).status_code == 200
    surfer.http.cookies.delete("dongchu_identity_session")
    again = surfer.submit(surfer.open("/identity/login"), "/identity/login/passkey", credential=answer)
    assert again.status_code == 401


def test_a_challenge_of_one_browser_or_purpose_is_worth_nothing_in_another(there: City) -> None:
    one, passkey = holder(there, sign_count=None)
    asked, thief = there.surfer(), there.surfer()
    asked.open("/identity/login")
    options = asked.http.get("/identity/login/passkey/options").json()
    page = thief.open("/identity/login")
    stolen = passkey.get(options)
    assert thief.submit(page, "/identity/login/passkey", credential=stolen).status_code == 401
    surfer = sign_in(there, one.login)
    page = surfer.open("/identity/step-up")
    answer = surfer.submit(page, "/identity/step-up/passkey", credential=passkey.get(options))
    assert answer.status_code == 401


def test_a_copied_key_is_barred_and_its_owner_told(there: City) -> None:
    one, passkey = holder(there)
    copy = replace(passkey)
    assert enter(there.surfer(), passkey).status_code == 200
    assert enter(there.surfer(), copy).status_code == 401  # the same count again
    assert enter(there.surfer(), passkey).status_code == 401  # nobody knows which of them is the owner's
    with there.house.database.read() as session:
        row = session.scalar(sa.select(Passkey).where(Passkey.credential_id == passkey.credential_id))
        assert row is not None
        assert row.barred_at is not None
        assert any("疑似被复制" in one.title for one in inbox(session, one.subject_id))


def test_a_passkey_is_renamed_and_removed_by_its_owner_only(there: City) -> None:
    one, passkey = holder(there)
    surfer = there.surfer()
    enter(surfer, passkey)
    page = surfer.open("/identity/security/passkeys")
    action = next(iter(re.findall(r'action="([^"]+/rename)"', page.text)))
    assert "奶奶的平板" in surfer.submit(page, action, name="奶奶的平板").text
    assert surfer.submit(page, action, name=" ").status_code == 400
    stranger = sign_in(there, someone(there, has_phone=False).login)
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.open("/identity/security").text)
    assert token is not None
    remove = action.replace("/rename", "/remove")
    assert stranger.http.post(remove, data={"csrf_token": token.group(1)}).status_code == 404
    assert "还没有通行密钥" in surfer.submit(page, remove).text
    assert enter(there.surfer(), passkey).status_code == 401
    assert one.name in surfer.open("/identity/security").text


def test_two_pages_open_at_once_make_two_keys_that_both_sign_in(there: City) -> None:
    """Their authenticators were told of one owner, by the same handle."""
    one = someone(there, has_phone=False)
    surfer = sign_in(there, one.login)
    page = surfer.open("/identity/security/passkeys")
    made = [SoftwarePasskey(there.url, "localhost") for _ in range(2)]
    options = [surfer.http.get("/identity/security/passkeys/options").json() for _ in made]
    for passkey, asked in zip(made, options, strict=True):
        answer = surfer.submit(
            page, "/identity/security/passkeys", name="手机", credential=passkey.create(asked)
        )
        assert answer.status_code == 200
    for passkey in made:
        assert one.name in enter(there.surfer(), passkey).text


def test_a_bare_address_has_no_passkeys(house: House) -> None:
    """127.0.0.1 is no rp id; the pages do not offer what browsers would refuse."""
    assert not Ceremonies(house).is_possible
