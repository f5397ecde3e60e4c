"""Licences between people: one shows and another scans, a holder grants and withdraws, an office revokes what is in use."""

import base64
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Demo, SignIn

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

#: Two looks of the polling pages, on a machine that does other things too.
SOON = 15_000


def _issue(officer: Page, type_id: str, holder: str, **fields: str) -> str:
    """By hand, on the form of the licence office; the address of the new licence there."""
    officer.goto(f"/zhengtong/licences/new?type={type_id}")
    for name, value in {"identifier": holder, **fields}.items():
        field = officer.locator(f"main [name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    officer.get_by_role("button", name="签发").click()
    officer.wait_for_url("**/zhengtong/licences/*-*")
    return officer.url.split("?")[0]


def _open_licence(phone: Page, name: str) -> None:
    phone.goto("/tong/wallet")
    phone.get_by_role("link").filter(has_text=name).first.click()
    expect(phone.locator("h1")).to_contain_text(name)


def _shown_code(phone: Page) -> str:
    phone.get_by_role("link", name="亮证").click()
    expect(phone.locator("h1")).to_be_visible()
    return phone.get_by_role("link", name=re.compile("打开核验页")).get_attribute("href") or ""


def _scan(page: Page, address: str) -> None:
    """As somebody does who opens the address that the code holds, without any account."""
    page.goto(address)
    page.locator("[name=verifier]").fill("小区门卫")
    page.locator("[name=purpose]").fill("访客登记")
    page.get_by_role("button", name="核验").click()


def _download(page: Page, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载存证文件").click()
    path = folder / "evidence.json"
    waiting.value.save_as(path)
    return path


def test_one_shows_another_scans_and_the_holder_agrees(
    demo: Demo, sign_in: SignIn, browser: Browser, tmp_path: Path
) -> None:
    holder = demo.account("resident")
    home = {"unit_number": "420202001001GB00001F00010001", "location": "胜阳港街道88号", "use": "商业"}
    more = {"area": "137", "acquired_by": "继承", "registered_on": "2020-03-01"}
    _issue(sign_in("licensing"), "real-estate-certificate", holder["identifier"], **home, **more)

    phone, officer = sign_in("resident"), sign_in("police")
    _open_licence(phone, "不动产权证书")
    address = _shown_code(phone)
    officer.goto("/zhengtong/scan")
    officer.locator("[name=code]").fill(address)
    officer.locator("[name=cause]").fill("核对住址")
    officer.get_by_role("button", name="核验").click()

    # The holder reads who asks, for what, and what will be seen; nothing is shown before.
    asked = phone.locator("#asked")
    expect(asked).to_contain_text("黄石港区公安局执勤席想查看这份证照", timeout=SOON)
    for words in ("核对住址", "不动产单元号", "坐落"):
        expect(asked).to_contain_text(words)
    expect(officer.locator("main")).not_to_contain_text("胜阳港街道88号")
    phone.get_by_role("button", name="同意", exact=True).click()
    officer.get_by_role("button", name="查看结果").click(timeout=SOON)
    seen = officer.locator("main")
    for words in ("证照真实有效", "胜阳港街道88号", "商业", "状态截至"):
        expect(seen).to_contain_text(words)
    expect(seen).not_to_contain_text("137")  # the police have no need of the floor area

    # The same code is good for nobody any more.
    stranger = browser.new_page(locale="zh-CN")
    _scan(stranger, address)
    expect(stranger.locator("main")).to_contain_text("这个码已用过或已过期")
    stranger.close()

    # The holder has the use on record at once, and takes evidence of it away that is checked without the house.
    phone.reload()
    uses = phone.locator("#uses")
    expect(uses).to_contain_text("核对住址")
    uses.get_by_role("link", name="黄石港区公安局执勤席").click()
    for _ in range(60):
        if phone.get_by_role("link", name="下载存证文件").count():
            break
        phone.wait_for_timeout(100)
        phone.reload()
    assert "The record is in the log" in demo.command("log", "verify", str(_download(phone, tmp_path)))
    assert "The log is whole" in demo.command("log", "verify")


class Consumer:
    """A mini-app that asks by the API."""

    def __init__(self, demo: Demo, name: str, type_id: str, purpose: str, *fields: str) -> None:
        out = demo.command("licence", "consumer", "add", name, "--kind", "mini-app")
        access_id, secret = re.findall(r"(?:access id|secret): +(\S+)", out)
        words = [word for field in fields for word in ("--field", field)]
        basis = ("--purpose", purpose, "--basis", "《残疾人保障法》第五十条")
        demo.command("licence", "consumer", "entitle", access_id, type_id, *basis, *words)
        encoded = base64.b64encode(f"{access_id}:{secret}".encode()).decode()
        self._client = demo.visitor(headers={"Authorization": f"Basic {encoded}"}, timeout=30)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self._client.post(f"/licenses/api/v1/requests{path}", json=body)


def test_a_holder_grants_and_withdraws(demo: Demo, sign_in: SignIn) -> None:
    holder, purpose = demo.account("resident"), "办理公交优待卡"
    consumer = Consumer(demo, "黄石公交小程序", "disability-certificate", purpose, "level", "category")
    wanted = {"type_id": "disability-certificate", "purpose": purpose, "fields": ["level", "category"]}
    request = consumer.post("", holder=holder["identifier"], **wanted).json()["id"]
    assert consumer.post(f"/{request}/uses").status_code == 403

    phone = sign_in("resident")
    phone.goto("/tong/wallet")
    phone.get_by_role("link", name="用证授权").click()
    phone.get_by_role("link").filter(has_text="黄石公交小程序").first.click()
    for words in (purpose, "《残疾人保障法》第五十条"):
        expect(phone.locator("main")).to_contain_text(words)
    for box in phone.locator("[name=fields]").all():
        box.set_checked(box.get_attribute("value") == "level")
    phone.get_by_text("长期，直到我撤回").click()
    phone.get_by_role("button", name="同意", exact=True).click()
    expect(phone.get_by_role("button", name="撤回授权")).to_be_visible()
    granted = phone.url

    used = consumer.post(f"/{request}/uses")
    assert (used.status_code, list(used.json()["fields"])) == (201, ["level"])
    _open_licence(phone, "残疾人证")
    expect(phone.locator("#uses")).to_contain_text("黄石公交小程序")

    phone.goto(granted)
    phone.get_by_role("button", name="撤回授权").click()
    expect(phone.locator("main")).to_contain_text("这项授权已经结束")
    assert consumer.post(f"/{request}/uses").status_code == 403


def test_what_an_office_withholds_is_good_for_nothing_at_once(
    demo: Demo, sign_in: SignIn, browser: Browser
) -> None:
    holder, purpose = demo.account("parent"), "核对社保卡"
    officer, phone = sign_in("licensing"), sign_in("parent")
    card = _issue(officer, "social-security-card", holder["identifier"], bank="演示银行", card_tail="4321")
    consumer = Consumer(demo, "医保小程序", "social-security-card", purpose, "bank")
    wanted = {"type_id": "social-security-card", "purpose": purpose, "fields": ["bank"]}
    request = consumer.post("", holder=holder["identifier"], **wanted).json()["id"]
    phone.goto(f"/tong/wallet/requests/{request}")
    phone.locator("[name=fields]").check()
    phone.get_by_text("长期，直到我撤回").click()
    phone.get_by_role("button", name="同意", exact=True).click()
    assert consumer.post(f"/{request}/uses").status_code == 201

    _open_licence(phone, "社会保障卡")
    address = _shown_code(phone)
    officer.goto(card)
    officer.get_by_text("暂扣", exact=True).first.click()
    officer.locator("[name=reason]").fill("冒用嫌疑，核查中")
    officer.get_by_role("button", name="确认变更").click()
    expect(officer.locator("main")).to_contain_text("暂扣")

    stranger = browser.new_page(locale="zh-CN")
    _scan(stranger, address)
    for words in ("请不要凭这份证照办理业务", "证照状态为“暂扣”"):
        expect(stranger.locator("main")).to_contain_text(words)
    expect(stranger.locator("main")).not_to_contain_text("演示银行")
    stranger.close()
    assert consumer.post(f"/{request}/uses").status_code == 409
    phone.goto("/tong/inbox")
    expect(phone.locator("main")).to_contain_text("社会保障卡已办理暂扣")
