"""What happens outside the house, done by hand on the pages of the simulated departments."""

from playwright.sync_api import Page, expect


def at_department(page: Page, who: str, act: str, **fields: str) -> None:
    """Find somebody, or a firm, by number; let a department do something for them; the page says that it is done."""
    page.goto("/simulators/")
    page.get_by_role("searchbox").fill(who)
    page.get_by_role("button", name="搜索").click()
    page.locator(".list-row").filter(has_text=who).get_by_role("link").click()
    page.get_by_role("link", name=act, exact=True).click()
    for name, value in fields.items():
        page.locator(f"[name={name}]").select_option(value)
    page.get_by_role("button", name=act, exact=True).click()
    expect(page.locator("main")).to_contain_text("已办理")


def bank_movements(page: Page, who: str) -> int:
    """How many times money has come into the account that the bank keeps for somebody."""
    page.goto("/simulators/")
    page.get_by_role("searchbox").fill(who)
    page.get_by_role("button", name="搜索").click()
    page.locator(".list-row").filter(has_text=who).get_by_role("link").click()
    return page.get_by_role("region", name="最近入账").locator("tbody tr").count()
