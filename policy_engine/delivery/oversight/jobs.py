"""The ready questions are put to the books every night; looking and writing are apart, and writing is in small pieces."""

from collections.abc import Mapping
from datetime import timedelta

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import Handler, Message, Schedule
from policy_engine.delivery.oversight import service
from policy_engine.delivery.oversight.questions import QUESTIONS
from policy_engine.delivery.ports import Ports

TOPIC = "oversight.look"
SCHEDULES = (Schedule(TOPIC, timedelta(days=1)),)
WRITTEN_AT_ONCE = 50


def look(database: Database, clock: Clock, ports: Ports) -> int:
    """Every question once; how many cases are new. Safe to repeat: what is known stays one case."""
    new = 0
    for question in QUESTIONS.values():
        now = clock.now()
        with database.read() as session:
            found = list(question.find(session, ports, now))
        for start in range(0, len(found), WRITTEN_AT_ONCE):
            part = found[start : start + WRITTEN_AT_ONCE]
            with database.write() as session:
                new += service.record_found(session, question, part, now=now)
        with database.write() as session:
            service.no_longer_found(session, question, now=now)
    return new


def handlers(database: Database, clock: Clock, ports: Ports) -> Mapping[str, Handler]:
    def look_at_all(_message: Message) -> None:
        look(database, clock, ports)

    return {TOPIC: look_at_all}
