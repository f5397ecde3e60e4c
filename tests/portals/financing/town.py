"""A whole town on a port: issuer, Rongtong and the simulated world over real HTTP, with banks' systems connected."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.orm import Session

from connectors.lenders.client import FinancingApi
from connectors.simulators.lenders.keys import client_id_of, key_of, public_keys
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.outbox import Worker
from kernel.settings import Settings
from portals.financing.banks import connecting
from portals.financing.banks.jobs import handlers
from portals.main import build_apps, open_services
from tests.conftest import NOON
from tests.identity.conftest import Running, free_port
from tests.made_once import lay_tables

SYSTEMS = ("fuhe-bank", "xisai-village")


class Town:
    """``at(code)`` is a bank's own connection; ``worker`` sends the news when told to."""

    def __init__(self, home: Path) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.clock = FixedClock(NOON)
        settings = Settings(
            home=home,
            database_url=f"sqlite:///{home / 'dongchu.db'}",
            port=port,
            base_url=self.base,
            issuer=f"{self.base}/identity",
            is_demo=True,
        )
        self.house: House = open_house(settings, self.clock)
        lay_tables(self.house.database)
        with self.house.database.write() as session:
            for code in SYSTEMS:
                self._connect(session, code)
        services = open_services(self.house)
        self._running = Running(build_apps(services, names=("identity", "rongtong")), port)
        self.worker = Worker(self.house.database, self.clock, handlers(self.house))
        self._apis: dict[str, FinancingApi] = {}

    def at(self, code: str) -> FinancingApi:
        if code not in self._apis:
            self._apis[code] = FinancingApi(
                self.base, client_id_of(code), key_of(self.house.settings.home, code), self.clock
            )
        return self._apis[code]

    def behave(self, code: str, mode: str, **more: Any) -> None:
        answer = httpx.post(
            f"{self.base}/simulators/lenders/{code}/behaviour", json={"mode": mode, **more}, trust_env=False
        )
        assert answer.status_code == 200, answer.text

    def send_news(self) -> None:
        """What is due for banks' systems; topics of other storeys wait."""
        known = handlers(self.house)
        with self.house.database.write() as session:
            session.connection().exec_driver_sql(
                f"UPDATE outbox_message SET done_at = '2000-01-01' WHERE done_at IS NULL "
                f"AND topic NOT IN ({', '.join(repr(one) for one in known)})"
            )
        self.worker.run_until_idle()

    def close(self) -> None:
        for api in self._apis.values():
            api.close()
        self._running.stop()
        self.house.database.close()
        self.house.ephemeral.close()

    def _connect(self, session: Session, code: str) -> None:
        connecting.connect(
            session,
            code,
            client_id=client_id_of(code),
            jwks=public_keys(self.house.settings.home, code),
            webhook_url=f"{self.base}/simulators/lenders/{code}/events",
            vault=self.house.vault,
            now=self.clock.now(),
        )


def eventually(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """The first true value of ``condition``, or a failure after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
