"""A firm borrows for the first time, in the browser: its demand goes to banks, two make offers, one is chosen and pays out.

One bank works through its officers' pages, another over the API.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, SignIn
from tests.journeys.visitor import signed_in
from tests.portals.financing.lending import pdf

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys"), pytest.mark.timeout(300)]

API = "/rongtong/api/v1"
BY_HAND = "dongchu-bank"
#: Banks whose officers one can be; the others have systems.
STAFF = {"cihu-rural": "rural", "tonglu-bank": "tonglu"}


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def post_demand(page: Page) -> str:
    """Amount, purpose, term; the banks that match; the consent. The demand's id."""
    page.goto("/rongtong/financing/demands/new")
    page.locator("[name=amount]").fill("30")
    page.locator("[name=term_months]").fill("12")
    page.locator("[name=purpose]").select_option("working_capital")
    for box in page.locator("[name=collateral]").all():
        box.check()
    page.locator("[name=routing][value=open]").check()
    page.locator("main form button[type=submit]").first.click()
    page.locator("main form:has([name=items]) button[type=submit]").click()
    page.locator("button[name=decision][value=allow]").click()
    page.wait_for_url(re.compile(r"/rongtong/financing/demands/[0-9a-f-]{36}"))
    return page.url.rsplit("/", 1)[1].partition("?")[0]


def work(manager: Page, approver: Page, address: str, contract: Path) -> Callable[[], None]:
    """An officer's pages from the queue to the offer; what is left to do once the firm has accepted."""
    manager.goto(address)
    for name in ("受理这笔申请", "已联系企业", "开始尽职调查"):
        press(manager, name)
    expect(manager.get_by_role("button", name="批准", exact=True)).to_have_count(0)  # not by the same person
    press(manager, "查看企业授权的数据")
    expect(manager.locator("h1")).to_have_text("企业授权的数据")
    approver.goto(address)
    approver.locator("[name=opinion]").fill("同意")
    press(approver, "批准")
    manager.goto(address)
    manager.locator("[name=rate]").fill("400")
    press(manager, "把方案发给企业")
    expect(manager.locator(".error-summary")).to_be_visible()
    manager.locator("[name=rate]").fill("3.20")
    press(manager, "把方案发给企业")
    expect(manager.locator("main")).to_contain_text("3.20%")

    def finish() -> None:
        manager.goto(address)
        manager.locator("[name=number]").fill("DC-2026-001")
        manager.locator("[name=file]").set_input_files(str(contract))
        press(manager, "上传合同并登记签约")
        manager.locator("[name=reference]").fill("FK-2026-001")
        press(manager, "登记放款")
        expect(manager.locator("main")).to_contain_text("贷款已发放")

    return finish


def offer_by_program(demo: Demo, one: dict[str, Any]) -> None:
    """Another bank's offer: by its own system where it has one, else by its officers over the API."""
    code = one["bank_code"]
    if code not in STAFF:
        answer = demo.client.post(f"/simulators/lenders/{code}/behaviour", json={"mode": "lend"})
        assert answer.status_code == 200, answer.text
        return
    place = f"{API}/bank/applications/{one['id']}"
    manager, approver = (
        signed_in(demo, f"{STAFF[code]}_{post}", capacity="银行") for post in ("manager", "approver")
    )
    terms: dict[str, Any] = {
        "amount_fen": 20_000_000,
        "rate_bp": 360,
        "term_months": 12,
        "method": "equal_instalments",
    }
    nothing: dict[str, Any] = {}
    for who, act, content in (
        (manager, "steps/accept", nothing),
        (manager, "steps/contact", nothing),
        (approver, "approve", nothing),
        (manager, "offers", terms),
    ):
        answer = who.post(f"{place}/{act}", json=content)
        assert answer.status_code == 200, answer.text


def test_a_first_loan_from_demand_to_money(demo: Demo, sign_in: SignIn, tmp_path: Path) -> None:
    contract = tmp_path / "contract.pdf"
    contract.write_bytes(pdf(2))
    firm = sign_in("agent")
    demand = post_demand(firm)
    programs: httpx.Client = signed_in(demo, "agent")
    detail = programs.get(f"{API}/financing/demands/{demand}").json()
    by_bank = {one["bank_code"]: one for one in detail["applications"]}
    assert BY_HAND in by_bank
    assert len(by_bank) >= 2
    second = next(one for code, one in by_bank.items() if code != BY_HAND)
    address = f"/rongtong/bank/applications/{by_bank[BY_HAND]['id']}"
    manager = sign_in("bank_manager", capacity="东楚银行")
    approver = sign_in("bank_approver", capacity="东楚银行", width=PHONE)
    finish = work(manager, approver, address, contract)
    offer_by_program(demo, second)

    def offers() -> list[dict[str, Any]]:
        return programs.get(f"{API}/financing/demands/{demand}/comparison").json()["offers"]

    until(lambda: len(offers()) >= 2)
    firm.goto(f"/rongtong/financing/demands/{demand}/compare")
    expect(firm.locator("main")).to_contain_text("东楚银行")
    firm.locator("a[href*='/rongtong/financing/offers/']", has_text="东楚银行").first.click()
    firm.locator("form[action$='/accept'] button[type=submit]").click()
    until(
        lambda: next(
            one["state"] == "not_chosen"
            for one in programs.get(f"{API}/financing/demands/{demand}").json()["applications"]
            if one["bank_code"] == second["bank_code"]
        )
    )
    finish()
    firm.goto("/rongtong/financing/loans")
    firm.get_by_role("link", name=re.compile("东楚银行")).first.click()
    press(firm, "已到账")
    expect(firm.locator("main")).to_contain_text("还款中")
    (loan,) = programs.get(f"{API}/financing/loans").json()
    assert (loan["principal_fen"], loan["state"]) == (30_000_000, "active")
