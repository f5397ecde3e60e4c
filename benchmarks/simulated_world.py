"""The outside world in a process of its own, so that its share of the work can be told from ours.

``python -m benchmarks.simulated_world HOME OUR_HOME PORT OUR_PORT PAYOUT_SECONDS``; with port 0 it reports nothing back.
"""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.store import Store
from kernel.clock import SystemClock
from portals.server import serve

BANK = "黄石农商行"


def open_accounts(home: Path, accounts: Iterable[tuple[str, str]]) -> None:
    """(number, holder) of accounts at the simulated bank, before it opens."""
    store = Store(home)
    store.run_many(
        "INSERT INTO account (number, bank, holder_name, holder_identifier) VALUES (?, ?, ?, '')",
        [(number, BANK, holder) for number, holder in accounts],
    )
    store.close()


@contextmanager
def living(
    home: Path, our_home: Path, port: int, *, our_port: int = 0, payout_seconds: float = 0.2
) -> Iterator[int]:
    """The world while the block runs; the number of its process."""
    ConnectorSettings.embedded(f"http://127.0.0.1:{port}", our_home)  # makes the keys that both sides read
    arguments = [str(home), str(our_home), str(port), str(our_port), str(payout_seconds)]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.simulated_world", *arguments])
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/simulators/")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / 100


def tree_cpu_seconds(pid: int) -> float:
    """The same of a process and of all that it started and that still run: a database server."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    total = 0.0
    pending = [pid]
    while pending:
        one = pending.pop()
        with suppress(OSError):
            total += cpu_seconds(one)
        pending += [child for child, parent in parents.items() if parent == one]
    return total


def main(home: str, our_home: str, port: str, our_port: str, payout_seconds: str) -> None:
    settings = SimulatorSettings(
        home=Path(home),
        outside=ConnectorSettings.embedded(f"http://127.0.0.1:{port}", Path(our_home)),
        events_url=f"http://127.0.0.1:{our_port}/connectors/events",
        payout_seconds=float(payout_seconds),
        is_pushing=our_port != "0",
    )
    serve(create_app(settings, SystemClock()), "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:6])
