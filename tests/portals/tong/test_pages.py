"""What residents see and do in Tong, in a city with its policies in force."""

import re
from datetime import timedelta

import pytest

from identity import service as identity
from identity.registry import service as registry
from kernel.notices.models import Summons
from licenses import service as licences
from licenses.log.evidence import check
from policy_engine.decisions.verification import verify
from policy_engine.policies.library import library
from portals.tong.life import life_events
from portals.transparency import build_sequencer
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City

PAGES = (
    "/tong",
    "/tong/services",
    "/tong/services?q=yuer",
    "/tong/services/dibao",
    "/tong/services/dibao/apply",
    "/tong/life/birth",
    "/tong/life/old-age",
    "/tong/claims",
    "/tong/wallet",
    "/tong/inbox",
    "/tong/check?number=1234567890",
    "/tong/me",
    "/tong/me/facts",
    "/tong/finding",
    "/tong/me/accounts",
    "/tong/me/kin",
    "/tong/me/notices",
    "/tong/help",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("senior", ["0", "1"])
def test_every_page_answers_in_both_languages_and_in_senior_mode(
    enter: Enter, city: City, path: str, language: str, senior: str
) -> None:
    client = enter(city.cast.parent, language=language)
    client.cookies.set("dongchu_senior", senior)
    page = client.get(path)
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert page.text.count("<h1>") == 1


def test_somebody_without_a_session_is_led_to_sign_in(enter: Enter) -> None:
    answer = enter(None).get("/tong", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/tong/login?")


def test_home_says_what_was_found_and_how_much(enter: Enter, city: City) -> None:
    page = enter(city.cast.resident).get("/tong").text
    assert "您可能符合" in page
    assert "重度残疾人护理补贴" in page
    assert ">100</span>" in page


def test_home_for_somebody_else_names_both(enter: Enter, city: City) -> None:
    client = enter(city.cast.daughter, acting_for=city.cast.elder)
    page = client.get("/tong").text
    assert "正在为" in page
    assert "代 " in page


def test_senior_home_has_five_things_and_a_phone(enter: Enter, city: City) -> None:
    client = enter(city.cast.elder)
    client.cookies.set("dongchu_senior", "1")
    page = client.get("/tong").text
    assert page.count('class="list-row') == 4
    assert 'href="tel:12345"' in page
    assert "叫家人帮忙" in page


def test_an_offer_is_confirmed_once_and_becomes_a_claim(enter: Enter, city: City) -> None:
    client = enter(city.cast.resident)
    offer = first(r"/tong/offers/[0-9a-f-]+", client.get("/tong").text)
    page = client.get(offer).text
    assert "为什么是您" in page
    assert "办理不收费，不索要验证码" in page
    account = first(r'name="account_id" value="([0-9a-f-]+)"', page)
    refused = client.post(f"{offer}/confirm", data={"account_id": "not-mine"})
    assert refused.status_code == 400
    assert "error-summary" in refused.text
    claim = client.post(f"{offer}/confirm", data={"account_id": account}, follow_redirects=False)
    again = client.post(f"{offer}/confirm", data={"account_id": account}, follow_redirects=False)
    assert claim.status_code == 303
    assert claim.headers["location"] == again.headers["location"]
    progress = client.get(claim.headers["location"]).text
    assert "镇街受理" in progress
    assert "给您答复" in progress
    record = client.get(first(r"/tong/records/[0-9a-f-]+", progress))
    assert record.headers["content-disposition"].startswith("attachment")
    assert [one for one in verify(record.content) if not one.is_note] == []
    assert record.json()["record"]["deed"]["outcome"] == "offered"
    assert record.json()["disclosures"]
    build_sequencer(city.house).append_all()
    place = first(r"/tong/records/[0-9a-f-]+/evidence", progress)
    evidence = client.get(f"{place}/file")
    assert "下载存证文件" in client.get(place).text
    assert check(evidence.content).defects == []
    assert evidence.json()["id"] == record.json()["record"]["id"]
    stranger = enter(city.cast.daughter)
    assert stranger.get(claim.headers["location"]).status_code == 404
    assert stranger.get(offer).status_code == 404
    assert stranger.get(str(record.url.path)).status_code == 404
    assert stranger.get(place).status_code == stranger.get(f"{place}/file").status_code == 404


def test_declined_rests_and_may_still_be_applied_for(enter: Enter, city: City) -> None:
    client = enter(city.cast.parent)
    offer = first(r"/tong/offers/[0-9a-f-]+", client.get("/tong").text)
    page = client.post(f"{offer}/decline", data={})
    assert page.status_code == 200
    assert "仍要申请" in page.text
    assert "/apply?who=" in page.text


def test_applying_all_the_same_files_a_claim(enter: Enter, city: City) -> None:
    client = enter(city.cast.elder)
    form = client.get("/tong/services/disability-nursing/apply").text
    sent = {
        "who": first(r'name="who" value="([0-9a-f]+)"', form),
        "words": "我行动不便",
        "account_id": first(r'name="account_id" value="([0-9a-f-]+)"', form),
    }
    without = client.post("/tong/services/disability-nursing/apply", data={**sent, "account_id": ""})
    assert without.status_code == 400
    assert "我行动不便" in without.text
    done = client.post("/tong/services/disability-nursing/apply", data=sent, follow_redirects=False)
    assert done.status_code == 303
    twice = client.post("/tong/services/disability-nursing/apply", data=sent)
    assert twice.status_code == 409
    assert "error-summary" in twice.text
    withdrawn = client.post(f"{done.headers['location']}/withdraw", data={})
    assert withdrawn.status_code == 200
    assert "申请已撤回" in withdrawn.text


def test_nobody_applies_for_a_key_that_is_not_theirs(enter: Enter, city: City) -> None:
    mine = enter(city.cast.elder).get("/tong/services/disability-nursing/apply").text
    key = first(r'name="who" value="([0-9a-f]+)"', mine)
    stranger = enter(city.cast.parent)
    assert stranger.get(f"/tong/services/disability-nursing/apply?who={key}").status_code == 404
    assert stranger.post("/tong/services/disability-nursing/apply", data={"who": key}).status_code == 404


def test_wrong_input_comes_back_to_its_field(enter: Enter, city: City) -> None:
    client = enter(city.cast.parent)
    account = client.post("/tong/me/accounts", data={"bank": "工商银行", "number": "12"})
    assert account.status_code == 400
    assert 'id="f-number-error"' in account.text
    kin = client.post("/tong/me/kin", data={"name": "某人"})
    assert kin.status_code == 400
    assert 'id="f-id_number-error"' in kin.text


def test_a_new_account_rests_and_a_proxy_cannot_add_one(enter: Enter, city: City) -> None:
    added = enter(city.cast.parent).post(
        "/tong/me/accounts", data={"bank": "建设银行", "number": "6217 0000 1111 2222"}
    )
    assert added.status_code == 200
    assert "起可用" in added.text
    proxy = enter(city.cast.daughter, acting_for=city.cast.elder)
    assert proxy.post("/tong/me/accounts", data={"bank": "建设银行", "number": "62170000"}).status_code == 403


def test_kin_are_asked_let_in_and_sent_away(enter: Enter, city: City) -> None:
    with city.house.database.read() as session:
        number = registry.identifier_of(session, city.cast.agent, vault=city.house.vault)
        name = registry.describe(session, [city.cast.agent], vault=city.house.vault)[city.cast.agent].name
    client = enter(city.cast.resident)
    wanted = {"name": "别人", "id_number": number, "relation": "父亲", "months": "3"}
    assert client.post("/tong/me/kin", data=wanted).status_code == 400
    let_in = client.post("/tong/me/kin", data={**wanted, "name": name})
    assert let_in.status_code == 200
    assert name in let_in.text
    asked = client.post(first(r"/tong/help/[0-9a-f-]+", client.get("/tong/help").text), data={})
    assert "已经告诉家人了" in asked.text
    agent = enter(city.cast.agent)
    assert "请您帮忙" in agent.get("/tong/inbox").text
    assert "asks for your help" in agent.get("/tong/inbox", headers={"Accept-Language": "en"}).text
    revoke = first(r"/tong/me/kin/[0-9a-f-]+/revoke", let_in.text)
    assert enter(city.cast.parent).post(revoke, data={}).status_code == 404
    assert name not in client.post(revoke, data={}).text


def test_channels_are_remembered(enter: Enter, city: City) -> None:
    client = enter(city.cast.parent)
    page = client.post("/tong/me/notices", data={"sms": "1"}).text
    assert re.search(r'name="sms" value="1" checked', page)
    assert not re.search(r'name="email" value="1" checked', page)


def test_quiet_hours_and_pace_are_remembered_and_what_is_no_time_is_said(enter: Enter, city: City) -> None:
    client = enter(city.cast.parent)
    chosen = {"sms": "1", "pace": "daily", "quiet_from": "21:30", "quiet_until": "08:00"}
    page = client.post("/tong/me/notices", data=chosen).text
    assert re.search(r'value="daily" checked', page)
    assert 'value="21:30"' in page
    wrong = client.post(
        "/tong/me/notices", data={"pace": "daily", "quiet_from": "25:00", "quiet_until": "08:00"}
    )
    assert wrong.status_code == 400
    assert 'href="#f-quiet_from"' in wrong.text
    api = enter(city.cast.parent, accept="application/json")
    habits = {"quiet_from": "21:30", "quiet_until": "08:00", "pace": "daily"}
    assert api.get("/tong/api/v1/notice-habits").json() == habits
    assert api.get("/tong/api/v1/notice-channels").json()["sms"]  # of the wrong form nothing was kept
    assert api.post("/tong/api/v1/notice-habits", json={**habits, "quiet_from": "9"}).status_code == 400
    assert api.post("/tong/api/v1/notice-habits", json={**habits, "pace": "each"}).json()["pace"] == "each"


def test_one_sees_what_went_out_and_whether_it_arrived(enter: Enter, city: City) -> None:
    with city.house.database.write() as session:
        summons = Summons(
            subject_id=city.cast.elder,
            channel="sms",
            wording="message",
            covers=3,
            through_number=1,
            check_number="0123456789",
            state="undeliverable",
            attempts=0,
            written_at=city.house.clock.now(),
            updated_at=city.house.clock.now(),
        )
        session.add(summons)
    page = enter(city.cast.elder).get("/tong/me/notices").text
    assert "最近一次提醒没有送达" in page
    assert "0123456789" in page
    (seen,) = enter(city.cast.elder, accept="application/json").get("/tong/api/v1/summonses").json()
    assert (seen["covers"], seen["state"]) == (3, "undeliverable")
    assert "0123456789" not in enter(city.cast.parent).get("/tong/me/notices").text


def test_a_childs_licence_lies_in_the_parents_wallet(enter: Enter, city: City) -> None:
    with city.house.database.write() as session:
        licence = licences.issue(
            session,
            city.house,
            type_id="disability-certificate",
            holder_id=city.cast.baby,
            fields=example_fields(),
            actor="test",
        )
        licence_id = licence.id
    parent = enter(city.cast.parent)
    assert f"/tong/wallet/{licence_id}" in parent.get("/tong/wallet").text
    assert parent.get(f"/tong/wallet/{licence_id}").status_code == 200
    shown = parent.get(f"/tong/wallet/{licence_id}/show")
    assert shown.headers["refresh"] == "30"
    assert "<svg" in shown.text
    assert enter(city.cast.elder).get(f"/tong/wallet/{licence_id}").status_code == 404
    limited = enter(city.cast.parent, scopes=("tong",))
    assert limited.get("/tong/wallet").status_code == 403


def test_the_api_says_the_same_and_asks_for_the_scope(enter: Enter, city: City) -> None:
    client = enter(city.cast.parent, accept="application/json")
    standings = client.get("/tong/api/v1/services/childcare-subsidy/standings").json()
    assert standings[0]["explanation"]["verdict"] == "eligible"
    assert "subject_id" not in str(standings)
    for path in ("services", "near-misses", "facts", "accounts", "delegations", "notice-channels", "claims"):
        assert client.get(f"/tong/api/v1/{path}").status_code == 200
    without = enter(city.cast.parent, accept="application/json", scopes=("licences",))
    assert without.get("/tong/api/v1/services").status_code == 403
    assert enter(None, accept="application/json").get("/tong/api/v1/services").status_code == 401


@pytest.mark.parametrize(
    ("declared", "where"),
    [({"person.birth_date": "2020-01-01"}, "person.birth_date"), ({"no.such": 1}, "no.such")],
)
def test_the_api_takes_no_facts_that_were_not_asked_for(
    enter: Enter, city: City, declared: dict[str, object], where: str
) -> None:
    client = enter(city.cast.elder, accept="application/json")
    key = client.get("/tong/api/v1/services/disability-living/standings").json()[0]["key"]
    body = {"key": key, "declared": declared}
    answer = client.post("/tong/api/v1/services/disability-living/applications", json=body)
    assert answer.status_code == 400
    assert where in answer.text


def test_life_events_name_policies_of_the_library() -> None:
    known = {entry.document.id for entry in library()}
    assert {one for event in life_events() for one in event.policies} <= known


def test_a_delegation_shows_on_both_sides(enter: Enter, city: City) -> None:
    with city.house.database.write() as session:
        identity.grant_proxy(
            session,
            house=city.house,
            principal_id=city.cast.parent,
            agent_id=city.cast.daughter,
            relation="表姐",
            until_at=city.clock.now() + timedelta(days=10),
        )
    assert "表姐" in enter(city.cast.daughter).get("/tong/me/kin").text


def example_fields() -> dict[str, object]:
    """Every field of a disability certificate, filled in."""
    from licenses.catalogue import licence_type

    filled: dict[str, object] = {}
    for field in licence_type("disability-certificate").fields:
        by_type = {"integer": 1, "date": "2026-01-05", "text": "演示"}
        filled[field.id] = field.values[0] if field.values else by_type[field.type]
    return filled


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1] if found.groups() else found[0]
