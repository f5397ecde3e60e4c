"""A demonstration as a newcomer starts it, and a real browser in front of it.

One server serves all journeys of a run (they stay in one process: ``tests.sharing``); each journey uses people of its
own, or leaves them as the next one expects them.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page

from kernel.tls import authorities
from tests.made_once import copied
from tests.portals.test_server import free_port
from tests.secrecy.spoken import SPOKEN
from tests.secrecy.watch import WATCH

#: Whatever day the tests run on, their city begins on this one.
FIRST_DAY = datetime(2026, 10, 8, 2, 0, tzinfo=UTC)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


class Demo:
    """A running demonstration in a home folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._accounts: list[dict[str, str]] = []
        self._clients: list[httpx.Client] = []
        self._since = SPOKEN.turn
        self.client = self.visitor(timeout=30)

    def visitor(self, **options: Any) -> httpx.Client:
        """A client of this server, closed with it."""
        client = httpx.Client(base_url=self.base, verify=authorities(), **options)
        self._clients.append(client)
        return client

    def start(self) -> None:
        """Start the server and wait until it answers. The first time it is the morning of 8 October 2026 there."""
        shift = self.home / "clock-shift"
        if not shift.exists():
            shift.write_text(f"{int((FIRST_DAY - datetime.now(UTC)).total_seconds())}\n", encoding="ascii")
        command = [sys.executable, "-m", "portals.cli", "run", "--residents", "6000", "--firms", "800"]
        with (self.home / "out").open("ab") as out:
            self._process = subprocess.Popen(
                command, env=self._environ(), stdout=out, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError((self.home / "out").read_text(errors="replace")[-4000:])
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/").status_code == 200:
                    return
            time.sleep(0.1)
        self.stop()
        raise TimeoutError((self.home / "out").read_text(errors="replace")[-4000:])

    def stop(self) -> int:
        """End the server and close its clients; its exit status. What was secret meanwhile is looked for in its store."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        code = self._end(signal.SIGINT)
        WATCH.search(sa.make_url(f"sqlite:///{self.home / 'dongchu.db'}"), since=self._since)
        return code

    def kill(self) -> None:
        """``kill -9``: nothing is finished, nobody is told. Those who were signed in find out by themselves."""
        assert self._end(signal.SIGKILL) == -signal.SIGKILL

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        code = self._process.wait(30)
        self._process = None
        return code

    def command(self, *words: str) -> str:
        """Run ``dongchu`` on this home."""
        done = subprocess.run(
            [sys.executable, "-m", "portals.cli", *words],
            env=self._environ(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def today(self) -> date:
        """The day in this city: whatever journey came before may have moved its clock."""
        return date.fromisoformat(self.command("demo", "clock").split()[0])

    def accounts(self) -> list[dict[str, str]]:
        """All demo logins."""
        self.account("resident")
        return self._accounts

    def account(self, key: str) -> dict[str, str]:
        """The demo login with this key."""
        if not self._accounts:
            self._accounts = json.loads(self.command("demo", "accounts", "--json"))
        return next(one for one in self._accounts if one["key"] == key)

    def simulate(self, system: str, action: str, **data: Any) -> dict[str, Any]:
        """Let a simulated department do something."""
        answer = self.client.post(f"/simulators/{system}/{action}", json=data)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def _environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        return {
            **kept,
            "DONGCHU_HOME": str(self.home),
            "DONGCHU_PORT": str(self.port),
            "DONGCHU_DEMO": "1",  # for the commands: the clock of this city
            "PYTHONUNBUFFERED": "1",
        }


def fresh_home(factory: pytest.TempPathFactory) -> Path:
    """The home of a demonstration that has been started once and stopped."""
    return copied("demonstration", _start_once, factory)


def _start_once(home: Path) -> None:
    first = Demo(home)
    first.start()
    assert first.stop() == 0


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demonstration all journeys share."""
    running = Demo(fresh_home(tmp_path_factory))
    running.start()
    yield running
    running.stop()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(browser: Browser, demo: Demo) -> Iterator[SignIn]:
    """Open a browser window of one's own and sign in: ``sign_in("elder")`` stands on her portal's home page."""
    windows: list[BrowserContext] = []

    def opened(
        key: str, *, capacity: str = "", width: dict[str, int] | None = None, locale: str = "zh-CN"
    ) -> Page:
        account = demo.account(key)
        size = width or (PHONE if account["portal"] == "/tong" else DESK)
        window = browser.new_context(viewport=size, locale=locale, base_url=demo.base)  # type: ignore[arg-type]
        windows.append(window)
        page = window.new_page()
        page.goto(f"{account['portal']}/login")
        page.locator("[name=login]").fill(account["login"])
        page.locator("[name=password]").fill(account["password"])
        page.locator("form:has([name=password]) button[type=submit]").click()
        if "/identity/" in page.url:
            page.locator("label", has_text=capacity or account["name"]).first.click()
            page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(f"**{account['portal']}**")
        return page

    yield opened
    for window in windows:
        window.close()
