"""What the worker does for the connectors: asks departments when the schedule says so."""

import sqlalchemy as sa

from connectors.events import jobs as event_jobs
from connectors.events.models import ReceivedEvent
from connectors.simulators.departments.disabled_federation import IssueCertificate, issue
from connectors.simulators.world import World
from kernel.house import House
from kernel.outbox import Worker, enqueue
from tests.connectors.conftest import PERSON


def test_the_schedule_polls_every_department(house: House, served: World) -> None:
    issue(served.desk, IssueCertificate(id_number=PERSON))
    with house.database.write() as session:
        enqueue(session, event_jobs.POLL_TOPIC, "poll", {}, now=house.clock.now())
    handlers = dict(event_jobs.handlers(house, served.settings.outside))
    handlers["department.event"] = lambda _message: None
    assert Worker(house.database, house.clock, handlers).run_until_idle() == 2
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(ReceivedEvent)) == 1
