"""A firm without any loan, from its demand to the city's money: three banks are asked, two offer, one is chosen and pays
out; interest is settled, and the subsidy is paid in the next quarter. Then the firm stops paying, and the loss is shared.

Of the banks one works on its officers' pages, one by its own signed system (simulated), one declines over the API.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, SignIn, fresh_home
from tests.journeys.visitor import signed_in
from tests.portals.financing.lending import pdf

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

API = "/rongtong/api/v1"
BY_HAND, BY_SYSTEM, DECLINES = "dongchu-bank", "fuhe-bank", "tonglu-bank"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration of its own: half a year passes in it, which the other journeys need not live through."""
    running = Demo(fresh_home(tmp_path_factory))
    running.start()
    yield running
    running.stop()


def test_a_first_loan_its_subsidy_and_its_default(demo: Demo, sign_in: SignIn, tmp_path: Path) -> None:
    programs = signed_in(demo, "agent")
    firm = sign_in("agent")
    demand = post_demand(firm)
    banks = {one["bank_code"]: one for one in detail(programs, demand)["applications"]}
    assert set(banks) == {BY_HAND, BY_SYSTEM, DECLINES}
    decline(demo, banks[DECLINES]["id"])
    lend_by_system(demo)
    guarantor = sign_in("guarantee_manager")
    loan = borrow(firm, sign_in, guarantor, programs, demand, banks, tmp_path)
    settled = interest_is_settled(demo, sign_in, loan)
    the_subsidy_finds_the_firm(demo, sign_in, settled)
    the_default_is_shared(demo, sign_in, loan)


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
    expect(page.locator("main")).to_contain_text("融资—数据授权")  # where it can be taken back
    page.locator("button[name=decision][value=allow]").click()
    page.wait_for_url(re.compile(r"/rongtong/financing/demands/[0-9a-f-]{36}"))
    return page.url.rsplit("/", 1)[1].partition("?")[0]


def decline(demo: Demo, application: str) -> None:
    answer = signed_in(demo, "tonglu_manager").post(
        f"{API}/bank/applications/{application}/decline", json={"reason_code": "quota", "note": ""}
    )
    assert answer.status_code == 200, answer.text


def lend_by_system(demo: Demo) -> None:
    """The bank's own program takes it from here: signed calls, an offer that costs more."""
    answer = demo.client.post(
        f"/simulators/lenders/{BY_SYSTEM}/behaviour", json={"mode": "lend", "rate_bp": 550}
    )
    assert answer.status_code == 200, answer.text


def borrow(
    firm: Page,
    sign_in: SignIn,
    guarantor: Page,
    programs: httpx.Client,
    demand: str,
    banks: dict[str, dict[str, Any]],
    folder: Path,
) -> str:
    """Offers of two banks, the cheaper one accepted, guaranteed, signed and paid out; the loan's id."""
    application = banks[BY_HAND]["id"]
    address = f"/rongtong/bank/applications/{application}"
    manager = sign_in("bank_manager", capacity="东楚银行")
    offer_by_hand(manager, sign_in("bank_approver", capacity="东楚银行", width=PHONE), address)

    def offers() -> dict[str, dict[str, Any]]:
        found = programs.get(f"{API}/financing/demands/{demand}/comparison").json()["offers"]
        return {one["offer"]["bank_code"]: one for one in found}

    until(lambda: set(offers()) == {BY_HAND, BY_SYSTEM})
    firm.goto(f"/rongtong/financing/demands/{demand}/compare")
    rows = firm.locator("table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="成本最低")).to_contain_text("东楚银行")
    firm.locator("a[href*='/rongtong/financing/offers/']", has_text="东楚银行").first.click()
    expect(firm.locator("main")).to_contain_text("小微企业首贷贴息（预计）")  # deducted already
    firm.locator("form[action$='/accept'] button[type=submit]").click()
    until(
        lambda: (
            {one["bank_code"]: one["state"] for one in detail(programs, demand)["applications"]}
            == {BY_HAND: "offer_accepted", BY_SYSTEM: "not_chosen", DECLINES: "declined"}
        )
    )
    firm.goto(f"/rongtong/financing/applications/{application}/guarantee")
    firm.locator("[name=guarantor]").select_option("dongchu-guarantee")
    press(firm, "申请担保")
    guarantor.goto("/rongtong/guarantor")
    guarantor.locator("a[href*='/rongtong/guarantor/']").first.click()
    guarantor.locator("[name=fee]").fill("0.5")
    press(guarantor, "出具担保")
    expect(guarantor.locator("main")).to_contain_text("企业承担")
    pay_out(manager, address, folder)
    firm.goto("/rongtong/financing/loans")
    firm.get_by_role("link", name=re.compile("东楚银行")).first.click()
    press(firm, "已到账")
    expect(firm.locator("main")).to_contain_text("还款中")
    (loan,) = programs.get(f"{API}/financing/loans").json()
    assert (loan["principal_fen"], loan["state"]) == (30_000_000, "active")
    return loan["id"]


def offer_by_hand(manager: Page, approver: Page, address: str) -> None:
    """An officer's pages from the queue to the offer."""
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
    manager.locator("[name=needs_guarantee]").check()
    press(manager, "把方案发给企业")
    expect(manager.locator("main")).to_contain_text("3.20%")


def pay_out(manager: Page, address: str, folder: Path) -> None:
    contract = folder / "contract.pdf"
    contract.write_bytes(pdf(2))
    manager.goto(address)
    manager.locator("[name=number]").fill("DC-2026-001")
    manager.locator("[name=file]").set_input_files(str(contract))
    press(manager, "上传合同并登记签约")
    manager.locator("[name=reference]").fill("FK-2026-001")
    press(manager, "登记放款")
    expect(manager.locator("main")).to_contain_text("贷款已发放")


def interest_is_settled(demo: Demo, sign_in: SignIn, loan: str) -> int:
    """The quarter is over; the bank books the two instalments that came in it on their days. Their interest, in fen."""
    begun = demo.today()
    forward(demo, f"{(following_quarter(begun) - begun).days + 2}d")
    bank = signed_in(demo, "bank_manager", capacity="东楚银行")
    schedule = bank.get(f"{API}/bank/loans/{loan}").json()["schedule"]
    due = [one for one in schedule if date.fromisoformat(one["due_on"]) < following_quarter(begun)]
    assert len(due) == 2
    manager = sign_in("bank_manager", capacity="东楚银行")
    for number, one in enumerate(due):
        manager.goto(f"/rongtong/bank/loans/{loan}")
        form = manager.locator("form[action$='/repayments']")
        form.locator("[name=on_day]").fill(one["due_on"])
        form.locator("[name=principal]").fill(f"{one['principal_fen'] / 100:.2f}")
        form.locator("[name=interest]").fill(f"{one['interest_fen'] / 100:.2f}")
        form.locator("[name=reference]").fill(f"HK-{number}")
        press(manager, "登记还款")
        expect(manager.locator("main")).to_contain_text(f"HK-{number}")
    forward(demo, "2h")  # the calendar reckons each quarter anew until it is filed
    return sum(one["interest_fen"] for one in due)


def the_subsidy_finds_the_firm(demo: Demo, sign_in: SignIn, settled_fen: int) -> None:
    """Nobody fills in anything: the bank files, two offices decide, the treasury pays."""
    manager = sign_in("bank_manager", capacity="东楚银行")
    until(lambda: "小微企业首贷贴息" in body(manager, "/rongtong/bank/subsidies"))
    press(manager, "核对无误，申报所选")
    expect(manager.locator("main")).to_contain_text("银行已申报，待审核")
    firm = sign_in("agent", width=PHONE)
    firm.goto("/rongtong/financing/subsidies")
    expect(firm.locator("main")).to_contain_text("银行已申报，待审核")
    progress = firm.get_by_role("link", name="看办理进度").first.get_attribute("href")
    claim = str(progress).rpartition("/")[2]
    for seat, action in (("lending_accept", "accept"), ("finance_decide", "grant")):
        acted = signed_in(demo, seat).post(
            f"/zhengtong/api/v1/claims/{claim}/acts", json={"action": action, "reason": ""}
        )
        assert acted.status_code < 300, acted.text
    finance = signed_in(demo, "finance")
    waiting = finance.get("/zhengtong/api/v1/payments").json()
    (ready,) = [one for one in waiting if one["policy"]["policy_id"] == "first-loan-interest"]
    assert ready["amount_fen"] == settled_fen * 3 // 10
    approved = finance.post("/zhengtong/api/v1/payment-batches", json={"payment_ids": [ready["id"]]})
    assert approved.status_code < 300, approved.text
    until(lambda: "贴息已到账" in body(firm, "/rongtong/financing/subsidies"))


def the_default_is_shared(demo: Demo, sign_in: SignIn, loan: str) -> None:
    """The next instalment does not come; sixty days later the guarantor pays, and the pool and the city bear their parts."""
    forward(demo, "80d")
    today = demo.today()
    pool = sign_in("pool")
    pool.goto("/zhengtong/financing/pool")
    pool.locator("summary", has_text="资金入池").click()
    pool.locator("[name=amount]").fill("1000000")
    pool.locator("[name=reference]").fill(f"PZ-{uuid.uuid4().hex[:6]}")
    press(pool, "登记入账")
    expect(pool.locator("main")).to_contain_text("可用")
    pool.locator("summary", has_text="核定银行年度上限").click()
    pool.locator("[name=year]").fill(str(today.year))
    pool.locator("[name=covered]").fill("20000000")
    press(pool, "核定")
    expect(pool.locator("main")).to_contain_text("1,000,000.00")

    bank = sign_in("bank_manager", capacity="东楚银行")
    bank.goto(f"/rongtong/bank/loans/{loan}")
    bank.locator("summary", has_text="登记逾期").click()
    bank.locator("[name=since]").fill((date(today.year, 1, 8) + timedelta(days=1)).isoformat())
    press(bank, "登记逾期")
    expect(bank.locator("main")).to_contain_text("已逾期")
    bank.goto("/rongtong/bank/compensations")
    bank.locator("[name=title]").fill("催收函和回执")
    bank.locator("[name=reference]").fill("CS-2027-01")
    press(bank, "申请代偿")
    expect(bank.locator("main")).to_contain_text("待担保机构代偿")
    address = bank.url
    guarantor = sign_in("guarantee_manager")
    guarantor.goto(address)
    press(guarantor, "确认已向银行代偿")
    press(guarantor, "申请资金池补偿")
    expect(guarantor.locator("main")).to_contain_text("待资金池审核")
    pool.goto(address.replace("/rongtong/bank/", "/zhengtong/financing/"))
    press(pool, "审核通过，支付补偿")
    expect(pool.locator("main")).to_contain_text("资金池已补偿")
    guarantor.goto(address)
    guarantor.locator("[name=amount]").fill("100000")
    guarantor.locator("[name=reference]").fill("HK-2027-01")
    press(guarantor, "登记并按比例分还")
    expect(guarantor.locator("main")).to_contain_text("追偿中")
    pool.reload()
    pool.locator("summary", has_text="核销剩余损失").click()
    pool.locator("[name=reason]").fill("企业已破产清算完毕")
    press(pool, "核销")
    expect(pool.locator("main")).to_contain_text("已核销")
    overseer = sign_in("overseer")
    overseer.goto(f"/zhengtong/financing/oversight?first={today - timedelta(days=300)}")
    expect(overseer.locator("main")).to_contain_text("东楚银行")


def detail(programs: httpx.Client, demand: str) -> dict[str, Any]:
    return programs.get(f"{API}/financing/demands/{demand}").json()


def following_quarter(day: date) -> date:
    return date(day.year + (day.month > 9), ((day.month - 1) // 3 + 1) * 3 % 12 + 1, 1)


def forward(demo: Demo, span: str) -> None:
    demo.command("demo", "clock", "--forward", span)


def body(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator("main").inner_text()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def until(holds: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)
