"""A passkey as a person has it: Chromium with an authenticator of its own makes one and signs in by it."""

import pytest
from playwright.sync_api import Browser, Page

from tests.identity.conftest import City
from tests.identity.people import someone
from tests.identity.relying_party import PASSWORD

pytestmark = pytest.mark.journey
PHONE = {"width": 390, "height": 844}


def with_authenticator(page: Page) -> None:
    """A platform authenticator that recognises its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_phone_keeps_a_passkey_and_signs_in_with_a_touch(there: City, browser: Browser) -> None:
    one = someone(there, "周小兰", has_phone=False)
    window = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=there.url)  # type: ignore[arg-type]
    page = window.new_page()
    page.goto("/identity/login")
    page.locator("[name=login]").fill(one.login)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/identity/security")

    with_authenticator(page)
    page.get_by_role("link", name="通行密钥").click()
    page.get_by_label("给它起个名字").fill("小兰的手机")
    page.get_by_role("button", name="添加通行密钥").click()
    page.get_by_role("heading", name="小兰的手机").wait_for()

    page.goto("/identity/step-up")
    page.get_by_role("button", name="用通行密钥确认").click()
    page.wait_for_url("**/identity/security")

    sign_out(page)
    page.goto("/identity/login")  # the browser offers the key where the name is typed, and its owner takes it
    page.wait_for_url("**/identity/security")

    sign_out(page)
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    page.goto("/identity/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/identity/security")
    assert "周小兰" in page.locator("main").inner_text()
    window.close()


def sign_out(page: Page) -> None:
    page.locator("form[action='/identity/logout'] button").click()
    page.get_by_text("您已退出登录").wait_for()
