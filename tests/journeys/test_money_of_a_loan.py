"""After the money is out: the subsidy finds the firm in the next quarter, and a default is shared by guarantor, pool and city."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, SignIn, fresh_home
from tests.journeys.lent import Lender
from tests.journeys.visitor import signed_in

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journeys"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration of its own: half a year passes in it, which the other journeys need not live through."""
    running = Demo(fresh_home(tmp_path_factory))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def lender(demo: Demo) -> Iterator[Lender]:
    made = Lender(demo)
    yield made
    made.close()


def test_a_subsidy_is_paid_and_a_default_is_shared(demo: Demo, sign_in: SignIn, lender: Lender) -> None:
    loan_id = lender.lend()
    lender_books_two_months(demo, lender, loan_id)
    the_subsidy_finds_the_firm(demo, sign_in)
    the_default_is_shared(demo, sign_in, lender, loan_id)


def lender_books_two_months(demo: Demo, lender: Lender, loan_id: uuid.UUID) -> None:
    """Two instalments of interest are paid, then the quarter ends."""
    begun = lender.house.clock.today()
    forward(demo, 75)
    lender.book_interest(loan_id, 2)
    quarter_ends = date(begun.year + (begun.month > 9), ((begun.month - 1) // 3 + 1) * 3 % 12 + 1, 1)
    later = max(quarter_ends, lender.house.clock.today())
    forward(demo, max((later - lender.house.clock.today()).days, 0) + 2)


def the_subsidy_finds_the_firm(demo: Demo, sign_in: SignIn) -> None:
    manager = sign_in("bank_manager")
    until(lambda: "可贴息利息" in body(manager, "/rongtong/bank/subsidies"))
    manager.get_by_role("button", name="核对无误，申报所选").click()
    expect(manager.locator("main")).to_contain_text("银行已申报，待审核")
    firm = sign_in("agent", capacity=demo.account("agent")["uscc"], width=PHONE)
    firm.goto("/rongtong/financing/subsidies")
    expect(firm.locator("main")).to_contain_text("银行已申报，待审核")
    progress = firm.get_by_role("link", name="看办理进度").first.get_attribute("href")
    claim = str(progress).rpartition("/")[2]
    for seat, action in (("labour_accept", "accept"), ("finance_decide", "grant")):
        acted = signed_in(demo, seat).post(
            f"/zhengtong/api/v1/claims/{claim}/acts", json={"action": action, "reason": ""}
        )
        assert acted.status_code < 300, acted.text
    finance = signed_in(demo, "finance")
    waiting = finance.get("/zhengtong/api/v1/payments").json()
    ready = [one["id"] for one in waiting if one["policy"]["policy_id"] == "startup-loan-interest"]
    approved = finance.post("/zhengtong/api/v1/payment-batches", json={"payment_ids": ready})
    assert approved.status_code < 300, approved.text
    until(lambda: "贴息已到账" in body(firm, "/rongtong/financing/subsidies"))


def the_default_is_shared(demo: Demo, sign_in: SignIn, lender: Lender, loan_id: uuid.UUID) -> None:
    forward(demo, 20)
    since = lender.report_overdue(loan_id)
    forward(demo, max(61 - (lender.house.clock.today() - since).days, 1))
    year = lender.house.clock.today().year
    pool = sign_in("pool")
    pool.goto("/zhengtong/financing/pool")
    pool.locator("summary", has_text="资金入池").click()
    pool.locator("[name=amount]").fill("1000000")
    pool.locator("[name=reference]").fill(f"PZ-{uuid.uuid4().hex[:6]}")
    pool.get_by_role("button", name="登记入账").click()
    expect(pool.locator("main")).to_contain_text("可用")
    pool.locator("summary", has_text="核定银行年度上限").click()
    pool.locator("[name=year]").fill(str(year))
    pool.locator("[name=covered]").fill("20000000")
    pool.get_by_role("button", name="核定", exact=True).click()
    expect(pool.locator("main")).to_contain_text("1,000,000.00")

    bank = sign_in("bank_manager")
    bank.goto("/rongtong/bank/compensations")
    bank.locator("[name=title]").fill("催收函和回执")
    bank.locator("[name=reference]").fill("CS-2027-01")
    bank.get_by_role("button", name="申请代偿").click()
    expect(bank.locator("main")).to_contain_text("待担保机构代偿")
    address = bank.url
    guarantor = sign_in("guarantee_manager")
    guarantor.goto(address)
    guarantor.get_by_role("button", name="确认已向银行代偿").click()
    guarantor.get_by_role("button", name="申请资金池补偿").click()
    expect(guarantor.locator("main")).to_contain_text("待资金池审核")
    pool.goto(address.replace("/rongtong/bank/", "/zhengtong/financing/"))
    pool.get_by_role("button", name="审核通过，支付补偿").click()
    expect(pool.locator("main")).to_contain_text("资金池已补偿")
    guarantor.goto(address)
    guarantor.locator("[name=amount]").fill("100000")
    guarantor.locator("[name=reference]").fill("HK-2027-01")
    guarantor.get_by_role("button", name="登记并按比例分还").click()
    expect(guarantor.locator("main")).to_contain_text("追偿中")
    pool.reload()
    pool.locator("summary", has_text="核销剩余损失").click()
    pool.locator("[name=reason]").fill("企业已破产清算完毕")
    pool.get_by_role("button", name="核销", exact=True).click()
    expect(pool.locator("main")).to_contain_text("已核销")
    overseer = sign_in("overseer")
    first = lender.house.clock.today() - timedelta(days=300)
    overseer.goto(f"/zhengtong/financing/oversight?first={first}")
    expect(overseer.locator("main")).to_contain_text("东楚银行")


def forward(demo: Demo, days: int) -> None:
    demo.command("demo", "clock", "--forward", f"{days}d")


def body(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator("main").inner_text()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)
