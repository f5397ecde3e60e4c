"""Every hour: yesterday's statement, and those of earlier days on which something is still open."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import Handler, Message, Schedule
from policy_engine.delivery.payments.orders import ask_soon
from policy_engine.delivery.ports import Statements
from policy_engine.delivery.reconciliation import repository
from policy_engine.delivery.reconciliation.service import reconcile_day

DAILY: Final = "reconciliation.daily"
SCHEDULES = (Schedule(DAILY, timedelta(hours=1)),)
#: So long a payment that the treasury has not told us of may settle a difference by itself.
LOOK_BACK = 14


def handlers(database: Database, clock: Clock, statements: Statements) -> Mapping[str, Handler]:
    """What the worker calls. The bank is asked outside any transaction."""

    def daily(_message: Message) -> None:
        yesterday = clock.today() - timedelta(days=1)
        with database.read() as session:
            is_done = repository.get_day(session, yesterday) is not None
            again = repository.open_days_before(session, clock.today(), LOOK_BACK)
        for day in dict.fromkeys([*([] if is_done else [yesterday]), *again]):
            reconcile(database, clock, statements, day)

    return {DAILY: daily}


def reconcile(database: Database, clock: Clock, statements: Statements, day: date) -> None:
    """Fetch one day's statement and hold it against the books. Raises ``OutsideFailure`` and changes nothing.

    Of what came back after it had arrived (退票 days later) nobody else tells us: the treasury is asked, and its word is
    booked as any other.
    """
    lines = statements.of_day(day)
    with database.write(timeout=60) as session:
        now = clock.now()
        reconcile_day(session, day, lines, now=now)
        ask_soon(session, repository.came_back_on(session, day), now=now)
