"""The books looked through: every balance held against its entries and against what payments were promised.

It reads every entry there is, so the worker does it every hour, and whoever opens the books reads what it found and when.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import Handler, Message, Schedule, enqueue
from kernel.outbox.repository import has_undone
from policy_engine.delivery.ledger.service import defects
from policy_engine.delivery.reports import repository as reports

TOPIC: Final = "ledger.look"
NAME: Final = "books"
#: The key of a look that somebody asked for.
ASKED: Final = "ledger.look:asked"
SCHEDULES: Final = (Schedule(TOPIC, timedelta(hours=1)),)
#: What another worker found so lately need not be looked for again.
FRESH_FOR: Final = timedelta(minutes=50)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """``defects`` is empty when all is well."""

    at: datetime
    defects: tuple[str, ...]


def handlers(database: Database, clock: Clock) -> dict[str, Handler]:
    def look_hourly(message: Message) -> None:
        with database.read() as session:
            last = reports.made_at(session, NAME)
        if last is None or last + FRESH_FOR < clock.now() or message.key == ASKED:
            look(database, clock)

    return {TOPIC: look_hourly}


def ask(session: Session, *, now: datetime) -> None:
    """Look as soon as the worker can, whenever it looked last; asked twice it looks once."""
    if not has_undone(session, ASKED):
        enqueue(session, TOPIC, ASKED, {}, now=now)


def look(database: Database, clock: Clock) -> Looked:
    """Now, whenever it was looked last."""
    now = clock.now()
    with database.read() as session:
        found = Looked(at=now, defects=tuple(defects(session)))
    with database.write() as session:
        reports.keep(session, NAME, msgspec.json.encode(found), now=now)
    return found


def last_look(session: Session) -> Looked | None:
    kept = reports.content_of(session, NAME)
    return None if kept is None else msgspec.json.decode(kept, type=Looked)
