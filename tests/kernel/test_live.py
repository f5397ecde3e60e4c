"""The live stream over a real server: what was missed is replayed, what comes is pushed at once."""

import threading
import time
import uuid
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide

from kernel.house import House
from kernel.notices import notify
from kernel.web.live import live_routes
from kernel.web.principal import Principal
from kernel.wording import as_said

PRINCIPAL = Principal(
    subject_id=7,
    name="某人",
    capacity="self",
    acting_for=7,
    acting_for_name="某人",
    seat=None,
    scopes=frozenset(),
    acr="1",
    client_id="tong",
    grant_id=uuid.UUID(int=1),
)


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """A running portal with nothing but ``/live``."""
    import asyncio

    from granian.constants import Interfaces
    from granian.server.embed import Server

    from tests.portals.test_server import free_port

    app = Litestar(
        [live_routes(house)], dependencies={"principal": Provide(lambda: PRINCIPAL, sync_to_thread=False)}
    )
    port = free_port()
    loop = asyncio.new_event_loop()
    server: list[Server] = []

    async def serve() -> None:
        server.append(Server(app, port=port, interface=Interfaces.ASGI))
        await server[0].serve()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    for _ in range(3000):
        try:
            httpx.get(f"http://127.0.0.1:{port}/nothing", timeout=60)
            break
        except httpx.ConnectError:
            time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/live"
    loop.call_soon_threadsafe(server[0].stop)
    thread.join(10)
    loop.close()


def _tell(house: House, title: str, subject_id: int = 7) -> int:
    with house.database.write() as session:
        return notify(
            session,
            subject_id=subject_id,
            kind="offer",
            title=as_said(title),
            body=as_said("…"),
            link="/x",
            now=house.clock.now(),
        )


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    number = ""
    for line in lines:
        if line.startswith("id: "):
            number = line[4:]
        if line.startswith("data: "):
            yield number, msgspec.json.decode(line[6:])


def test_a_stream_replays_after_its_last_event_and_then_pushes(house: House, address: str) -> None:
    first, second = _tell(house, "一"), _tell(house, "二")
    _tell(house, "别人的", subject_id=8)
    with httpx.stream("GET", address, headers={"Last-Event-ID": str(first)}, timeout=60) as answer:
        events = _events(answer.iter_lines())
        assert next(events) == (str(second), {"id": second, "title": "二", "link": "/x", "unread": 2})
        third = _tell(house, "三")
        assert next(events)[0] == str(third)


def test_without_streams_the_same_news_come_as_a_list(house: House, address: str) -> None:
    number = _tell(house, "一")
    answer = httpx.get(address, params={"last_event_id": number - 1}, headers={"Accept": "application/json"})
    assert [each["id"] for each in answer.json()] == [number]


@pytest.mark.parametrize("bad", ["-1", "x", "9" * 40, "1;drop"])
def test_a_senseless_last_event_is_ignored(address: str, bad: str) -> None:
    answer = httpx.get(address, params={"last_event_id": bad}, headers={"Accept": "application/json"})
    assert answer.status_code == 200
