"""A licence goes into a wallet of another maker and comes back from it to a seat, in the browser to the end."""

import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Demo, SignIn
from tests.journeys.test_licences import SOON, _issue, _open_licence
from tests.licenses import wallet_app
from tests.licenses.wallet_app import Wallet

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


def _now(demo: Demo) -> int:
    """The clock of that city, to which wallets are set."""
    shift = int((demo.home / "clock-shift").read_text(encoding="ascii"))
    return int(time.time() + timedelta(seconds=shift).total_seconds())


def test_a_licence_goes_into_another_wallet_and_is_presented_from_it(
    demo: Demo, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wallet_app, "BASE", demo.base)
    monkeypatch.setattr(wallet_app, "ISSUER", f"{demo.base}/licenses")
    holder = demo.account("parent")
    fields = {"class": "C1", "first_issued_on": "2015-06-01"}
    _issue(sign_in("licensing"), "driving-licence", holder["identifier"], **fields)

    # The holder makes a code and reads the transaction code into the other wallet, which takes the licence.
    phone = sign_in("parent")
    _open_licence(phone, "机动车驾驶证")
    phone.get_by_role("link", name=re.compile("在其他钱包里")).click()
    phone.locator("[name=name]").fill("旧手机")
    phone.get_by_role("button", name="生成添加码").click()
    link = phone.get_by_role("link", name=re.compile("打开钱包")).get_attribute("href") or ""
    phone.get_by_text("显示交易码").click()
    code = phone.locator("strong.number").inner_text()
    wallet = Wallet(demo.visitor(timeout=60), _now(demo))  # type: ignore[arg-type]
    assert wallet.redeem(wallet.offered(link), code).status_code == 200
    assert wallet.receive("driving-licence").status_code == 200
    phone.get_by_role("link", name="在其他钱包里").first.click()
    expect(phone.locator("main")).to_contain_text("旧手机（您起的名）")

    # A seat asks; the wallet shows what was asked for; the seat's own page says so and gives the result once.
    officer = sign_in("police")
    officer.goto("/zhengtong/present")
    officer.locator("[name=type_id]").select_option("driving-licence")
    officer.locator("[name=cause]").fill("路面检查")
    officer.get_by_role("button", name="生成核验码").click()
    asked = officer.get_by_role("link", name=re.compile("打开钱包")).get_attribute("href") or ""
    wallet.now = _now(demo)
    assert wallet.present(asked).status_code == 200
    officer.get_by_role("button", name="查看结果").click(timeout=4 * SOON)
    for words in ("证照真实有效", "C1"):
        expect(officer.locator("main")).to_contain_text(words)

    # The holder has it on record, and takes the copy back: from then on it is good for nothing.
    _open_licence(phone, "机动车驾驶证")
    expect(phone.locator("#uses")).to_contain_text("路面检查")
    phone.get_by_role("link", name=re.compile("在其他钱包里")).click()
    phone.get_by_role("button", name=re.compile("移除")).first.click()
    expect(phone.locator("main")).to_contain_text("已移除")
    officer.goto("/zhengtong/present")
    officer.locator("[name=type_id]").select_option("driving-licence")
    officer.locator("[name=cause]").fill("再次检查")
    officer.get_by_role("button", name="生成核验码").click()
    asked = officer.get_by_role("link", name=re.compile("打开钱包")).get_attribute("href") or ""
    wallet.present(asked)
    officer.get_by_role("button", name="查看结果").click(timeout=4 * SOON)
    expect(officer.locator("main")).to_contain_text("持有人已把这份证照从这个钱包移除")
    expect(officer.locator("main")).not_to_contain_text("证照真实有效")
