"""A demonstrator without any tool can find somebody, make a department act, and see what came of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app
from connectors.simulators.departments import ACTIONS
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.web.pages import Pages
from tests.conftest import NOON
from tests.connectors.conftest import FIRM, MOTHER, PERSON, populate

HTML = {"accept": "text/html"}


@pytest.fixture
def browser(tmp_path: Path, pages: Pages) -> Iterator[TestClient[Litestar]]:
    outside = ConnectorSettings.embedded("http://127.0.0.1:9", tmp_path)
    settings = SimulatorSettings(
        home=tmp_path, outside=outside, events_url="http://127.0.0.1:9", is_pushing=False
    )
    world = World(settings, FixedClock(NOON))
    populate(world)
    with TestClient(create_app(settings, FixedClock(NOON), world=world, pages=pages)) as client:
        client.headers.update(HTML)
        yield client


def link_to(page: str, name: str) -> str:
    found = re.search(
        rf'href="(/simulators/(?:people|firms)/\d+)"[^>]*>(?:(?!</a>).)*{name}', page, re.DOTALL
    )
    assert found, f"no link to {name}"
    return found.group(1)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("周", "周小满"),
        (PERSON, "柳如是"),
        ("样例机械", "黄石样例机械有限公司"),
        (FIRM, "黄石样例机械有限公司"),
    ],
)
def test_people_and_firms_are_found_by_name_or_number(
    browser: TestClient[Litestar], typed: str, name: str
) -> None:
    page = browser.get("/simulators/", params={"q": typed}).text
    assert browser.get(link_to(page, name)).status_code == 200


@pytest.mark.parametrize("typed", ["%", "_", "'; DROP TABLE person; --", "没有这个人", "\x00"])
def test_nonsense_finds_nobody(browser: TestClient[Litestar], typed: str) -> None:
    response = browser.get("/simulators/", params={"q": typed})
    assert response.status_code == 200
    assert "没有找到" in response.text


def test_every_page_says_that_it_is_a_simulation(browser: TestClient[Litestar]) -> None:
    for path in ("/simulators/", "/simulators/people/1", "/simulators/firms/1", "/simulators/money"):
        assert "模拟外部系统" in browser.get(path).text


def test_every_action_stands_on_its_page(browser: TestClient[Litestar]) -> None:
    pages = {
        "person": browser.get("/simulators/people/2").text,
        "firm": browser.get("/simulators/firms/1").text,
    }
    for action in ACTIONS:
        place = "people/2" if action.about == "person" else "firms/1"
        address = f"/simulators/{place}/{action.department}/{action.id}"
        assert f'href="{address}"' in pages[action.about]
        assert f'action="{address}"' in browser.get(address).text


def test_a_certificate_issued_on_the_page_is_on_its_way(browser: TestClient[Litestar]) -> None:
    response = browser.post(
        "/simulators/people/1/disabled_federation/issue-certificate", data={"level": "1", "category": "4"}
    )
    assert "已记录，正在推送" in response.text
    assert "certificate_issued" in browser.get("/simulators/").text


def test_a_birth_makes_a_person_who_can_be_found(browser: TestClient[Litestar]) -> None:
    browser.post("/simulators/people/2/public_security/register-birth", data={"name": "周小雨"})
    page = browser.get("/simulators/", params={"q": "周小雨"}).text
    assert MOTHER[:6] in page
    assert "周小满" in browser.get(link_to(page, "周小雨")).text


def test_what_cannot_be_done_is_explained(browser: TestClient[Litestar]) -> None:
    empty = browser.post("/simulators/people/2/public_security/register-birth", data={})
    assert empty.status_code == 400
    assert "没有办成" in empty.text
    nothing = browser.post("/simulators/people/1/disabled_federation/cancel-certificate", data={})
    assert nothing.status_code == 409


def test_a_person_has_no_actions_of_a_firm(browser: TestClient[Litestar]) -> None:
    assert browser.post("/simulators/people/1/technology/recognise-hi-tech", data={}).status_code == 404


def test_another_site_cannot_act_in_the_demonstrators_name(browser: TestClient[Litestar]) -> None:
    response = browser.post(
        "/simulators/people/1/public_security/register-death",
        data={},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert response.status_code == 403


def test_a_fault_is_switched_on_the_page_and_shown(browser: TestClient[Litestar]) -> None:
    page = browser.post(
        "/simulators/money/faults", data={"system": "treasury", "mode": "down", "times": "2"}
    ).text
    assert "停机，还剩 2 次" in page
    assert browser.get("/simulators/admin/faults/treasury").json()["times"] == 2


def test_an_unknown_fault_is_refused(browser: TestClient[Litestar]) -> None:
    assert (
        browser.post("/simulators/money/faults", data={"system": "treasury", "mode": "meteor"}).status_code
        == 400
    )
    assert (
        browser.post("/simulators/money/faults", data={"system": "weather", "mode": "down"}).status_code
        == 404
    )


def test_the_api_takes_what_the_page_takes(browser: TestClient[Litestar]) -> None:
    sent = browser.post(
        "/simulators/civil_affairs/assess-care-need", json={"id_number": PERSON, "grade": "3"}
    )
    assert sent.status_code == 201
    assert sent.json()["event_type"] == "care_need_assessed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id_number": "990201196508128820"}, 404),
        ({"id_number": "x"}, 400),
        ({}, 400),
        ({"id_number": PERSON, "level": "9"}, 400),
        ({"id_number": PERSON, "more": 1}, 400),
    ],
)
def test_the_api_refuses_what_it_cannot_do(
    browser: TestClient[Litestar], body: dict[str, object], status: int
) -> None:
    assert browser.post("/simulators/disabled_federation/issue-certificate", json=body).status_code == status


def test_everything_a_program_may_call_is_described(browser: TestClient[Litestar]) -> None:
    paths = browser.get("/simulators/schema/openapi.json").json()["paths"]
    for action in ACTIONS:
        assert f"/simulators/{action.department}/{action.id}" in paths
    assert "/simulators/treasury/orders" in paths
