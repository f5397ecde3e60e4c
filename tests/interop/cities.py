"""A city in our own time for foreign programs: they look at their own clock, and know nothing of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import portals.tables
from identity.clients.schemas import ClientSettings
from identity.clients.service import register
from identity.jobs import handlers
from kernel.house import House, open_house
from kernel.outbox import Worker
from kernel.settings import Settings
from portals.main import build_apps, open_services
from tests.identity.conftest import Running, free_port, settle
from tests.identity.relying_party import Surfer, answer_to

assert portals.tables.METADATA


@dataclass(frozen=True)
class LivingCity:
    """The identity service on a port, with a few people who have passwords."""

    house: House
    base: str

    @property
    def issuer(self) -> str:
        return self.house.settings.issuer

    def register(self, client_id: str, settings: ClientSettings, secret: str | None = None) -> None:
        house = self.house
        with house.database.write() as session:
            register(session, client_id, settings, secret=secret, vault=house.vault, now=house.clock.now())

    def sign_in(self, address: str, login: str = "guiying") -> dict[str, str]:
        """A person answers the request at ``address``; what goes back to the client."""
        surfer = Surfer(self.base)
        back = answer_to(surfer, address.removeprefix(self.base), login)
        surfer.close()
        return back

    def work(self) -> None:
        """What the worker would do now."""
        Worker(self.house.database, self.house.clock, handlers(self.house)).run_until_idle()


@contextmanager
def living_city(home: Path) -> Iterator[LivingCity]:
    """Open one, and close it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'dongchu.db'}",
        port=port,
        base_url=base,
        issuer=f"{base}/identity",
        is_demo=True,
    )
    house = open_house(settings)
    house.database.create_all()
    running = Running(build_apps(open_services(house), ("identity",)), port)
    settle(house)
    yield LivingCity(house, base)
    running.stop()
    house.database.close()
    house.ephemeral.close()
