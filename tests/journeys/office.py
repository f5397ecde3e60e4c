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
