"""What the connectors' tests share: a signed sender, the app behind its real door, and the world around it."""

import asyncio
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from litestar.testing import TestClient

from connectors.app import create_app
from connectors.events.signing import SigningKey, sign
from connectors.settings import ConnectorSettings
from connectors.simulators.app import TEMPLATES
from connectors.simulators.app import create_app as create_simulators
from connectors.simulators.population import SimulatedFirm, SimulatedPerson, load
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from connectors.wire import id_check_character
from kernel.clock import FixedClock
from kernel.house import House
from kernel.web.pages import Pages

EVENT_TIME = "2026-11-23T11:30:00+08:00"


def id_number(first_17: str) -> str:
    return first_17 + id_check_character(first_17)


PERSON = id_number("99020119650812882")
MOTHER = id_number("99020119900307452")
FATHER = id_number("99020119880101333")
FIRM = "91420200MA4A00001X"


def envelope(event_type: str, data: Any, event_id: str | None = None) -> bytes:
    """An event as a department writes it."""
    return msgspec.json.encode(
        {
            "event_id": event_id or f"evt-{uuid.uuid4().hex}",
            "event_type": event_type,
            "occurred_at": EVENT_TIME,
            "data": data,
        }
    )


def certificate(level: str = "1", category: str = "4") -> dict[str, str]:
    return {
        "cjrzh": f"{PERSON}{category}{level}",
        "xm": "柳如是",
        "cjlb": category,
        "cjdj": level,
        "fzrq": "20261101",
        "yxqz": "20361031",
    }


@pytest.fixture(scope="session")
def pages() -> Pages:
    """Made once: reading every template and asset takes longer than most tests."""
    return Pages({"connectors": TEMPLATES}, is_demonstration=True)


@pytest.fixture
def outside(house: House) -> ConnectorSettings:
    return ConnectorSettings.embedded(house.settings.base_url, house.settings.home)


@pytest.fixture
def door(house: House, outside: ConnectorSettings, pages: Pages) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(house, outside=outside, pages=pages)) as client:
        yield client


Push = Callable[..., httpx.Response]


@pytest.fixture
def push(door: TestClient[Litestar], house: House, outside: ConnectorSettings) -> Push:
    """Push a body the way a department does; ``key`` and ``headers`` to do it wrongly."""

    def push_signed(
        body: bytes,
        department: str = "disabled_federation",
        *,
        key: SigningKey | None = None,
        event_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        signed_id = event_id or msgspec.json.decode(body)["event_id"]
        key = key or outside.systems[department].signing_keys[0]
        signed = sign(key, signed_id, body, now=house.clock.now()) | (headers or {})
        return door.post(f"/connectors/events/{department}", content=body, headers=signed)

    return push_signed


@pytest.fixture
def world(house: House, clock: FixedClock, outside: ConnectorSettings) -> Iterator[World]:
    """The outside world without HTTP, standing still until stepped."""
    settings = SimulatorSettings(
        home=house.settings.home, outside=outside, events_url="http://127.0.0.1:9", payout_seconds=0
    )
    world = World(settings, clock)
    populate(world)
    yield world
    world.stop()


@pytest.fixture
def served(house: House, pages: Pages) -> Iterator[World]:
    """The outside world over real HTTP."""
    base = f"http://127.0.0.1:{free_port()}"
    settings = SimulatorSettings(
        home=house.settings.home,
        outside=ConnectorSettings.embedded(base, house.settings.home),
        events_url="http://127.0.0.1:9",
        is_pushing=False,
    )
    world = World(settings, house.clock)
    populate(world)
    with serving(
        create_simulators(settings, house.clock, world=world, pages=pages), int(base.rsplit(":")[-1])
    ):
        yield world


def populate(world: World) -> None:
    load(
        world.store,
        (
            SimulatedPerson(id_number=PERSON, name="柳如是", household_number="H001", division="420202006"),
            SimulatedPerson(id_number=MOTHER, name="周小满", household_number="H002", division="420281001"),
            SimulatedPerson(
                id_number=FATHER, name="阿卜杜拉·买买提", household_number="H002", division="420281001"
            ),
        ),
        (
            SimulatedFirm(
                uscc=FIRM,
                name="黄石样例机械有限公司",
                division="420202",
                representative_id_number=FATHER,
                representative_name="阿卜杜拉·买买提",
            ),
        ),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    """A real server in a thread of this process, listening when the block begins."""
    loop = asyncio.new_event_loop()
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    try:
        _wait_until_listening(port)
        yield
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        loop.close()


def _wait_until_listening(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("the test's server did not come up")


def eventually(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value of ``condition``, or a failure after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
