"""Background work of incoming events: every department is asked for what its pushes may have missed."""

from collections.abc import Mapping
from datetime import timedelta

from connectors.events.poll import poll_all
from connectors.settings import ConnectorSettings
from kernel.house import House
from kernel.outbox import Handler, Message, Schedule

POLL_TOPIC = "connector.poll"
SCHEDULES = (Schedule(POLL_TOPIC, timedelta(seconds=30)),)


def handlers(house: House, outside: ConnectorSettings) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""

    def poll(_message: Message) -> None:
        poll_all(house, outside)

    return {POLL_TOPIC: poll}
