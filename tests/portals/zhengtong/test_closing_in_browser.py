"""Closing a year on its pages: one seat proposes, another carries it out; accessible at a desk, on a phone, in senior mode
and in English."""

import socket
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from policy_engine.delivery import service as delivery
from portals.entrance.routes import create_app as create_entrance
from portals.server import PathApps
from portals.zhengtong.app import create_app
from tests.identity.conftest import Running
from tests.policy_engine.delivery.city import official
from tests.portals.zhengtong.conftest import PACKAGES, PORTALS, ROOT, TEMPLATES, City, Enter

pytestmark = pytest.mark.journey

CITY, YEAR = "420200", 2025
FIRST, SECOND = 7_201, 7_202


@pytest.fixture(scope="module")
def site(city: City) -> Iterator[str]:
    """The portal beside the entrance, which serves the stylesheet; a budget of last year with money left."""
    with city.house.database.write() as session:
        delivery.open_budget(
            session,
            policy_id="disability-nursing",
            division=CITY,
            year=YEAR,
            appropriation="2081107",
            kind="entitlement",
            amount_fen=500_000,
            now=city.clock.now(),
        )
    for number in (FIRST, SECOND):
        seat = official(number, "payment.approve", division=CITY, department="财政局")
        city.tokens[f"closing-{number}"] = msgspec.structs.replace(seat, scopes=frozenset({"zhengtong"}))
    translations = Translations.load(locale_folders(*PACKAGES, *PORTALS))
    app = create_app(city.services, Pages(TEMPLATES, translations=translations, is_demonstration=True))
    folders = {"entrance": ROOT / "portals" / "entrance" / "templates"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Running(PathApps({"/": create_entrance(city.house, Pages(folders)), "/zhengtong": app}), port)
    yield f"http://127.0.0.1:{port}"
    running.stop()


def window(browser: Browser, site: str, who: int, **options: Any) -> BrowserContext:
    is_senior = options.pop("is_senior", False)
    context = browser.new_context(
        reduced_motion="reduce",
        extra_http_headers={"authorization": f"Bearer closing-{who}"},
        base_url=site,
        **options,
    )
    if is_senior:
        context.add_cookies([{"name": "dongchu_senior", "value": "1", "url": site}])
    return context


def complaints(page: Page, *, is_senior: bool) -> list[str]:
    rules: dict[str, Any] = {"color-contrast-enhanced": {"enabled": True}} if is_senior else {}
    results = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
    found = [one["id"] for one in results.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
        found.append("runs off the side")
    return found


LIST, PREVIEW = "/zhengtong/payments/closing", f"/zhengtong/payments/closing/{YEAR}/{CITY}/fiscal"


def test_one_seat_proposes_and_another_carries_it_out(browser: Browser, site: str) -> None:
    opened = window(browser, site, FIRST, locale="zh-CN")
    first = opened.new_page()
    first.goto(PREVIEW)
    expect(first.locator("main")).to_contain_text("2081107")
    first.get_by_label("结余如何处理").select_option("carry")
    first.get_by_role("button", name="提出").click()
    first.wait_for_url(f"**{LIST}?done=*")
    expect(first.get_by_role("button", name="办理结转")).to_have_count(0)
    opened.close()
    wrong: dict[str, list[str]] = {}
    for width, is_senior, locale in ((1280, False, "zh-CN"), (390, False, "en"), (1280, True, "zh-CN")):
        context = window(
            browser,
            site,
            SECOND,
            viewport={"width": width, "height": 900},
            locale=locale,
            is_senior=is_senior,
        )
        page = context.new_page()
        for path in (LIST, PREVIEW):
            page.goto(path)
            found = complaints(page, is_senior=is_senior)
            wrong.update({f"{path} {width} {locale} {is_senior}": found} if found else {})
        context.close()
    assert wrong == {}
    opened = window(browser, site, SECOND, locale="en")
    second = opened.new_page()
    second.goto(LIST)
    expect(second.locator("main")).to_contain_text("Waits for another seat")
    second.get_by_role("button", name="Carry out").click()
    second.wait_for_url(f"**{LIST}?done=*")
    expect(second.get_by_role("button", name="Carry out")).to_have_count(0)
    opened.close()


def test_what_is_neither_does_nothing(city: City, enter: Enter) -> None:
    finance = official(FIRST, "payment.approve", division=CITY, department="财政局")
    with city.house.database.write() as session:
        delivery.open_budget(
            session,
            policy_id="disability-living",
            division="420222",
            year=YEAR,
            appropriation="yangxin",
            kind="entitlement",
            amount_fen=1_000,
            now=city.clock.now(),
        )
    program = enter(finance, accept="application/json")
    asked = {"division": "420222", "fund_source": "fiscal", "year": YEAR, "surplus": "withdraw"}
    closing = program.post("/zhengtong/api/v1/closings", json=asked).json()
    page = enter(official(SECOND, "payment.approve", division=CITY, department="财政局"))
    nonsense: tuple[dict[str, str], ...] = ({}, {"outcome": "perhaps"})
    for sent in nonsense:
        assert page.post(f"{LIST}/{closing['id']}", sent).status_code == 400
    states = {one["id"]: one["state"] for one in program.get("/zhengtong/api/v1/closings").json()}
    assert states[closing["id"]] == "proposed"
    assert page.post(f"{LIST}/{closing['id']}", {"outcome": "dismiss"}).status_code == 303
    assert page.post(f"{LIST}/{uuid.uuid4()}", {"outcome": "dismiss"}).status_code == 404
