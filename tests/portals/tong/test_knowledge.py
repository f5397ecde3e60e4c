"""What the city knows about a resident: shown with its source and its use, objected to, answered by the source."""

from datetime import timedelta

import msgspec
import pytest

from connectors.resilience import Watch
from connectors.resilience.breaker import FAILURES
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
    ("language", "sources"),
    [("zh-CN", ("人社", "税务")), ("en", ("Human resources and social security", "Taxation"))],
)
def test_a_fact_has_its_source_its_use_and_what_others_say(
    enter: Enter, conflict: int, language: str, sources: tuple[str, ...]
) -> None:
    page = enter(conflict, language=language).get(f"/tong/facts/{MONTHS}")
    assert page.status_code == 200
    for words in (*sources, "36月", "12月"):
        assert words in page.text
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
    assert program.post("/tong/api/v1/finding", json={"may_be_found": True}).json() == {"may_be_found": True}
