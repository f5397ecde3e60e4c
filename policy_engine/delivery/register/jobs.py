"""Every ten minutes the register is made afresh; once a day what it says of persons takes its next step, where enough
people were paid for one."""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import Handler, Message, Schedule
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.register import repository, service
from policy_engine.delivery.register.models import RegisterCell
from policy_engine.delivery.register.settling import key_of, steps
from policy_engine.delivery.reports import repository as reports

TOPIC: Final = "register.settle"
MAKE: Final = "register.make"
EVERY: Final = timedelta(minutes=10)
SCHEDULES: Final = (Schedule(TOPIC, timedelta(days=1)), Schedule(MAKE, EVERY))


def handlers(database: Database, clock: Clock, ports: Ports) -> dict[str, Handler]:
    def settle_today(_message: Message) -> None:
        with database.write() as session:
            settle(session, clock)

    def make_afresh(_message: Message) -> None:
        now = clock.now()
        with database.read() as session:
            last = reports.made_at(session, service.NAME)
        if last is None or last + EVERY / 2 < now:  # another worker may just have made it
            service.keep(database, ports, now=now)

    return {TOPIC: settle_today, MAKE: make_afresh}


def settle(session: Session, clock: Clock) -> int:
    """Publish every step that may be taken; how many groups moved. Safe to repeat."""
    now = (
        clock.now()
    )  # before anything is read: who is paid meanwhile counts for the next step at the earliest
    known = {(one.policy_id, one.year, one.county): one for one in repository.standing(session)}
    standing = {key: repository.Cell(*key, one.people, one.fen) for key, one in known.items()}
    moved = steps(standing, repository.counted(session))
    for cell in moved:
        row = known.get(key_of(cell)) or RegisterCell(
            policy_id=cell.policy_id, year=cell.year, county=cell.county
        )
        row.people, row.fen, row.settled_at = cell.people, cell.fen, now
        session.add(row)
    session.flush()
    return len(moved)
