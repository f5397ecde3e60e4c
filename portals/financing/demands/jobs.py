"""What the calendar asks of demands: reminders, breaches, passing by a bank that never answered, authorisations that end."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.house import House
from kernel.outbox import Handler, Message, Schedule
from portals.financing.demands import authorisation, repository, service
from portals.financing.demands.clocks import running
from portals.financing.demands.models import Application
from portals.financing.demands.notices import tell_bank
from portals.financing.demands.schemas import CLOCK
from portals.financing.demands.states import ApplicationState as A

CLOCKS_TOPIC = "financing.clocks"
SCHEDULES = (Schedule(CLOCKS_TOPIC, timedelta(minutes=1)),)
BATCH = 100


def handlers(house: House) -> dict[str, Handler]:
    """For the worker."""

    def clocks(_message: Message) -> None:
        while ring_due(house) == BATCH:
            pass
        with house.database.write() as session:
            authorisation.expire(session, now=house.clock.now(), limit=BATCH)

    return {CLOCKS_TOPIC: clocks}


def ring_due(house: House) -> int:
    """One batch of applications whose clock has something to do, a transaction each; how many."""
    now = house.clock.now()
    with house.database.read() as session:
        due = repository.clocks_due(session, now, BATCH)
    for application_id in due:
        with house.database.write() as session:
            ring(session, application_id, now=now)
    return len(due)


def ring(session: Session, application_id: uuid.UUID, *, now: datetime) -> None:
    """Remind of what is half gone, note what is over; a breach is noted once and stays with the bank."""
    application = repository.application(session, application_id)
    demand = None if application is None else repository.lock_demand(session, application.demand_id)
    if application is None or demand is None:
        return
    session.refresh(application)
    if application.next_clock_at is None or application.next_clock_at > now:
        return
    breached = {one["clock"] for one in application.breaches}
    for clock in running(application.state, application.routed_at, application.contracted_at):
        if clock.due_at <= now and clock.name not in breached:
            _breach(session, application, clock.name, clock.due_at, now)
        elif clock.remind_at <= now and clock.name not in {*application.reminded, *breached}:
            application.reminded = [*application.reminded, clock.name]
            tell_bank(session, application, "remind", now=now)
    if application.state == A.ROUTED and any(one["clock"] == "contact" for one in application.breaches):
        service.move(session, application.id, "pass_by", by=CLOCK, now=now)
    service.set_clock(application)


def _breach(session: Session, application: Application, name: str, due_at: datetime, now: datetime) -> None:
    application.breaches = [
        *application.breaches,
        {"clock": name, "due": due_at.isoformat(), "seen": now.isoformat()},
    ]
    service.note_breach(session, application, name, now=now)
    tell_bank(session, application, "breach", now=now)
