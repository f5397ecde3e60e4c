"""Polling finds what pushing missed, and never finds anything twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar

from connectors.app import create_app
from connectors.events import repository
from connectors.events.departments import DEPARTMENTS
from connectors.events.feed import EventFeed, EventPage
from connectors.events.models import ReceivedEvent, RejectedEvent
from connectors.events.poll import poll_all, poll_department
from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app as create_simulators
from connectors.simulators.departments.disabled_federation import IssueCertificate, issue
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.errors import OutsideUnavailable
from kernel.house import House
from kernel.outbox import OutboxMessage
from kernel.web.pages import Pages
from tests.connectors.conftest import (
    PERSON,
    Push,
    certificate,
    envelope,
    eventually,
    free_port,
    populate,
    serving,
)

FEDERATION = DEPARTMENTS["disabled_federation"]


class FixedFeed(EventFeed):
    """A department's list without HTTP: ``pages`` by cursor."""

    def __init__(self, *bodies: bytes, page: int = 100) -> None:
        self.bodies = bodies
        self.page = page

    def events_after(self, cursor: str) -> EventPage:
        start = int(cursor or "0")
        found = self.bodies[start : start + self.page]
        return EventPage(tuple(msgspec.Raw(body) for body in found), str(start + len(found)))


class StuckFeed(FixedFeed):
    """Gives the same full page for ever."""

    def events_after(self, cursor: str) -> EventPage:
        assert cursor in ("", "x")
        return EventPage(tuple(msgspec.Raw(body) for body in self.bodies), "x")


@dataclass(frozen=True)
class Both:
    """The door, not yet open, and the world that pushes to its port."""

    world: World
    outside: ConnectorSettings
    door: Litestar
    port: int


def counts(house: House) -> tuple[int, int, int]:
    """(received, rejected, messages)"""
    with house.database.read() as session:
        tables = (ReceivedEvent, RejectedEvent, OutboxMessage)
        received, rejected, messages = (
            session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables
        )
    return received, rejected, messages


def test_polling_reads_on_from_where_it_stopped(house: House) -> None:
    bodies = [envelope("certificate_issued", certificate(), f"evt-0000000{n}") for n in range(3)]
    assert poll_department(house, FEDERATION, FixedFeed(*bodies[:2])) == 2
    assert poll_department(house, FEDERATION, FixedFeed(*bodies)) == 1
    assert poll_department(house, FEDERATION, FixedFeed(*bodies)) == 0
    assert counts(house) == (3, 0, 3)


def test_more_than_a_page_is_read_to_the_end(house: House) -> None:
    bodies = [envelope("certificate_issued", certificate(), f"evt-{n:08}") for n in range(230)]
    assert poll_department(house, FEDERATION, FixedFeed(*bodies)) == 230
    assert counts(house) == (230, 0, 230)


def test_a_department_that_repeats_its_page_for_ever_is_left(house: House) -> None:
    bodies = [envelope("certificate_issued", certificate(), f"evt-{n:08}") for n in range(100)]
    assert poll_department(house, FEDERATION, StuckFeed(*bodies)) == 200
    assert counts(house) == (100, 0, 100)


def test_what_was_pushed_is_not_polled_again(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate())
    push(body)
    poll_department(house, FEDERATION, FixedFeed(body))
    assert counts(house) == (1, 0, 1)


def test_what_was_polled_is_not_pushed_again(house: House, push: Push) -> None:
    body = envelope("certificate_issued", certificate())
    poll_department(house, FEDERATION, FixedFeed(body))
    assert push(body).status_code == 200
    assert counts(house) == (1, 0, 1)


def test_one_bad_event_does_not_hold_up_the_others(house: House) -> None:
    good = envelope("certificate_issued", certificate())
    bad = envelope("certificate_issued", certificate("1") | {"cjdj": "9"})
    assert poll_department(house, FEDERATION, FixedFeed(bad, good)) == 2
    assert counts(house) == (1, 1, 1)
    with house.database.read() as session:
        assert "cjdj" in repository.latest_rejected(session)[0].reason


@pytest.fixture
def both(house: House, clock: FixedClock, pages: Pages, request: pytest.FixtureRequest) -> Iterator[Both]:
    """The door and the world, each serving on a port of its own, pushing and polling over real HTTP."""
    port, world_port = free_port(), free_port()
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{world_port}", house.settings.home)
    settings = SimulatorSettings(
        home=house.settings.home,
        outside=outside,
        events_url=f"http://127.0.0.1:{port}/connectors/events",
        is_pushing=getattr(request, "param", True),
        longest_pause=0.2,
    )
    world = World(settings, clock)
    populate(world)
    door: Litestar = create_app(house, outside=outside, pages=pages)
    with serving(create_simulators(settings, clock, world=world, pages=pages), world_port):
        yield Both(world, outside, door, port)


def test_a_push_is_tried_until_it_is_received(house: House, both: Both) -> None:
    world = both.world
    issue(world.desk, IssueCertificate(id_number=PERSON))
    eventually(lambda: world.store.row("SELECT 1 FROM event WHERE attempts > 0"))
    with serving(both.door, both.port):
        eventually(lambda: world.store.row("SELECT 1 FROM event WHERE state = 'delivered'"))
    assert counts(house) == (1, 0, 1)


def test_push_and_poll_together_make_one_message(house: House, both: Both) -> None:
    world = both.world
    with serving(both.door, both.port):
        for _ in range(5):
            issue(world.desk, IssueCertificate(id_number=PERSON))
            poll_all(house, both.outside)
        eventually(lambda: not world.store.rows("SELECT 1 FROM event WHERE state = 'waiting'"))
    assert counts(house) == (5, 0, 5)


@pytest.mark.parametrize("both", [False], indirect=True)
def test_a_department_that_is_down_does_not_stop_the_others(house: House, both: Both) -> None:
    world, outside = both.world, both.outside
    issue(world.desk, IssueCertificate(id_number=PERSON))
    set_fault(world.store, "civil_affairs", Fault(mode="down"))
    read = poll_all(house, outside)
    assert "civil_affairs" not in read
    assert read["disabled_federation"] == 1


@pytest.mark.parametrize("both", [False], indirect=True)
def test_a_wrong_token_reads_nothing(both: Both) -> None:
    system = both.outside.systems["health"]
    feed = EventFeed("卫健", msgspec.structs.replace(system, token="wrong"), first_pause=0.01)
    with pytest.raises(OutsideUnavailable):
        feed.events_after("")
    feed.close()


@pytest.mark.parametrize("both", [False], indirect=True)
def test_the_world_moves_with_the_houses_clock(both: Both, clock: FixedClock) -> None:
    world, outside = both.world, both.outside
    clock.move(timedelta(days=31))
    issue(world.desk, IssueCertificate(id_number=PERSON))
    url = f"{outside.systems['disabled_federation'].base_url}/events"
    token = outside.systems["disabled_federation"].token
    answer = httpx.get(url, headers={"authorization": f"Bearer {token}"}).json()
    assert answer["events"][0]["occurred_at"].startswith("2026-12-24")
