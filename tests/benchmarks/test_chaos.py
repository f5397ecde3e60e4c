"""A small house on PostgreSQL that is struck while it pays: its worker dies at two seeded points, its server is killed, the
network loses, delays, doubles and reorders; when it has come to rest everything is examined against the bank's books.

``python -m benchmarks.chaos`` is the same with tens of thousands of claims, people who die too, and every point. With
``DONGCHU_KILLS=1`` a house whose keys are broken shows that the examination finds what it must.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.chaos.blows import KILLED, TROUBLE
from benchmarks.chaos.children import Children
from benchmarks.chaos.examination import examined, not_done
from benchmarks.chaos.hands import Hands
from benchmarks.chaos.network import BadNetwork
from benchmarks.chaos.town import Town, settle
from benchmarks.simulated_world import living
from connectors.banks.client import BankClient
from connectors.resilience import Watch
from connectors.settings import ConnectorSettings
from connectors.simulators.store import Store
from kernel.house import House, open_house
from kernel.migrations import migrate
from kernel.settings import Settings
from policy_engine.delivery.payments.models import Payment
from portals.outside import BankAccounts
from tests.portals.test_server import free_port

ROLES = ("residents", "officials", "finance", "registers")
#: With it the worker's first life ends when an order was answered and nobody has noted it, its second in the middle of a
#: transaction; its third has no such end.
SEED = 6681
PATIENCE = 400.0
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]


class Struck:
    """The house of ``home``, its children, and the people who go on whatever happens to them."""

    def __init__(self, home: Path, house: House, town: Town, children: Children, bank: BankClient) -> None:
        self.home, self.house, self.town, self.children = home, house, town, children
        self._hands = Hands(house, town, random.Random(SEED))  # noqa: S311  (no secret hangs on it)
        self._hands.bank = BankAccounts(bank)

    @property
    def blows(self) -> int:
        told = self.home / KILLED
        return len(told.read_text(encoding="ascii").splitlines()) if told.exists() else 0

    def go_on_until(self, is_over: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_over():
            assert time.monotonic() < deadline, self._where_it_stands()
            self.children.raise_again()
            for role in ROLES:
                getattr(self._hands, role)()
            time.sleep(0.5)

    def _where_it_stands(self) -> tuple[object, ...]:
        with self.house.database.read() as session:
            kinds = (Payment.policy_id, Payment.state, Payment.is_held, Payment.order_count)
            left = sa.select(*kinds, sa.func.count()).where(Payment.state != "paid").group_by(*kinds)
            payments = [tuple(row) for row in session.execute(left)]
        return not_done(self.house, self.town), payments, self.children.killed, self._hands.refused

    def is_at_rest(self) -> bool:
        return not not_done(self.house, self.town)

    def findings(self) -> list[str]:
        found: list[str] = examined(self.house, self.home / "world", self.town)["findings"]
        return found


@contextmanager
def struck_house(home: Path, town: Town, stores: tuple[str, str], **environ: str) -> Iterator[Struck]:
    postgres_url, redis_url = stores
    world_port, network_port, house_port = free_port(), free_port(), free_port()
    settings = Settings(
        home=home / "house", database_url=postgres_url, redis_url=redis_url, port=house_port, is_demo=True
    )
    house, store = open_house(settings), Store(home / "world")
    migrate(house.database)
    settle(house, store, town)
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{network_port}", settings.home)
    (home / "connectors.json").write_bytes(msgspec.json.encode(outside))
    network = BadNetwork(network_port, house_port=house_port, world_port=world_port, seed=SEED)
    network.start()
    of_children = {
        "DONGCHU_HOME": str(settings.home),
        "DONGCHU_DATABASE_URL": postgres_url,
        "DONGCHU_REDIS_URL": redis_url,
        "DONGCHU_PORT": str(house_port),
        "DONGCHU_BASE_URL": f"http://127.0.0.1:{house_port}",
        "DONGCHU_DEMO": "1",
        "DONGCHU_CONNECTORS": str(home / "connectors.json"),
        "CHAOS_FOLDER": str(home),
        "CHAOS_ORDERS": "5",
        "CHAOS_BETWEEN_LOOKS": "0.5",
        **environ,
    }
    children = Children(of_children, home, SEED)
    bank = BankClient(outside.systems["banks"], watch=Watch(house.ephemeral, house.clock))
    with living(home / "world", settings.home, world_port, our_port=network_port, payout_seconds=0.2):
        children.start("worker0", "benchmarks.chaos.worker")
        (home / TROUBLE).touch()
        network.is_in_trouble = True
        try:
            yield Struck(home, house, town, children, bank)
        finally:
            children.stop()
            bank.close()
            network.stop()
            store.close()
            house.database.close()
            house.ephemeral.close()


@pytest.fixture
def stores(postgres_url: str, redis_url: str) -> tuple[str, str]:
    return postgres_url, redis_url


def test_nobody_is_paid_twice_and_nothing_is_lost(tmp_path: Path, stores: tuple[str, str]) -> None:
    town = Town(claims=40, through=10)
    with struck_house(tmp_path, town, stores) as struck:
        struck.children.start("server", "portals.cli", "serve", "connectors", is_told=False)
        struck.go_on_until(lambda: struck.blows >= 1)
        struck.children.kill("server", 0)
        struck.go_on_until(lambda: struck.blows >= 2)
        struck.go_on_until(struck.is_at_rest)
        assert struck.findings() == []
        assert struck.children.killed == {"server by the clock": 1, "worker answered": 1, "worker inside": 1}


@pytest.mark.skipif(
    not os.environ.get("DONGCHU_KILLS"), reason="DONGCHU_KILLS strikes more than what every day is struck"
)
def test_a_house_that_sends_anew_what_it_should_ask_after_is_found(
    tmp_path: Path, stores: tuple[str, str]
) -> None:
    town = Town(claims=6, through=0)
    with struck_house(tmp_path, town, stores, CHAOS_BROKEN_KEYS="1") as struck:
        struck.go_on_until(lambda: struck.blows >= 1)
        struck.go_on_until(struck.is_at_rest)
        assert any(" was paid 2 times" in one for one in struck.findings())
