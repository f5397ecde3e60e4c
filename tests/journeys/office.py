"""What officials do in the browser, as steps that several journeys share."""

import re

from playwright.sync_api import Page, expect


def act(page: Page, case_number: str, action: str, reason: str = "") -> None:
    """Open the case from the to-do list and decide: accept, recommend, grant, refuse …"""
    page.goto("/zhengtong")
    page.get_by_role("link", name=case_number).click()
    page.locator(f"input[name=action][value={action}]").check(force=True)
    if reason:
        page.locator("textarea[name=reason]").fill(reason)
    page.get_by_role("button", name="提交").click()
    expect(page.locator("main")).to_contain_text(re.compile("办理|已"))


def approve_payments(page: Page) -> None:
    """Choose every payment that is ready and approve them."""
    page.goto("/zhengtong/payments")
    for box in page.locator("input[type=checkbox][name=payment]").all():
        box.check(force=True)
    page.get_by_role("button", name="批准支付所选").click()
    page.wait_for_load_state()


def case_number_of(page: Page) -> str:
    """The 办件编号 on a claim page."""
    found = re.search(r"\d{6,9}-\d{8}-\d{5}", page.locator("main").inner_text())
    assert found is not None, page.locator("main").inner_text()
    return found[0]


def publish_in_steps(address: str, author: Page, publisher: Page, finance: Page) -> None:
    """Take a draft to where it may be published: three pairs of hands, none of them twice."""
    author.goto(address)
    author.get_by_role("button", name=re.compile("提交")).first.click()
    author.wait_for_load_state()
    publisher.goto("/zhengtong")
    publisher.get_by_role("link", name="待审查的政策").click()
    publisher.locator("summary").filter(has_text="填写审查意见").click()
    for field in ("legality", "fair_competition", "funds"):
        publisher.locator(f"[name={field}]").fill("审查无异议")
    publisher.get_by_role("button", name="审查通过").click()
    publisher.wait_for_load_state()
    publisher.get_by_role("button", name="运行全部用例").click()
    publisher.wait_for_load_state()
    publisher.get_by_role("link", name="看推演，记录在案").click()
    publisher.get_by_role("button", name="我已看过推演").click()
    publisher.wait_for_load_state()
    finance.goto(address)
    finance.locator("summary").filter(has_text="确认资金").click()
    finance.locator("[name=note]").first.fill("高龄津贴科目")
    finance.get_by_role("button", name="确认办理").first.click()
    finance.wait_for_load_state()
    publisher.goto(address)
    publisher.get_by_role("button", name=re.compile("批准")).first.click()
    publisher.wait_for_load_state()


def figure(page: Page, label: str) -> int:
    """A number that a page shows big, by its name."""
    text = page.locator(".stat").filter(has_text=label).locator("dd").first.inner_text()
    return int(re.sub(r"\D.*", "", text.replace(",", ""), flags=re.DOTALL))
