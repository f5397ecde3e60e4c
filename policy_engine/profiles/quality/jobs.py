"""The data are looked through once a day."""

from collections.abc import Mapping
from datetime import timedelta

from kernel.house import House
from kernel.outbox import Handler, Message, Schedule
from policy_engine.profiles.quality.service import look

QUALITY_TOPIC = "facts.quality"
SCHEDULES = (Schedule(QUALITY_TOPIC, timedelta(days=1)),)


def handlers(house: House) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""

    def look_through(_message: Message) -> None:
        look(house.database, today=house.clock.today(), now=house.clock.now())

    return {QUALITY_TOPIC: look_through}
