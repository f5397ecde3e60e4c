"""Tong in a real browser: accessible at 390 px and in senior mode, and nothing runs off the side."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from playwright.sync_api import Browser

from licenses import service
from portals.entrance.routes import create_app as create_entrance
from portals.server import PathApps
from tests.portals.tong.conftest import ROOT, TEMPLATES, Pages, principal
from tests.portals.zhengtong.conftest import City

pytestmark = pytest.mark.journey

PATHS = (
    "/tong",
    "/tong/claims",
    "/tong/services",
    "/tong/services/dibao",
    "/tong/services/dibao/apply",
    "/tong/services/disability-nursing",
    "/tong/life/birth",
    "/tong/wallet",
    "/tong/inbox",
    "/tong/check?number=123",
    "/tong/me",
    "/tong/me/facts",
    "/tong/me/accounts",
    "/tong/me/kin",
    "/tong/me/enterprises",
    "/tong/me/notices",
    "/tong/finding",
    "/tong/recoveries",
    "/tong/wallet/requests",
    "/tong/help",
    "/tong/scan",
)


@pytest.fixture(scope="module")
def site(app: Litestar, city: City) -> Iterator[str]:
    """Tong beside the entrance, which serves the stylesheet, behind a real port."""
    folders = {**TEMPLATES, "entrance": ROOT / "portals" / "entrance" / "templates"}
    apps = PathApps({"/": create_entrance(city.house, Pages(folders)), "/tong": app})
    city.tokens["browser"] = principal(city, city.cast.parent, city.cast.parent, ("tong", "licences"))
    with city.house.database.write() as session:
        card = {"bank": "演示银行", "card_tail": "1234"}
        holder = city.cast.parent
        service.issue(
            session, city.house, type_id="social-security-card", holder_id=holder, fields=card, actor="test"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    server = Server(
        apps, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error
    )
    listening = threading.Event()

    async def live() -> None:
        serving = asyncio.create_task(server.serve())
        while not serving.done() and not listening.is_set():
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            listening.set()
        await serving

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert listening.wait(20), "the site did not start"
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(server.stop)
    thread.join(10)
    loop.close()


@pytest.mark.parametrize("is_senior", [False, True], ids=["plain", "senior"])
def test_every_page_is_clean(browser: Browser, site: str, is_senior: bool) -> None:
    """axe finds nothing, with AAA contrast in senior mode."""
    signed_in = {"authorization": "Bearer browser"}
    home = httpx.get(f"{site}/tong", headers={**signed_in, "accept": "text/html"}, timeout=30).text
    offers = re.findall(r"/tong/offers/[0-9a-f-]{36}", home)[:1]
    wallet = httpx.get(f"{site}/tong/wallet", headers={**signed_in, "accept": "text/html"}, timeout=30).text
    licence = re.findall(r"/tong/wallet/[0-9a-f-]{36}", wallet)[0]
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
        locale="zh-CN",
        extra_http_headers=signed_in,
    )
    if is_senior:
        context.add_cookies([{"name": "dongchu_senior", "value": "1", "url": site}])
    page = context.new_page()
    rules: dict[str, Any] = {"color-contrast-enhanced": {"enabled": True}} if is_senior else {}
    complaints = {}
    adding = f"{licence}/wallets (a code)"
    for path in (*PATHS, *offers, licence, f"{licence}/wallets", adding):
        if path == adding:
            page.get_by_role("button", name="生成添加码").click()
            page.get_by_text("显示交易码").click()
        else:
            page.goto(site + path)
        results = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
        if results.violations_count:
            complaints[path] = [one["id"] for one in results.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            complaints.setdefault(path, []).append("runs off the side")
    context.close()
    assert complaints == {}
