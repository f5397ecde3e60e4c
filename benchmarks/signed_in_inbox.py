"""Requests a second of a signed-in inbox beside a bare hello of the same framework on the same server.

Both are asked by the same client, one after the other in turns, so that the machine's moods fall on both.
"""

import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

HELLO = """
    import sys
    from litestar import Litestar, get
    from portals.server import serve

    @get("/", sync_to_thread=True)
    def hello() -> str:
        return "hello"

    serve(Litestar([hello], logging_config=None), "127.0.0.1", int(sys.argv[1]))
"""
ROUNDS = 5
SECONDS = 2.0
THREADS = 4


def measure() -> Iterator[dict[str, Any]]:
    """Medians over rounds, requests a second; ``ratio`` is inbox / hello."""
    from tests.journeys.conftest import Demo
    from tests.journeys.visitor import signed_in

    with tempfile.TemporaryDirectory() as home, hello() as (greeting, _process):
        demo = Demo(Path(home))
        demo.start()
        try:
            visitor = signed_in(demo, "resident")
            cookies = dict(visitor.cookies)
            inbox = f"{demo.base}/tong/api/v1/inbox"
            page = f"{demo.base}/tong/inbox"
            rows: dict[str, list[float]] = {"hello": [], "api": [], "page": []}
            for _ in range(ROUNDS):
                rows["hello"].append(_rate(greeting, {}))
                rows["api"].append(_rate(inbox, cookies))
                rows["page"].append(_rate(page, cookies))
        finally:
            demo.stop()
    rates = {name: statistics.median(values) for name, values in rows.items()}
    for name in ("api", "page"):
        yield {
            "benchmark": f"signed_in_inbox_{name}",
            "requests_per_second": round(rates[name], 1),
            "rival": "bare hello, same server, handler in a thread",
            "rival_requests_per_second": round(rates["hello"], 1),
            "ratio": round(rates[name] / rates["hello"], 3),
        }


def _rate(address: str, cookies: dict[str, str]) -> float:
    counts = [0] * THREADS
    stop = time.monotonic() + SECONDS

    def ask(place: int) -> None:
        with httpx.Client(cookies=cookies) as client:
            while time.monotonic() < stop:
                answer = client.get(address)
                answer.raise_for_status()
                counts[place] += 1

    running = [threading.Thread(target=ask, args=(place,)) for place in range(THREADS)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / SECONDS


@contextmanager
def hello() -> Iterator[tuple[str, int]]:
    """A bare hello on the same server: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HELLO), str(port)])
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(200):
            try:
                httpx.get(address)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(10)
