"""How messages ended that a worker had in hand, written many in a statement."""

from collections import defaultdict
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from kernel.outbox import repository
from kernel.outbox.repository import Failure, Message

#: What is to be written about messages when their handler has ended: done (None), or how each failed.
Outcomes: TypeAlias = list[tuple[Message, Failure | None]]


def settle(session: Session, outcomes: Outcomes, *, now: datetime) -> None:
    """What is done in one statement, what failed alike in one as well."""
    together: defaultdict[Failure | None, list[Message]] = defaultdict(list)
    for message, failure in outcomes:
        together[failure].append(message)
    for failure, messages in together.items():
        if failure is None:
            repository.finish(session, messages, now=now)
        else:
            repository.fail(session, messages, failure)
