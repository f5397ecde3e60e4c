"""What the worker does for the connectors: asks departments, and summons people to their inbox."""

from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa

from connectors.events import jobs as event_jobs
from connectors.events.models import ReceivedEvent
from connectors.messaging import jobs as message_jobs
from connectors.messaging.client import MessagingClient
from connectors.messaging.texts import check_text
from connectors.settings import ConnectorSettings
from connectors.simulators.app import create_app
from connectors.simulators.departments.disabled_federation import IssueCertificate, issue
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.house import House
from kernel.notices.service import notify, set_preference
from kernel.outbox import Worker, enqueue
from kernel.web.pages import Pages
from tests.connectors.conftest import PERSON, free_port, populate, serving


@pytest.fixture
def served(house: House, pages: Pages) -> Iterator[World]:
    base = f"http://127.0.0.1:{free_port()}"
    settings = SimulatorSettings(
        home=house.settings.home,
        outside=ConnectorSettings.embedded(base, house.settings.home),
        events_url="http://127.0.0.1:9",
        is_pushing=False,
    )
    world = World(settings, house.clock)
    populate(world)
    with serving(create_app(settings, house.clock, world=world, pages=pages), int(base.rsplit(":")[-1])):
        yield world


def messages_sent(world: World) -> list[str]:
    return [row["text"] for row in world.store.rows("SELECT text FROM short_message ORDER BY sent_at")]


def tell(house: House, world: World, phone: str | None) -> None:
    """Write a notice to subject 7 and let the worker deliver it."""
    with house.database.write() as session:
        notify(
            session,
            subject_id=7,
            kind="offer",
            title="重度残疾人护理补贴",
            body="每月100元",
            now=house.clock.now(),
        )
    client = MessagingClient(world.settings.outside.systems["messaging"])
    handlers = message_jobs.handlers(house, client, lambda _session, _subject: phone)
    Worker(house.database, house.clock, handlers).run_until_idle()
    client.close()


def test_the_schedule_polls_every_department(house: House, served: World) -> None:
    issue(served.desk, IssueCertificate(id_number=PERSON))
    with house.database.write() as session:
        enqueue(session, event_jobs.POLL_TOPIC, "poll", {}, now=house.clock.now())
    handlers = dict(event_jobs.handlers(house, served.settings.outside))
    handlers["department.event"] = lambda _message: None
    assert Worker(house.database, house.clock, handlers).run_until_idle() == 2
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ReceivedEvent)) == 1


def test_a_notice_summons_without_saying_what_it_is_about(house: House, served: World) -> None:
    tell(house, served, "10000000000")
    (text,) = messages_sent(served)
    assert "护理" not in text
    assert "100" not in text.split("核验编号")[0]
    check_text(text)


@pytest.mark.parametrize("check_number", ["0000000000", "9999999999"])
def test_the_summons_may_always_leave(check_number: str) -> None:
    check_text(message_jobs.summons(check_number))


def test_without_a_phone_nothing_is_sent(house: House, served: World) -> None:
    tell(house, served, None)
    assert messages_sent(served) == []


def test_who_does_not_want_messages_gets_none(house: House, served: World) -> None:
    with house.database.write() as session:
        set_preference(session, 7, "sms", is_enabled=False)
    tell(house, served, "10000000000")
    assert messages_sent(served) == []


def test_a_demonstrator_can_read_what_was_sent(house: House, served: World) -> None:
    tell(house, served, "10000000000")
    base = served.settings.outside.systems["messaging"].base_url.removesuffix("/messaging")
    assert httpx.get(f"{base}/admin/messages").json()[0]["phone"] == "10000000000"
