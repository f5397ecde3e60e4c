"""A fact changes in a department, and a person is paid: the whole thread in real browsers over real HTTP.

Everybody does here what a person could do: departments act on their own pages, officials on their seats, and nothing is
looked up that no page shows.
"""

import re
import time
from datetime import date, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Demo, SignIn
from tests.journeys.office import act, approve_payments, case_number_of, figure, publish_in_steps
from tests.journeys.outside import at_department, bank_movements

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

#: A page that is told by the server is not loaded again: what a script put on it is still there.
MARK = "window.stillTheSamePage = true"
#: Of a machine that runs other things too; the server itself needs a few tenths of a second.
SOON = 5000


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _until(page: Page, text: str) -> None:
    """What the worker does takes a moment; the page is opened again until it says so in its own words: news
    pushed to it may name what the page itself, read a moment before, does not show yet."""
    for _ in range(120):
        if text in page.locator("main").inner_text():
            return
        time.sleep(0.25)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())


def _wait_for_ready_payments(page: Page) -> None:
    page.goto("/zhengtong/payments")
    for _ in range(120):
        if page.locator("input[type=checkbox][name=payment]").count():
            return
        time.sleep(0.25)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())


def _is_still_the_same_page(page: Page) -> bool:
    return bool(page.evaluate("window.stillTheSamePage === true"))


def _confirm(page: Page, portal: str, title: str, *shown: str) -> str:
    """Open the offer from the home page, read it, confirm it with the account shown; the case number."""
    page.goto(portal)
    page.locator(f"a[href*='{portal}/offers/']").filter(has_text=title).first.click()
    for words in (*shown, "****", "办理不收费，不索要验证码"):
        expect(page.locator("main")).to_contain_text(words)
    page.get_by_role("button", name="确认领取").click()
    page.wait_for_url(f"**{portal}/claims/**")
    return case_number_of(page)


def test_two_seats_publish_a_policy_first_to_one_per_cent_then_to_all(demo: Demo, sign_in: SignIn) -> None:
    author, publisher, finance = sign_in("author"), sign_in("publisher"), sign_in("finance")
    author.goto("/zhengtong")
    author.get_by_role("link", name="政策草稿").click()  # the draft waits on the author's first page
    expect(author.locator("h1")).to_contain_text("高龄津贴")
    address = author.url.split("?")[0]
    expect(author.get_by_role("button", name=re.compile("批准"))).to_have_count(0)
    publish_in_steps(address, author, publisher, finance)
    publisher.goto(address + "/reach")
    reaches = figure(publisher, "符合条件")
    assert reaches >= 1
    publisher.get_by_role("button", name=re.compile("确认发布到 1%")).click()
    publisher.wait_for_load_state()
    publisher.goto(address)
    share = publisher.get_by_role("progressbar", name="已放开的比例")
    assert 10 <= int(share.get_attribute("value") or "0") < 1000, "of a handful enough to reach somebody"
    publisher.goto(address + "/reach")
    for _ in range(120):
        if figure(publisher, "已通知"):
            break
        time.sleep(0.25)
        publisher.reload()
    assert 1 <= figure(publisher, "已通知") <= reaches
    publisher.get_by_role("button", name=re.compile("确认扩大到全部")).click()
    publisher.wait_for_load_state()
    publisher.goto(address + "/reach")
    for _ in range(120):
        if figure(publisher, "已通知") == reaches:
            break
        time.sleep(0.25)
        publisher.reload()
    assert figure(publisher, "已通知") == reaches, "everybody whom it reaches has been told"
    publisher.goto(address)
    expect(share).to_have_attribute("value", "1000")
    expect(publisher.locator("main")).to_contain_text("施行中")


def test_the_nursing_subsidy_finds_an_old_woman_and_her_daughter_confirms_it(
    demo: Demo, sign_in: SignIn
) -> None:
    elder = demo.account("elder")
    home = sign_in("elder", capacity=elder["name"])
    outside = home.context.new_page()
    at_department(outside, elder["identifier"], "核发残疾人证", level="1")
    home.goto("/tong")
    _until(home, "还差一项")
    expect(home.locator("main")).to_contain_text("重度残疾人护理补贴")
    expect(home.locator("main")).to_contain_text("需要长期照护")
    home.goto("/tong/wallet")
    expect(home.locator("main")).to_contain_text("残疾人证")

    # The assessment arrives: her inbox itself says so, told by the server; she does not load it again.
    home.goto("/tong/inbox")
    home.evaluate(MARK)
    at_department(outside, elder["identifier"], "登记照护需求评估")
    news = home.locator("#fresh").get_by_text("您可能符合：重度残疾人护理补贴")
    expect(news).to_be_visible(timeout=SOON)
    assert _is_still_the_same_page(home)

    # Her daughter confirms for her; the account is her mother's, shown before she does.
    phone = sign_in("daughter", capacity=elder["name"])
    number = _confirm(phone, "/tong", "重度残疾人护理补贴", "残疾等级", "镇街受理", "黄石模拟银行")
    act(sign_in("street"), number, "accept")
    act(sign_in("federation"), number, "recommend")
    act(sign_in("civil_affairs"), number, "grant")
    claim = phone.url
    home.goto(claim)
    home.evaluate(MARK)
    finance = sign_in("finance")
    _wait_for_ready_payments(finance)
    approve_payments(finance)
    today = demo.today()
    paid = home.locator("#award")
    expect(paid).to_contain_text("已到账", timeout=4 * SOON)  # the bank takes a second or two
    assert _is_still_the_same_page(home)
    for words in ("100元", f"到账 {chinese(today)}", "重度残疾人护理补贴制度的意见", "下次发放", "****"):
        expect(paid).to_contain_text(words)
    assert bank_movements(outside, elder["identifier"]) == 1

    # Next month comes without a tap of hers.
    second = (today.replace(day=1) + timedelta(days=32)).replace(day=2)
    demo.command("demo", "clock", "--forward", f"{(second - today).days}d")
    finance = sign_in("finance")
    _wait_for_ready_payments(finance)
    approve_payments(finance)
    home = sign_in("elder", capacity=elder["name"])
    home.goto(claim)
    _until(home, f"到账 {chinese(second)}")
    outside = home.context.new_page()
    assert bank_movements(outside, elder["identifier"]) == 2


def test_a_firm_is_found_when_it_is_recognised_as_high_tech(demo: Demo, sign_in: SignIn) -> None:
    uscc = demo.account("agent")["uscc"]
    desk = sign_in("agent")
    before = bank_movements(desk.context.new_page(), uscc)  # other journeys pay this firm too
    desk.goto("/rongtong")
    desk.evaluate(MARK)
    at_department(desk.context.new_page(), uscc, "认定高新技术企业")
    title = "高新技术企业"
    found = desk.locator("#fresh a[href*='/rongtong/offers/']").filter(has_text=title)
    expect(found.first).to_be_visible(timeout=SOON)
    assert _is_still_the_same_page(desk)
    number = _confirm(desk, "/rongtong", title, "接下来我们会做")
    claim = desk.url
    act(sign_in("science_accept"), number, "accept")
    act(sign_in("science_decide"), number, "grant")
    demo.command("demo", "clock", "--forward", "10d")  # the public notice of five working days ends
    finance = sign_in("finance")
    _wait_for_ready_payments(finance)
    approve_payments(finance)
    desk = sign_in("agent")
    desk.goto(claim)
    _until(desk, "到账 2026年")
    for words in ("元", "大冶市"):
        expect(desk.locator("main")).to_contain_text(words)
    assert bank_movements(desk.context.new_page(), uscc) == before + 1


def test_a_mother_confirms_the_child_care_subsidy_of_her_baby(demo: Demo, sign_in: SignIn) -> None:
    parent = demo.account("parent")
    phone = sign_in("parent", capacity=parent["name"])
    number = _confirm(phone, "/tong", "育儿补贴", "3,600", "年龄")
    act(sign_in("street"), number, "accept")
    act(sign_in("health"), number, "grant")
    finance = sign_in("finance")
    _wait_for_ready_payments(finance)
    approve_payments(finance)
    _until(phone, "到账 2026年")
    expect(phone.locator("#award")).to_contain_text("育儿补贴制度实施方案")


def test_one_sign_in_opens_a_door_and_signing_out_closes_all(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in("agent")
    page.goto("/tong")  # the same person as a resident, without another password
    if "/identity/" in page.url:
        page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/tong**")
    page.goto("/rongtong")
    page.get_by_role("button", name="退出").first.click()
    page.wait_for_load_state()
    page.goto("/tong")
    expect(page.locator("[name=password]")).to_be_visible()


def test_a_strangers_offer_is_not_found(demo: Demo, sign_in: SignIn) -> None:
    owner = sign_in("resident")
    owner.goto("/tong")
    address = owner.locator("a[href*='/tong/offers/']").first.get_attribute("href")
    assert address is not None
    stranger = sign_in("agent")
    stranger.goto("/tong")
    if "/identity/" in stranger.url:
        stranger.locator("main form button[type=submit]").first.click()
    answer = stranger.goto(address)
    assert answer is not None
    assert answer.status == 404


def test_a_wrongly_signed_event_is_refused_and_changes_nothing(demo: Demo) -> None:
    headers = {
        "webhook-id": "evt-00000001",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,AAAA",
    }
    answer = httpx.post(
        f"{demo.base}/connectors/events/civil_affairs", json={"event_id": "evt-00000001"}, headers=headers
    )
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
