"""A mail address or a WeChat account is bound by showing that it is one's own; nobody binds theirs to another's account."""

import contextlib
import re
import sqlite3
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from identity.contacts import service as contacts
from kernel.errors import Conflict, InvalidInput
from kernel.notices import inbox
from kernel.notices.service import set_preference, wants
from tests.identity.conftest import City
from tests.identity.people import Someone, enter_by_phone, sign_in, someone
from tests.identity.relying_party import PASSWORD, Surfer

PAGE = "/identity/security/contacts"
FOLLOWER = "oDemo-follower-0001"


def proven_twice(city: City, one: Someone) -> Surfer:
    surfer = city.surfer()
    enter_by_phone(city, surfer, one.phone)
    surfer.submit(surfer.open("/identity/step-up"), "/identity/step-up/password", password=PASSWORD)
    return surfer


def mailed_code(city: City, address: str) -> str:
    assert city.outside is not None
    with contextlib.closing(sqlite3.connect(city.outside.home / "simulators.db")) as store:
        row = store.execute(
            "SELECT text FROM mail WHERE address = ? ORDER BY rowid DESC", (address,)
        ).fetchone()
    found = re.search(r"[0-9]{6}", row[0])
    assert found is not None
    return found.group()


def address_of(city: City, one: Someone, channel: str) -> str | None:
    with city.house.database.read() as session:
        return contacts.address_of(session, one.subject_id, channel, vault=city.house.vault)


def at_wechat(surfer: Surfer) -> str:
    answer = surfer.http.get(f"{PAGE}/wechat")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def choose(address: str, openid: str) -> str:
    """Say on the simulated phone who it is; where that leads back to."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    there = address.partition("?")[0]
    assert "这部手机上的微信" in httpx.get(address.partition("#")[0]).text
    answer = httpx.post(there, data={**asked, "openid": openid}, headers={"sec-fetch-site": "same-origin"})
    return answer.headers["location"]


def test_an_address_counts_once_its_code_came_back(there: City) -> None:
    one = someone(there)
    surfer = proven_twice(there, one)
    with there.house.database.write() as session:
        set_preference(session, one.subject_id, "email", is_enabled=False)
    page = surfer.submit(surfer.open(PAGE), f"{PAGE}/email/send", email="Zhang.San@Example.COM")
    assert address_of(there, one, "email") is None
    wrong = surfer.submit(page, f"{PAGE}/email", code="000000")
    assert wrong.status_code == 401
    assert address_of(there, one, "email") is None
    page = surfer.submit(wrong, f"{PAGE}/email", code=mailed_code(there, "Zhang.San@example.com"))
    assert "Z***n@example.com" in page.text
    assert "Zhang.San@example.com" not in page.text
    assert address_of(there, one, "email") == "Zhang.San@example.com"
    with there.house.database.read() as session:
        assert wants(session, one.subject_id, "email")
        assert [row.kind for row in inbox(session, one.subject_id)].count("account.contact") == 1
    again = surfer.submit(page, f"{PAGE}/email/send", email="other@example.com")
    surfer.submit(again, f"{PAGE}/email", code=mailed_code(there, "other@example.com"))
    assert address_of(there, one, "email") == "other@example.com"
    surfer.submit(surfer.open(PAGE), f"{PAGE}/email/remove")
    assert address_of(there, one, "email") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a b@example.com",
        "a@exa_mple.com",
        "é@example.com",
        "x@example.com\nbcc:y@z.cn",
        "a@" + "b" * 260 + ".cn",
        "a" * 65 + "@b.cn",
    ],
)
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        contacts.normalise_email(text)
    assert refused.value.errors[0].where == "email"


def test_one_proof_is_not_enough_to_change_where_warnings_go(there: City) -> None:
    one = someone(there)
    surfer = sign_in(there, one.login)
    assert "/identity/step-up" in str(surfer.open(PAGE).url)
    assert "/identity/step-up" in str(surfer.open(f"{PAGE}/wechat").url)


def test_wechat_tells_who_it_is_and_is_let_go_again(there: City) -> None:
    one = someone(there)
    surfer = proven_twice(there, one)
    back = choose(at_wechat(surfer), FOLLOWER)
    surfer.open(back)
    assert address_of(there, one, "wechat") == FOLLOWER
    assert surfer.open(back).status_code == 403  # an answer counts once
    page = surfer.open(PAGE)
    assert FOLLOWER not in page.text
    surfer.submit(page, f"{PAGE}/wechat/remove")
    assert address_of(there, one, "wechat") is None


def test_an_answer_from_wechat_binds_in_the_sign_in_that_asked_and_nowhere_else(there: City) -> None:
    """Otherwise a stranger's WeChat would read what concerns a victim's account."""
    attacker, victim = someone(there), someone(there)
    back = choose(at_wechat(proven_twice(there, attacker)), FOLLOWER)
    assert proven_twice(there, victim).open(back).status_code == 403
    assert address_of(there, victim, "wechat") is None


def test_saying_no_at_wechat_binds_nothing_and_a_wrong_code_says_so(there: City) -> None:
    one = someone(there)
    surfer = proven_twice(there, one)
    assert PAGE in str(surfer.open(choose(at_wechat(surfer), "")).url)
    back = choose(at_wechat(surfer), FOLLOWER)
    state = parse_qs(urlsplit(back).query)["state"][0]
    refused = surfer.open(f"{PAGE}/wechat/callback", state=state, code="made-up")
    assert refused.status_code >= 400
    assert "微信公众号平台" in refused.text
    assert address_of(there, one, "wechat") is None


def test_a_fourth_person_behind_one_address_is_refused(there: City) -> None:
    people = [someone(there) for _ in range(4)]

    def bind(one: Someone) -> None:
        with there.house.database.write() as session:
            contacts.confirm(
                session,
                one.subject_id,
                "email",
                "family@example.com",
                vault=there.house.vault,
                now=there.clock.now(),
            )

    for one in people[:3]:
        bind(one)
    bind(people[0])  # the same person again is no other
    with pytest.raises(Conflict):
        bind(people[3])
    assert address_of(there, people[3], "email") is None
