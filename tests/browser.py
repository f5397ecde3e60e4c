"""The real browser of the tests: one Chromium for a test process, because Playwright allows one at a time there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # What a page of ours never asks for, and motion that a test would only wait for.
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-gpu-compositing",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication",
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Where it must be there (CI) its absence is a failure, elsewhere a skip that says so."""
    if not CHROMIUM.exists():
        if os.environ.get("DONGCHU_REQUIRE_BROWSER"):
            pytest.fail(f"{CHROMIUM} is missing, and the tests in a browser must run here")
        pytest.skip("no Chromium here: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield running
        running.close()
