"""Posts are made by one administrator and filled by another; who is replaced is out, who acts acts for a time."""

import re
from datetime import timedelta

import pytest

from identity.registry import service as registry
from identity.seats import repository as seat_rows
from kernel.audit import recent
from tests.portals.zhengtong.conftest import City, Enter

SEATS = "/zhengtong/system/seats"
NEW = {"division": "420202", "department": "教育局", "title": "区教育局受理席", "duties": "claim.accept"}


def named(city: City, subject_id: int) -> dict[str, str]:
    with city.house.database.read() as session:
        return {
            "name": registry.describe(session, [subject_id], vault=city.house.vault)[subject_id].name,
            "id_number": registry.identifier_of(session, subject_id, vault=city.house.vault),
        }


@pytest.fixture
def seat(enter: Enter) -> str:
    """A new post, as the system's administrator makes it."""
    made = enter("administrator").post(f"{SEATS}/new", NEW)
    assert made.status_code == 303, made.text
    return made.headers["location"].split("?")[0]


def test_one_administrator_makes_a_post_and_another_fills_it(enter: Enter, city: City, seat: str) -> None:
    who = named(city, city.cast.agent)
    assert enter("administrator").post(f"{seat}/take-over", who).status_code == 403
    assert enter("security").post(f"{SEATS}/new", NEW).status_code == 403
    assert enter("auditor").post(f"{seat}/take-over", who).status_code == 403
    assert enter("security").post(f"{seat}/take-over", who).status_code == 303
    page = enter("auditor").get(seat).text
    assert who["name"] in page
    assert who["id_number"] not in page
    assert "由此人接任" not in page
    with city.house.database.read() as session:
        event = recent(session, action="identity.seat.assign")[0]
    assert (event.actor_id, event.capacity, event.object_id) == (
        city.official("security").subject_id,
        "seat",
        seat.rpartition("/")[2],
    )


def test_a_seat_passes_from_one_to_the_other(enter: Enter, city: City, seat: str) -> None:
    security = enter("security")
    for subject_id in (city.cast.agent, city.cast.daughter):
        assert security.post(f"{seat}/take-over", named(city, subject_id)).status_code == 303
    page = security.get(seat).text
    assert named(city, city.cast.daughter)["name"] in page
    assert named(city, city.cast.agent)["name"] not in page
    assert security.post(f"{seat}/vacate").status_code == 303
    assert "席位空缺" in security.get(seat).text


def test_a_deputy_acts_until_the_end_of_a_day(enter: Enter, city: City, seat: str) -> None:
    security, today = enter("security"), city.clock.today()
    who = {f"acting_{key}": value for key, value in named(city, city.cast.agent).items()}
    until = (today + timedelta(days=3)).isoformat()
    for wrong in ({"from_on": "", "until": until}, {"from_on": until, "until": today.isoformat()}):
        assert security.post(f"{seat}/acting", {**who, **wrong}).status_code == 400
    dates = {"from_on": today.isoformat(), "until": until}
    assert security.post(f"{seat}/acting", {**who, **dates}).status_code == 303
    assert "结束代理" in security.get(seat).text
    number = int(seat.rpartition("/")[2])
    with city.house.database.read() as session:
        (holding,) = seat_rows.holdings_now_or_later(session, [number], city.clock.now())
    assert security.post(f"{seat}/acting/{holding.holding_id}/end").status_code == 303
    assert security.post(f"{seat}/acting/{holding.holding_id}/end").status_code == 404


def test_wrong_names_duties_and_places_are_told(enter: Enter, city: City, seat: str) -> None:
    security, system = enter("security"), enter("administrator")
    stranger = {**named(city, city.cast.agent), "name": "别人"}
    answer = security.post(f"{seat}/take-over", stranger)
    assert answer.status_code == 400
    assert "对不上" in answer.text
    own = named(city, city.official("security").subject_id)
    assert security.post(f"{seat}/take-over", own).status_code == 403
    both = {**NEW, "duties": ["admin.system", "audit.read"]}
    assert "不同席位" in system.post(f"{SEATS}/new", both).text  # type: ignore[arg-type]
    assert system.post(f"{SEATS}/new", {**NEW, "division": "999999"}).status_code == 400
    assert system.post(f"{SEATS}/new", {**NEW, "duties": ""}).status_code == 400
    auditor = named(city, city.official("auditor").subject_id)
    answer = security.post(f"{seat}/take-over", auditor)
    assert answer.status_code == 409
    assert "审计人员不能兼任" in answer.text


def test_programs_do_the_same(enter: Enter, city: City) -> None:
    system, security = (
        enter("administrator", accept="application/json"),
        enter("security", accept="application/json"),
    )
    wanted = {**NEW, "title": "区教育局审核席", "duties": ["claim.accept"]}
    made = system.post("/zhengtong/api/v1/seats", json=wanted)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    seated = security.post(f"/zhengtong/api/v1/seats/{number}/holder", json=named(city, city.cast.agent))
    assert seated.json()["holder"] == named(city, city.cast.agent)["name"]
    assert (
        system.post(f"/zhengtong/api/v1/seats/{number}/holder", json=named(city, city.cast.agent)).status_code
        == 403
    )
    assert number in {
        one["id"] for one in enter("auditor", accept="application/json").get("/zhengtong/api/v1/seats").json()
    }


def test_a_post_is_called_in_english_by_its_administrator(enter: Enter) -> None:
    system = enter("administrator", accept="application/json")
    wanted = {**NEW, "title": "区教育局复核席", "duties": ["claim.accept"], "title_en": "second reader"}
    made = system.post("/zhengtong/api/v1/seats", json=wanted).json()
    assert made["title_en"] == "second reader"
    names = {"title_en": "education reviewer", "department_en": "Education Bureau"}
    path = f"/zhengtong/api/v1/seats/{made['id']}/english-names"
    assert enter("security", accept="application/json").post(path, json=names).status_code == 403
    assert system.post(path, json={**names, "title_en": "x" * 121}).status_code == 400
    assert system.post(path, json=names).json() == made | names
    page = enter("administrator", language="en").get(f"/zhengtong/system/seats/{made['id']}")
    assert "<h1>education reviewer</h1>" in page.text
    assert "Education Bureau" in page.text


def test_a_closed_post_is_gone(enter: Enter, seat: str) -> None:
    assert enter("security").post(f"{seat}/close").status_code == 403
    assert enter("administrator").post(f"{seat}/close").status_code == 303
    assert enter("auditor").get(seat).status_code == 404


CLIENTS = "/zhengtong/system/clients"
APP = {
    "client_id": "school-service",
    "name": "入学服务",
    "redirect_uris": "https://school.example/callback",
    "scopes": ["openid", "profile"],
    "capacities": ["self", "person"],
    "purpose": "为家长办理入学登记",
}


def test_a_departments_client_is_asked_for_reviewed_and_stopped(enter: Enter) -> None:
    system, security = enter("administrator"), enter("security")
    wrong = system.post(f"{CLIENTS}/new", {**APP, "redirect_uris": "http://school.example/"})
    assert wrong.status_code == 400
    assert "school.example" in wrong.text
    assert security.post(f"{CLIENTS}/new", APP).status_code == 403
    assert system.post(f"{CLIENTS}/new", APP).status_code == 303
    waiting = security.get(CLIENTS).text
    address = re.findall(r'href="(/zhengtong/system/clients/applications/[^"]+)"', waiting)[0]
    assert "确认您的登录" in system.get(address).text  # what it asks for, also to those who do not decide
    assert system.post(address, {"decision": "approve", "scopes": "openid"}).status_code == 403
    assert security.post(address, {"decision": "refuse", "reason": ""}).status_code == 400
    assert security.post(address, {"decision": "approve"}).status_code == 400
    assert security.post(address, {"decision": "approve", "scopes": "openid"}).status_code == 303
    assert security.post(address, {"decision": "refuse", "reason": "改主意了"}).status_code == 409
    assert security.post(f"{CLIENTS}/school-service/suspend").status_code == 303
    assert "已停用" in security.get(CLIENTS).text
    assert security.post(f"{CLIENTS}/school-service/suspend").status_code == 409
    assert security.post(f"{CLIENTS}/school-service/resume").status_code == 303
    api = enter("administrator", accept="application/json")
    drawn = api.post("/zhengtong/api/v1/clients/school-service/secret")
    assert drawn.status_code == 201
    assert len(drawn.json()["client_secret"]) > 30
    page = system.get(CLIENTS).text
    assert "领取入学服务的新密钥" in page
    assert "领取入学服务的新密钥" not in security.get(CLIENTS).text
    shown = system.post(f"{CLIENTS}/school-service/secret", {"is_leaked": "1"})
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert "原来的密钥已经作废" in shown.text
    assert re.search(r"<code>[\w-]{30,}</code>", shown.text)
    assert "<code>" not in system.get(CLIENTS).text
    assert security.post(f"{CLIENTS}/school-service/secret", {}).status_code == 403
    assert system.post(f"{CLIENTS}/tong/secret", {}).status_code == 404


def test_papers_are_taken_in_at_the_counter_and_ended_there(enter: Enter, city: City) -> None:
    street, elder = enter("street"), named(city, city.cast.elder)
    address = street.post(
        "/zhengtong/counter", {"kind": "id_number", "identifier": elder["id_number"]}
    ).headers["location"]
    until = (city.clock.today() + timedelta(days=200)).isoformat()
    daughter = named(city, city.cast.daughter)
    kin = {"kind": "kin", "name": daughter["name"], "identifier": daughter["id_number"], "relation": "母亲"}
    guardian = {**kin, "kind": "guardian", "document": "民特12号", "until": until, "phone": "10000000001"}
    for wrong in ({"document": ""}, {"until": ""}, {"name": "别人"}, {"kind": "friend"}, {"phone": "12"}):
        assert street.post(f"{address}/papers", {**guardian, **wrong}).status_code == 400
    assert street.post(f"{address}/papers", guardian).status_code == 303
    assert enter("auditor").get(f"{address}/papers").status_code == 403
    on_file = {"kind": "street", "document": "民政办2026-17", "until": until}
    assert street.post(f"{address}/papers", on_file).status_code == 303
    page = street.get(f"{address}/papers").text
    assert "民特12号" in page
    assert "民政办2026-17" in page
    ends = re.findall(r'action="([^"]+/papers/(?:guardian|street)/[^"]+/end)"', page)
    dismissing = next(one for one in ends if "/guardian/" in one)
    assert street.post(dismissing, {"document": ""}).status_code == 400
    assert street.post(dismissing, {"document": "民特13号"}).status_code == 303
    assert street.post(dismissing, {"document": "民特13号"}).status_code == 404
    form = street.get(address).text
    asked = {"authorisation": "on_file", "reference": "民政办2026-18"}
    for field in ("policy", "account"):
        chosen = re.search(rf'<select[^>]*name="{field}".*?<option value="([^"]+)"', form, re.S)
        assert chosen is not None
        asked[field] = chosen.group(1)
    refused = street.post(f"{address}/applications", asked)
    assert refused.status_code == 400
    assert "没有这份存档的授权书" in refused.text, re.findall("error-summary.*?</div>", refused.text, re.S)
    accepted = street.post(f"{address}/applications", {**asked, "reference": "民政办2026-17"})
    assert accepted.status_code == 303
    with city.house.database.read() as session:
        assert registry.contact_of(session, city.cast.elder, vault=city.house.vault) == "10000000001"
