"""What the city knows about a resident: shown with its source and its use, objected to, answered by the source."""

import re
from datetime import timedelta

import msgspec
import pytest

from connectors.resilience import Watch
from connectors.resilience.breaker import FAILURES
from identity.delegation.repository import live_proxies_from
from identity.service import grant_proxy
from kernel import notices
from kernel.web.principal import Principal
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes
from portals.zhengtong.sources import objections as desk
from tests.conftest import NOON
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City

MONTHS = "person.ui_paid_months"
MARRIED = "person.is_married"


def say(city: City, subject_id: int, attribute: str, value: object, source: str, event_id: str) -> None:
    change = FactChange(
        subject_id=subject_id,
        attribute=attribute,
        value=value,  # type: ignore[arg-type]
        source=source,
        event_id=event_id,
        observed_at=NOON + timedelta(minutes=len(event_id)),
    )
    with city.house.database.write() as session:
        apply_changes(session, [change], now=NOON)


@pytest.fixture(scope="module")
def conflict(city: City) -> int:
    """The elder, of whom two sources say two things."""
    say(city, city.cast.elder, MONTHS, 12, "human_resources", "knowledge-1")
    say(city, city.cast.elder, MONTHS, 36, "tax", "knowledge-22")
    say(city, city.cast.elder, MARRIED, True, "civil_affairs", "knowledge-333")
    return city.cast.elder


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-CN", ("人社", "税务", "36月", "12月")),
        ("en", ("Human resources and social security", "Taxation", r">\s*36\s*<", r">\s*12\s*<")),
    ],
)
def test_a_fact_has_its_source_its_use_and_what_others_say(
    enter: Enter, conflict: int, language: str, told: tuple[str, ...]
) -> None:
    page = enter(conflict, language=language).get(f"/tong/facts/{MONTHS}")
    assert page.status_code == 200
    for words in told:
        assert re.search(words, page.text), words
    assert page.text.count("<h1>") == 1
    detail = enter(conflict, accept="application/json").get(f"/tong/api/v1/facts/{MONTHS}").json()
    assert detail["uses"] == ["eligibility", "statistics"]
    assert detail["policies"]
    assert [one["outcome"] for one in detail["history"]][:2] == ["outranked", "applied"]


def test_another_persons_fact_is_not_there(enter: Enter, city: City, conflict: int) -> None:
    stranger = enter(city.cast.parent)
    assert "36月" not in stranger.get(f"/tong/facts/{MONTHS}").text
    assert enter(conflict).get("/tong/facts/person.nonsense").status_code == 404
    assert enter(conflict).get("/tong/facts/firm.size").status_code == 404
    nobody = enter(None, accept="application/json")
    assert nobody.get(f"/tong/api/v1/facts/{MONTHS}").status_code == 401


def official(city: City, key: str) -> Principal:
    return msgspec.structs.replace(city.official(key), scopes=frozenset({"zhengtong"}))


def test_an_objection_travels_to_its_source_and_comes_back_as_a_fact(
    enter: Enter, city: City, conflict: int
) -> None:
    resident = enter(conflict)
    bad = resident.post(f"/tong/facts/{MARRIED}/objections", data={"wrong": "错"}, follow_redirects=False)
    assert bad.status_code == 400
    sent = {"wrong": "我已于去年离婚，登记没有更新", "right": "否"}
    posted = resident.post(f"/tong/facts/{MARRIED}/objections", data=sent, follow_redirects=False)
    assert posted.status_code == 303
    assert "办理中" in resident.get(f"/tong/facts/{MARRIED}").text
    again = resident.post(f"/tong/facts/{MARRIED}/objections", data=sent, follow_redirects=False)
    assert again.status_code == 409
    assert desk.waiting(city.services, official(city, "health")) == []
    office = official(city, "civil_affairs")
    (task,) = [one for one in desk.waiting(city.services, office) if one.attribute == MARRIED]
    file = desk.file_of(city.services, office, task.id)
    assert file.objection.wrong == sent["wrong"]
    assert "*" in file.name
    answer = desk.Answer("corrected", "已核对离婚登记", "否")
    desk.give_answer(city.services, office, task.id, answer)
    page = resident.get(f"/tong/facts/{MARRIED}").text
    assert "已更正" in page
    assert "已核对离婚登记" in page
    listed = enter(conflict, accept="application/json").get("/tong/api/v1/facts").json()
    assert next(one for one in listed if one["attribute"] == MARRIED)["value"] is False


def test_a_source_that_is_down_is_said_so(enter: Enter, city: City, conflict: int) -> None:
    breaker = Watch(city.house.ephemeral, city.house.clock).breaker("social_insurance")
    for _ in range(FAILURES):
        breaker.failed()
    assert "暂时连不上" in enter(conflict).get(f"/tong/facts/{MONTHS}").text
    breaker.succeeded()
    assert "暂时连不上" not in enter(conflict).get(f"/tong/facts/{MONTHS}").text


def test_one_chooses_whether_to_be_found(enter: Enter, city: City) -> None:
    parent = enter(city.cast.parent)
    assert "会主动为您找政策" in parent.get("/tong/finding").text
    assert parent.post("/tong/finding", data={"found": "0"}, follow_redirects=False).status_code == 303
    assert "不主动为您找政策" in parent.get("/tong/finding").text
    assert parent.get("/tong/services/dibao/apply").status_code == 200
    program = enter(city.cast.parent, accept="application/json")
    chosen = program.post("/tong/api/v1/finding", json={"may_be_found": True}).json()
    assert (chosen["may_be_found"], chosen["chosen_as"]) == (True, "self")


def inbox(city: City, subject_id: int) -> list[tuple[str, str]]:
    with city.house.database.read() as session:
        return [(one.kind, one.body) for one in notices.inbox(session, subject_id)]


def test_a_parent_objects_and_chooses_for_a_child(enter: Enter, city: City) -> None:
    parent, program = enter(city.cast.parent), enter(city.cast.parent, accept="application/json")
    people = program.get("/tong/api/v1/represented").json()
    assert people[0] == {"key": "", "name": people[0]["name"], "role": "self"}
    child = next(one for one in people[1:] if one["role"] == "guardian")
    key = child["key"]
    facts = program.get(f"/tong/api/v1/facts?who={key}").json()
    assert facts != program.get("/tong/api/v1/facts").json()
    assert child["name"] in parent.get(f"/tong/me/facts?who={key}").text
    attribute = facts[0]["attribute"]
    sent = {"wrong": "孩子的登记写错了，请看出生证明", "who": key}
    posted = parent.post(f"/tong/facts/{attribute}/objections", data=sent, follow_redirects=False)
    assert (posted.status_code, posted.headers["location"]) == (303, f"/tong/facts/{attribute}?who={key}")
    page = parent.get(f"/tong/facts/{attribute}?who={key}").text
    assert "由监护人提出" in page
    (mine,) = program.get(f"/tong/api/v1/objections?who={key}").json()
    assert (mine["raised_as"], mine["state"]) == ("guardian", "open")
    assert program.get("/tong/api/v1/objections").json() == []
    assert program.post(f"/tong/api/v1/objections/{mine['id']}/withdraw").status_code == 404
    assert program.post(f"/tong/api/v1/objections/{mine['id']}/withdraw?who={key}").status_code == 204
    closed = parent.post("/tong/finding", data={"found": "0", "who": key}, follow_redirects=False)
    assert closed.status_code == 303
    assert "监护人" in parent.get(f"/tong/finding?who={key}").text
    assert "现在：会主动为您找政策" in parent.get("/tong/finding").text, "one's own choice is another"
    program.post(f"/tong/api/v1/finding?who={key}", json={"may_be_found": True})
    stranger = enter(city.cast.resident, accept="application/json")
    assert stranger.get(f"/tong/api/v1/facts?who={key}").status_code == 404
    assert stranger.post(f"/tong/api/v1/finding?who={key}", json={"may_be_found": False}).status_code == 404


def test_a_relative_with_a_mandate_speaks_for_the_elder_who_is_told(
    enter: Enter, city: City, conflict: int
) -> None:
    elder, daughter = city.cast.elder, city.cast.daughter
    with city.house.database.write() as session:
        if not [
            one
            for one in live_proxies_from(session, elder, city.house.clock.now())
            if one.agent_id == daughter
        ]:
            grant_proxy(
                session,
                house=city.house,
                principal_id=elder,
                agent_id=daughter,
                relation="母亲",
                until_at=NOON + timedelta(days=90),
            )
    proxy = enter(daughter, acting_for=elder, accept="application/json")
    raised = proxy.post(f"/tong/api/v1/facts/{MONTHS}/objections", json={"wrong": "少算了两年"}).json()
    assert raised["raised_as"] == "proxy"
    assert proxy.post("/tong/api/v1/finding", json={"may_be_found": False}).json()["chosen_as"] == "proxy"
    told = inbox(city, elder)
    assert {"objection.for_you", "finding.chosen_for_you"} <= {kind for kind, _ in told}
    assert any("代办人" in body and "改回来" in body for _, body in told)
    own = enter(elder, accept="application/json")
    assert own.post(f"/tong/api/v1/objections/{raised['id']}/withdraw").status_code == 204
    assert own.post("/tong/api/v1/finding", json={"may_be_found": True}).json()["may_be_found"] is True
    refused = proxy.post("/tong/api/v1/finding", json={"may_be_found": False})
    assert refused.status_code == 409, "the person's own word stands"
    page = enter(daughter, acting_for=elder).post("/tong/finding", data={"found": "0"})
    assert page.status_code == 409
    assert "本人已经自己选择过" in page.text


def test_an_institution_objects_but_does_not_choose(enter: Enter, city: City, conflict: int) -> None:
    """Somebody whose right to act rests on an institution's mandate: no proxy of the person's own stands behind it."""
    worker = enter(city.cast.accountant, acting_for=conflict, accept="application/json")
    assert worker.post("/tong/api/v1/finding", json={"may_be_found": False}).status_code == 403
    raised = worker.post(f"/tong/api/v1/facts/{MONTHS}/objections", json={"wrong": "少算了两年"})
    assert (raised.status_code, raised.json()["raised_as"]) == (201, "institution")
    assert worker.post(f"/tong/api/v1/objections/{raised.json()['id']}/withdraw").status_code == 204
