"""A fact changes in a department, and a person is paid: the whole thread in real browsers over real HTTP."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Demo, SignIn
from tests.journeys.office import act, approve_payments, case_number_of

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys"), pytest.mark.timeout(300)]


def _wait_for_payment(page: Page, count: int) -> None:
    """The bank takes a second or two; the page is reloaded until it says 已到账 that many times."""
    for _ in range(60):
        page.reload()
        if page.get_by_text("已到账").count() >= count:
            return
        time.sleep(0.5)
    raise AssertionError(page.locator("main").inner_text())


def test_the_nursing_subsidy_finds_an_old_woman_and_her_daughter_confirms_it(
    demo: Demo, sign_in: SignIn
) -> None:
    elder = demo.account("elder")
    home = sign_in("elder", capacity=elder["name"])
    demo.simulate("disabled_federation", "issue-certificate", id_number=elder["identifier"], level="1")
    for _ in range(40):
        home.goto("/tong")
        if home.get_by_text("还差一项").count():
            break
        time.sleep(0.1)
    expect(home.locator("main")).to_contain_text("重度残疾人护理补贴")
    expect(home.locator("main")).to_contain_text("需要长期照护")

    # The assessment arrives: within a second the page itself says so, without a reload.
    started = time.monotonic()
    demo.simulate("civil_affairs", "assess-care-need", id_number=elder["identifier"])
    expect(home.get_by_text("您可能符合：重度残疾人护理补贴").first).to_be_visible(timeout=3000)
    assert time.monotonic() - started < 3

    # Her daughter confirms for her; the account is her mother's, shown and checked.
    phone = sign_in("daughter", capacity=elder["name"])
    phone.goto("/tong")
    phone.locator("a[href*='/tong/offers/']").filter(has_text="重度残疾人护理补贴").first.click()
    expect(phone.locator("main")).to_contain_text("残疾等级")
    expect(phone.locator("main")).to_contain_text("****")
    phone.get_by_role("button", name="确认领取").click()
    phone.wait_for_url("**/tong/claims/**")
    number = case_number_of(phone)

    act(sign_in("street"), number, "accept")
    act(sign_in("federation"), number, "recommend")
    act(sign_in("civil_affairs"), number, "grant")
    finance = sign_in("finance")
    approve_payments(finance)

    home.goto("/tong")
    home.goto(phone.url)
    _wait_for_payment(home, 1)
    expect(home.locator("main")).to_contain_text("100")

    # Next month comes without a tap.
    demo.command("demo", "clock", "--forward", "25d")  # 2 November
    finance = sign_in("finance")
    for _ in range(60):
        finance.goto("/zhengtong/payments")
        if finance.locator("input[type=checkbox][name=payment]").count():
            break
        time.sleep(0.5)
    approve_payments(finance)
    home = sign_in("elder", capacity=elder["name"])
    home.goto(phone.url)
    _wait_for_payment(home, 2)


def test_a_firm_is_found_when_it_is_recognised_as_high_tech(demo: Demo, sign_in: SignIn) -> None:
    uscc = demo.account("agent")["uscc"]
    desk = sign_in("agent")
    demo.simulate("technology", "recognise-hi-tech", uscc=uscc)
    for _ in range(40):
        desk.goto("/rongtong")
        if desk.locator("a[href*='/rongtong/offers/']").count():
            break
        time.sleep(0.1)
    desk.locator("a[href*='/rongtong/offers/']").first.click()
    expect(desk.locator("main")).to_contain_text("高新技术企业")
    desk.get_by_role("button", name=re.compile("确认")).first.click()
    desk.wait_for_url("**/rongtong/claims/**")
    number = case_number_of(desk)
    act(sign_in("science_accept"), number, "accept")
    act(sign_in("science_decide"), number, "grant")
    demo.command("demo", "clock", "--forward", "10d")  # the public notice of five working days ends
    finance = sign_in("finance")
    for _ in range(80):
        finance.goto("/zhengtong/payments")
        if finance.locator("input[type=checkbox][name=payment]").count():
            break
        time.sleep(0.5)
    approve_payments(finance)
    claim = desk.url
    desk = sign_in("agent")
    desk.goto(claim)
    _wait_for_payment(desk, 1)


def test_a_mother_confirms_the_child_care_subsidy_of_her_baby(demo: Demo, sign_in: SignIn) -> None:
    parent = demo.account("parent")
    phone = sign_in("parent", capacity=parent["name"])
    phone.goto("/tong")
    phone.locator("a[href*='/tong/offers/']").filter(has_text="育儿补贴").first.click()
    expect(phone.locator("main")).to_contain_text("3,600")
    phone.get_by_role("button", name="确认领取").click()
    phone.wait_for_url("**/tong/claims/**")
    number = case_number_of(phone)
    act(sign_in("street"), number, "accept")
    act(sign_in("health"), number, "grant")
    approve_payments(sign_in("finance"))
    _wait_for_payment(phone, 1)


def test_two_seats_publish_a_policy_first_to_one_per_cent_then_to_all(demo: Demo, sign_in: SignIn) -> None:
    author = sign_in("author")
    author.goto("/zhengtong/policies?q=高龄")
    author.get_by_role("link", name=re.compile("高龄津贴")).first.click()
    author.get_by_role("button", name=re.compile("提交")).first.click()
    author.wait_for_load_state()
    address = author.url.split("?")[0]
    publisher = sign_in("publisher")
    publisher.goto(address)
    publisher.locator("summary").filter(has_text="审查通过").click()
    for field in ("legality", "fair_competition", "funds"):
        publisher.locator(f"[name={field}]").fill("审查无异议")
    publisher.get_by_role("button", name="审查通过").click()
    publisher.wait_for_load_state()
    publisher.get_by_role("button", name="运行全部用例").click()
    publisher.wait_for_load_state()
    publisher.get_by_role("link", name="看推演，记录在案").click()
    publisher.get_by_role("button", name="我已看过推演").click()
    publisher.wait_for_load_state()
    finance = sign_in("finance")
    finance.goto(address)
    finance.locator("summary").filter(has_text="确认资金").click()
    finance.locator("[name=note]").first.fill("高龄津贴科目")
    finance.get_by_role("button", name="确认办理").first.click()
    finance.wait_for_load_state()
    publisher.goto(address)
    publisher.get_by_role("button", name=re.compile("批准")).first.click()
    publisher.wait_for_load_state()
    publisher.goto(address + "/reach")
    expect(publisher.locator("main")).to_contain_text(re.compile(r"共 [\d,]+ 个对象"))
    publisher.get_by_role("button", name=re.compile("确认发布到 1%")).click()
    publisher.wait_for_load_state()
    publisher.goto(address + "/reach")
    publisher.get_by_role("button", name=re.compile("确认扩大到全部")).click()
    publisher.wait_for_load_state()
    expect(publisher.locator("main")).to_contain_text("施行中")


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
