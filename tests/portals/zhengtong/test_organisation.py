"""Posts are made by one administrator and filled by another; who is replaced is out, who acts acts for a time."""

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


def test_a_closed_post_is_gone(enter: Enter, seat: str) -> None:
    assert enter("security").post(f"{seat}/close").status_code == 403
    assert enter("administrator").post(f"{seat}/close").status_code == 303
    assert enter("auditor").get(seat).status_code == 404
