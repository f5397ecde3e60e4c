"""The style guide in a real browser: accessible, in one column on a phone, large where it promises to be large."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.journey

VIEWS = {"phone": (390, 844, False), "desktop": (1280, 900, False), "senior": (390, 844, True)}


def open_page(
    browser: Browser, site: str, path: str, width: int, height: int, is_senior: bool
) -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", locale="zh-CN"
    )
    if is_senior:
        context.add_cookies([{"name": "dongchu_senior", "value": "1", "url": site}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site + path)
    return page, complaints


SEEN = [
    ("phone", "phone"),
    ("phone", "desktop"),
    ("phone", "senior"),
    ("desk", "phone"),
    ("desk", "desktop"),
    ("office", "desktop"),
    ("office", "senior"),
    ("plain", "phone"),
]


@pytest.fixture(params=SEEN, ids="-".join)
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[tuple[Page, bool]]:
    layout, view = request.param
    opened, complaints = open_page(browser, site, f"/style?layout={layout}", *VIEWS[view])
    yield opened, VIEWS[view][2]
    opened.context.close()
    assert not complaints


def test_every_layout_is_clean(page: tuple[Page, bool]) -> None:
    """axe finds nothing, AAA contrast in senior mode; nothing runs off the side; nothing in senior mode is small."""
    opened, is_senior = page
    rules: dict[str, Any] = {"color-contrast-enhanced": {"enabled": True}} if is_senior else {}
    results = Axe().run(opened, options={"resultTypes": ["violations"], "rules": rules})
    assert results.violations_count == 0, results.generate_report()
    assert opened.evaluate("document.documentElement.scrollWidth") <= opened.viewport_size["width"]  # type: ignore[index]
    if is_senior:
        assert opened.evaluate(SMALL_TEXT) == []


def test_nothing_is_cut_off_on_paper(browser: Browser, site: str) -> None:
    """A4 between its margins: a table that scrolls on a screen shows all of its columns, and what is for screens is gone."""
    opened, _ = open_page(browser, site, "/style?layout=desk", 718, 1000, False)
    opened.emulate_media(media="print")
    opened.evaluate(TWICE_AS_MANY_COLUMNS)
    assert opened.evaluate(CUT_OFF) == []
    opened.context.close()


TWICE_AS_MANY_COLUMNS = """() => document.querySelectorAll('.table tr').forEach(
  (row) => row.append(...[...row.children].map((cell) => cell.cloneNode(true))))"""

CUT_OFF = """() => [...document.querySelectorAll('.table-wrap, .tab-bar, .filter-bar, .buttons')]
  .filter((one) => one.checkVisibility())
  .filter((one) => !one.matches('.table-wrap') || one.querySelector('table').scrollWidth > one.clientWidth + 1)
  .map((one) => one.className)"""

SMALL_TEXT = """() => {
  const small = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || parent.closest('svg, script, noscript') || !parent.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(parent).fontSize);
    if (size < 18) small.add(`${size} ${parent.className} ${walk.currentNode.data.trim().slice(0, 20)}`);
  }
  return [...small];
}"""

LOW_TARGETS = """([targets, least]) => [...document.querySelectorAll(targets)]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < least - 0.5)
  .map((one) => `${Math.round(one.getBoundingClientRect().height)} ${one.className} ${one.innerText.slice(0, 20)}`)"""


@pytest.mark.parametrize(
    ("is_senior", "targets", "least"),
    [
        (False, ".button, .tab-bar a, .switch, .choice, .input input, select, .back, .list-row", 44),
        (
            True,
            "main .button.size-m, main .button.size-l, .tab-bar a, .switch, .choice, .list-row, .input input, select",
            60,
        ),
    ],
)
def test_targets_can_be_hit_with_a_thumb(
    browser: Browser, site: str, is_senior: bool, targets: str, least: int
) -> None:
    opened, _ = open_page(browser, site, "/style", 390, 844, is_senior)
    assert opened.evaluate(LOW_TARGETS, [targets, least]) == []
    opened.context.close()


def test_senior_mode_works_without_a_script(browser: Browser, site: str) -> None:
    context = browser.new_context(
        java_script_enabled=False, locale="zh-CN", viewport={"width": 390, "height": 844}
    )
    opened = context.new_page()
    opened.goto(f"{site}/style?layout=phone")
    opened.get_by_role("button", name="长者版").click()
    assert opened.url == f"{site}/style?layout=phone"
    assert opened.locator("html[data-senior]").count() == 1
    context.close()


def test_a_dialog_opens_as_a_modal_and_closes(browser: Browser, site: str) -> None:
    opened, _ = open_page(browser, site, "/style", 390, 844, False)
    opened.get_by_role("link", name="叫家人帮忙").click()
    assert opened.locator("dialog[open]").is_visible()
    opened.keyboard.press("Escape")
    assert not opened.locator("dialog[open]").is_visible()
    opened.context.close()


def test_j_and_k_walk_a_table_and_enter_opens_the_row(browser: Browser, site: str) -> None:
    opened, _ = open_page(browser, site, "/style?layout=office", 1280, 900, False)
    opened.evaluate("document.activeElement.blur()")
    for key in ("j", "j", "j", "k"):
        opened.keyboard.press(key)
    assert "高龄津贴" in opened.locator("tr.is-at").inner_text()
    opened.keyboard.press("Enter")
    opened.wait_for_url("**#2")
    opened.context.close()


def test_two_tabs_share_one_stream_and_both_hear_the_news(browser: Browser, site: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    first, second = context.new_page(), context.new_page()
    first.goto(f"{site}/listening")
    first.wait_for_function("fetch('/streams').then(answer => answer.text()).then(text => text === '1')")
    second.goto(f"{site}/listening")
    second.request.post(f"{site}/tell")
    for tab in (first, second):
        tab.locator(".toast").get_by_text("您有一条新消息").wait_for()
        assert tab.locator("[data-unread]").inner_text().startswith("8")
    assert second.request.get(f"{site}/streams").text() == "1"
    context.close()
