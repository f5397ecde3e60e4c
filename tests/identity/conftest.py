"""A live identity service on a real port, with a few people, a firm and a seat behind it."""

import asyncio
import contextlib
import re
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from connectors.settings import ConnectorSettings
from connectors.simulators import population
from connectors.simulators.app import create_app as simulators
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.store import Store
from identity import service, tables
from identity.app import LOCALE, TEMPLATES, create_app
from identity.oauth.provider import open_provider
from identity.oauth.routes import root_metadata_handler
from identity.registry import service as registry
from identity.registry.identifiers import id_check_character
from identity.registry.schemas import RelationshipRow
from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.i18n import Translations
from kernel.settings import Settings
from kernel.web.pages import Pages
from kernel.web.preferences import preferences_and_static
from portals.server import PathApps
from tests.conftest import NOON
from tests.identity.relying_party import CALLBACK, MINI_APP, MINI_SECRET, OTHER_SECRET, PASSWORD, Surfer
from tests.made_once import lay_tables

assert tables.TABLES


def id_number(first_17: str) -> str:
    return first_17 + id_check_character(first_17)


DAUGHTER_ID = id_number("42990019740512102")
MOTHER_ID = id_number("42990019440316104")
BABY_ID = id_number("42990020260101101")
OFFICIAL_ID = id_number("42990019850708103")
DAUGHTER_PHONE = "13900005678"
#: Whom public security knows, and who may therefore register.
NEWCOMER_ID, CHILD_ID = id_number("42990019880808105"), id_number("42990020180808106")
NEWCOMERS = tuple(
    population.SimulatedPerson(id_number=number, name=name, household_number="1", division="420203")
    for number, name in (
        (NEWCOMER_ID, "阿依古丽·买买提"),
        (CHILD_ID, "买买提小满"),
        (DAUGHTER_ID, "周小兰"),
        (MOTHER_ID, "陈桂英"),
    )
)


@dataclass(frozen=True)
class People:
    daughter: int
    mother: int
    baby: int
    official: int
    firm: int
    seat: int


def settle(house: House) -> People:
    """Register everybody and give them accounts, a child, a firm and a seat."""
    with house.database.write() as session:

        def person(name: str, number: str) -> int:
            return registry.ensure(
                session,
                kind="person",
                name=name,
                identifier_kind="id_number",
                identifier=number,
                vault=house.vault,
                now=house.clock.now(),
            )

        daughter, mother = person("周小兰", DAUGHTER_ID), person("陈桂英", MOTHER_ID)
        baby, official = person("周小满", BABY_ID), person("柯建国", OFFICIAL_ID)
        firm = registry.ensure(
            session,
            kind="firm",
            name="磁湖演示科技有限公司",
            identifier_kind="uscc",
            identifier="91429900MA4DEM12X3",
            vault=house.vault,
            now=house.clock.now(),
        )
        for kind, child_or_firm in (("parent", baby), ("legal_representative", firm)):
            registry.load_relationships(
                session,
                [
                    RelationshipRow(
                        kind=kind,  # type: ignore[arg-type]
                        from_subject=daughter,
                        to_subject=child_or_firm,
                        source="test",
                        from_on=date(2026, 1, 1),
                        until_on=None,
                    )
                ],
            )
        for subject, login in ((daughter, "xiaolan"), (mother, "guiying"), (official, "jianguo")):
            service.create_account(
                session,
                house=house,
                subject_id=subject,
                login_name=login,
                password=PASSWORD,
                phone=DAUGHTER_PHONE if subject == daughter else None,
                is_real_name=subject == daughter,
            )
        seat = service.create_seat(
            session,
            division_code="420203",
            division_name="西塞山区",
            department="民政局",
            title="待遇审核岗",
            duties=["claim.decide"],
        )
        service.assign_seat(session, house=house, seat_id=seat, subject_id=official)
        return People(daughter, mother, baby, official, firm, seat)


class Running:
    """An ASGI app served by granian in a thread of this process."""

    def __init__(self, app: Any, port: int) -> None:
        self._server = Server(
            app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._await_port(port)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _await_port(self, port: int) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            threading.Event().wait(0.02)
        raise RuntimeError("the server did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class World:
    """The simulated systems outside, served once for all tests of a run."""

    home: Path
    settings: ConnectorSettings

    def message_to(self, phone: str) -> str:
        """The newest short message to a phone, as the simulated gateway kept it."""
        with contextlib.closing(sqlite3.connect(self.home / "simulators.db")) as store:
            row = store.execute(
                "SELECT text FROM short_message WHERE phone = ? ORDER BY rowid DESC LIMIT 1", (phone,)
            ).fetchone()
        assert row is not None, "no message came"
        return row[0]

    def code_to(self, phone: str) -> str:
        """The code in it."""
        found = re.search(r"[0-9]{6}", self.message_to(phone))
        assert found is not None
        return found.group()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Message gateway, public security, upstream identities."""
    home, port = tmp_path_factory.mktemp("world"), free_port()
    base = f"http://127.0.0.1:{port}"
    outside = ConnectorSettings.embedded(base, home)
    store = Store(home)
    population.load(store, NEWCOMERS)
    store.close()
    app = simulators(SimulatorSettings.embedded(home, base, outside), FixedClock(NOON))
    running = Running(app, port)
    yield World(home, outside)
    running.stop()


@dataclass(frozen=True)
class City:
    """What a test needs of the running service."""

    house: House
    people: People
    clock: FixedClock
    url: str
    app: Litestar
    outside: "World | None" = None
    surfers: list[Surfer] = field(default_factory=list)

    def surfer(self, **options: Any) -> Surfer:
        """A browser that is closed when the test is over."""
        self.surfers.append(Surfer(self.url, **options))
        return self.surfers[-1]

    @property
    def issuer(self) -> str:
        return self.house.settings.issuer


PortalApp = Callable[[House, str], Litestar]


@cache
def pages_of_identity() -> Pages:
    """Nothing in them is any city's."""
    return Pages({"identity": TEMPLATES}, translations=Translations.load([LOCALE]))


def open_city(
    home: Path,
    database_url: str,
    portals: Mapping[str, PortalApp] | None = None,
    outside: "World | None" = None,
    host: str = "127.0.0.1",
) -> tuple[City, Running]:
    """A running service of its own, on a port of its own, with the portals asked for."""
    port = free_port()
    base = f"http://{host}:{port}"
    clock = FixedClock(NOON)
    settings = Settings(
        home=home,
        database_url=database_url,
        port=port,
        base_url=base,
        issuer=f"{base}/identity",
        is_demo=True,
    )
    house = open_house(settings, clock)
    lay_tables(house.database)
    pages = pages_of_identity()
    app = create_app(house, pages, outside=outside.settings if outside else None)
    root = Litestar(
        [preferences_and_static(pages), root_metadata_handler(open_provider(house))], openapi_config=None
    )
    people = settle(house)
    apps = {f"/{name}": make(house, name) for name, make in (portals or {}).items()}
    return City(house, people, clock, base, app, outside), Running(
        PathApps({"/": root, "/identity": app, **apps}), port
    )


def close_city(city: City, running: Running) -> None:
    for surfer in city.surfers:
        surfer.close()
    running.stop()
    city.house.database.close()
    city.house.ephemeral.close()


def open_with_clients(
    home: Path, database_url: str, outside: World | None = None, host: str = "127.0.0.1"
) -> tuple[City, Running]:
    """A city with two confidential outside clients and a public one."""
    opened, running = open_city(home, database_url, outside=outside, host=host)
    with opened.house.database.write() as session:
        for client_id, secret in ((MINI_APP, MINI_SECRET), ("other-app", OTHER_SECRET), ("phone-app", None)):
            service.register_client(
                session,
                house=opened.house,
                client_id=client_id,
                name="公交小程序",
                redirect_uris=[CALLBACK],
                post_logout_redirect_uris=["http://127.0.0.1:9/bye"],
                secret=secret,
            )
    return opened, running


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One running city for the tests of a file that only sign in and out."""
    home = tmp_path_factory.mktemp("city")
    opened, running = open_with_clients(home, f"sqlite:///{home / 'dongchu.db'}")
    yield opened
    close_city(opened, running)


@pytest.fixture(scope="session")
def shared_city(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[City]:
    """One running city with the world outside, under a name (passkeys want one), for all tests of a run."""
    home = tmp_path_factory.mktemp("connected")
    opened, running = open_with_clients(home, f"sqlite:///{home / 'dongchu.db'}", world, "localhost")
    yield opened
    close_city(opened, running)


@pytest.fixture
def there(shared_city: City) -> Iterator[City]:
    """That city at noon, with nobody's tries counted; each test brings people of its own."""
    shared_city.house.ephemeral.close()
    yield shared_city
    shared_city.clock.move(NOON - shared_city.clock.now())
    shared_city.house.ephemeral.close()
    while shared_city.surfers:
        shared_city.surfers.pop().close()


@pytest.fixture
def own_city(tmp_path: Path) -> Iterator[City]:
    """A running city of its own, for a test that changes more than that."""
    opened, running = open_with_clients(tmp_path, f"sqlite:///{tmp_path / 'dongchu.db'}")
    yield opened
    close_city(opened, running)


@pytest.fixture
def postgres_city(tmp_path: Path, postgres_url: str) -> Iterator[City]:
    """The same on real PostgreSQL, where writers really run side by side."""
    opened, running = open_with_clients(tmp_path, postgres_url)
    yield opened
    close_city(opened, running)
