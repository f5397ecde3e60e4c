"""The verification page as anyone sends it, beside a bare hello of the same framework on the same kind of server.

Each answer checks an ES256 credential and an SM2 seal and reads the licence's state. The machine has other things to
do, so requests are counted against the processor time of the server, not of the wall.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

import portals.tables  # noqa: F401
from benchmarks.made_licences import people
from benchmarks.signed_in_inbox import hello
from kernel.house import open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from licenses import service
from licenses.writing import content
from tests.portals.test_server import free_port

ROUNDS = 5
REQUESTS = 300
_TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[dict[str, Any]]:
    """Medians over rounds, requests a second of the server's processor time; ``ratio`` is page / hello."""
    with (
        tempfile.TemporaryDirectory() as home,
        hello() as (greeting, greeter),
        _licences(Path(home)) as served,
    ):
        base, server, sd_jwt = served
        form = {"credential": sd_jwt}
        rows: dict[str, list[float]] = {"page": [], "api": [], "hello": []}
        with httpx.Client() as client:
            asked = {
                "page": (server, lambda: client.post(f"{base}/licenses/verify", data=form)),
                "api": (server, lambda: client.post(f"{base}/licenses/api/v1/verifications", json=form)),
                "hello": (greeter, lambda: client.get(greeting)),
            }
            assert "证照真实有效" in client.post(f"{base}/licenses/verify", data=form).text
            for _ in range(ROUNDS):
                for name, (process, ask) in asked.items():
                    before = _cpu_seconds(process)
                    for _ in range(REQUESTS):
                        ask().raise_for_status()
                    rows[name].append(REQUESTS / (_cpu_seconds(process) - before))
    rates = {name: statistics.median(values) for name, values in rows.items()}
    for name in ("page", "api"):
        yield {
            "benchmark": f"licence_verification_{name}",
            "requests_per_cpu_second": round(rates[name]),
            "rival": "bare hello, same server, handler in a thread",
            "rival_requests_per_cpu_second": round(rates["hello"]),
            "ratio": round(rates[name] / rates["hello"], 3),
        }


@contextmanager
def _licences(home: Path) -> Iterator[tuple[str, int, str]]:
    """The licence service with one licence: its address, its process, and the credential."""
    port = free_port()
    house = open_house(Settings(home=home, database_url=f"sqlite:///{home}/dongchu.db", port=port))
    migrate(house.database)
    [(holder_id, _number)] = people(house, 1)
    fields = {"bank": "演示银行", "card_tail": "1234"}
    with house.database.write() as session:
        licence = service.issue(
            session, house, type_id="social-security-card", holder_id=holder_id, fields=fields, actor="b"
        )
    sd_jwt = content(house, licence).sd_jwt
    house.database.close()
    environ = {**os.environ, "DONGCHU_HOME": str(home), "DONGCHU_PORT": str(port)}
    command = [sys.executable, "-m", "portals.cli", "serve", "licenses"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{base}/licenses/verify")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield base, process.pid, sd_jwt
    finally:
        process.terminate()
        process.wait(20)


def _cpu_seconds(process: int) -> float:
    """User and system time of a process and all its threads."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS
