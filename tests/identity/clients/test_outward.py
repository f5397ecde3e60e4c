"""Addresses that clients gave us never lead into our own house."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpcore
import pytest

from identity.clients import outward
from identity.clients.outward import LARGEST_ANSWER, Outward, checked_address
from identity.clients.sectors import check_sector
from kernel.errors import InvalidInput, OutsideFailure, OutsideRefused
from kernel.settings import Settings


def settings(base_url: str) -> Settings:
    return Settings(home=Path("/nowhere"), database_url="sqlite://", base_url=base_url)


@pytest.fixture
def site() -> Iterator[str]:
    """A web site on this very machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bodies = {
                "/sector": b'["https://a.example/cb"]',
                "/big": b" " * (LARGEST_ANSWER + 1),
                "/text": b"hm",
            }
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("location", "/sector")
            self.end_headers()
            self.wfile.write(bodies.get(self.path, b"{}"))

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1:1/",
        "https://[::1]:1/",
        "https://[::ffff:127.0.0.1]:1/",
        "https://localhost:1/",
        "https://0.0.0.0:1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user@example.com/",
    ],
)
def test_a_house_in_production_is_never_led_to_itself(address: str) -> None:
    door = Outward(settings("https://city.example"))
    with pytest.raises(OutsideFailure):
        door.get_json(address)
    door.close()


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently the second time (DNS rebinding) is asked once."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr(outward.socket, "getaddrinfo", resolve)
    assert checked_address("rebind.example", 443, may_loop=False) == "93.184.216.34"
    with pytest.raises(httpcore.ConnectError):
        checked_address("rebind.example", 443, may_loop=False)

    def mixed(_host: str, port: int, **_options: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(outward.socket, "getaddrinfo", mixed)
    with pytest.raises(httpcore.ConnectError):
        checked_address("mixed.example", 443, may_loop=False)


def test_redirects_and_floods_are_not_followed(site: str) -> None:
    door = Outward(settings("http://127.0.0.1:8000"))
    assert door.get_json(f"{site}/sector") == ["https://a.example/cb"]
    for path in ("away", "big", "text"):
        with pytest.raises(OutsideRefused):
            door.get_json(f"{site}/{path}")
    door.close()


def test_a_sector_must_list_every_address(site: str) -> None:
    door = Outward(settings("http://127.0.0.1:8000"))
    check_sector(door, None, ["https://b.example/cb"])
    check_sector(door, f"{site}/sector", ["https://a.example/cb"])
    for address, uris in (
        (f"{site}/sector", ["https://b.example/cb"]),
        (f"{site}/x", ["https://a.example/cb"]),
        ("http://127.0.0.1:1/", ["https://a.example/cb"]),
    ):
        with pytest.raises(InvalidInput):
            check_sector(door, address, uris)
    door.close()
