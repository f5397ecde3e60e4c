"""Who asks is told by a proxy of ours, and by nobody else."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from kernel.settings import Settings
from kernel.web.proxies import BehindProxies, asker

OURS = tuple(ip_network(one) for one in ("10.0.0.0/8", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        (
            "10.0.0.1",
            ["198.51.100.1, 203.0.113.7"],
            "203.0.113.7",
        ),  # the left one was invented by the visitor
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7, 10.0.0.9"], "203.0.113.7"),  # a chain of ours
        ("10.0.0.1", ["203.0.113.7:5521"], "203.0.113.7"),
        ("2001:db8::1", ["[2001:dead::7]:443"], "2001:dead::7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours: the header is invented
        ("a socket", ["198.51.100.1"], "a socket"),
    ],
)
def test_the_first_from_the_right_that_is_no_proxy_of_ours(
    peer: str, forwarded: Sequence[str], who: str
) -> None:
    assert asker(peer, forwarded, OURS) == who


def told(trusted: Sequence[str], headers: Sequence[tuple[str, str]], peer: str = "10.0.0.1") -> str:
    """The address that the application behind sees."""

    async def shown(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})

    async def ask() -> str:
        transport = httpx.ASGITransport(BehindProxies(shown, trusted), client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get("http://a.example/", headers=list(headers))).text

    with ThreadPoolExecutor(1) as aside:  # in this one a browser's loop may be open
        return aside.submit(lambda: asyncio.run(ask())).result()


def test_every_limit_by_address_counts_who_asked() -> None:
    lines = [("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7")]
    assert told(["10.0.0.1"], lines) == "203.0.113.7"
    assert told(["10.0.0.2"], lines) == "10.0.0.1"


def test_nobody_is_trusted_unless_it_is_said() -> None:
    assert Settings.from_environ({}).trusted_proxies == ()
    named = Settings.from_environ({"DONGCHU_TRUSTED_PROXIES": " 10.0.0.1, 192.168.0.0/16,"})
    assert named.trusted_proxies == ("10.0.0.1", "192.168.0.0/16")
    with pytest.raises(ValueError, match=r"DONGCHU_TRUSTED_PROXIES: proxy\.local"):
        Settings.from_environ({"DONGCHU_TRUSTED_PROXIES": "10.0.0.1,proxy.local"})
