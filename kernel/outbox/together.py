"""Handlers whose whole effect is one transaction here, and the drain that gives them many messages at a time.

Where nothing outside is asked, a message needs no lease: a drain takes a chunk of messages by the locks of their rows,
has them done, and marks them done, all in one transaction. So what a burst of events costs in commits does not grow
with the events, and a message and its effect cannot come apart: nor does the commit wait for the disk, as after a power
failure both have not happened, or both have. What goes wrong undoes the chunk; then each of its
messages is done alone, so that only the one that cannot be done waits, is tried again, and becomes a dead letter.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import repository
from kernel.outbox.failing import Pauses
from kernel.outbox.repository import Message

log = logging.getLogger(__name__)

Effect: TypeAlias = Callable[[Session, Sequence[Message]], None]
#: Messages taken at once, and for how long a turn at the gate of SQLite goes on taking more.
CHUNK = 32
TURN_SECONDS = 0.04


class Together:
    """A handler for many messages of one topic in one transaction; called with one message it does that one alone.

    ``effect`` is given messages that had no effect yet, in order and each of another key, and must do all of them or
    raise; it never commits. It may be called again for fewer of them after everything was undone.
    """

    def __init__(self, database: Database, name: str, effect: Effect) -> None:
        self._database = database
        self._name = name
        self._effect = effect

    def __call__(self, message: Message) -> None:
        with self._database.write(timeout=30) as session:
            if repository.once(session, self._name, message.message_id):
                self._effect(session, [message])

    def followed_by(self, effect: Effect) -> "Together":
        """The same with another effect after it, in the same transaction."""

        def both(session: Session, messages: Sequence[Message]) -> None:
            self._effect(session, messages)
            effect(session, messages)

        return Together(self._database, self._name, both)

    def do(self, session: Session, messages: Sequence[Message]) -> None:
        """The effect of all of them in the caller's transaction, which marks them done as well.

        So it has it once, and nothing need be written down of it. Only one that somebody has tried before may have had its
        effect without being marked: by a lease.
        """
        fresh = [
            one
            for one in messages
            if one.attempts == 1 or repository.once(session, self._name, one.message_id)
        ]
        if fresh:
            self._effect(session, fresh)


class Drain:
    """Does what is due on the topics of some ``Together`` handlers, chunk by chunk. One thread of a worker runs one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Together],
        pauses: Pauses,
        *,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = handlers
        self._pauses = pauses
        self._topics = deque(handlers)
        self._turn_seconds = turn_seconds
        self._may_be_more = False

    def run_once(self, most: int = CHUNK, *, is_expected: bool = False) -> int:
        """Do one chunk and what follows from it; how many messages were dealt with. None: nothing is due.

        Where something is expected nobody looks whether it is there before it is taken.
        """
        if not self._handlers or not (is_expected or self._may_be_more or self._has_due()):
            return 0
        self._may_be_more = False
        taken: list[Message] = []
        try:
            with self._database.write(timeout=30, is_redone=True) as session:
                self._take_turn(session, taken, most)
        except Exception as error:
            if not taken:
                raise
            self._each_alone(taken, error)
            self._may_be_more = True
        return len(taken)

    def _take_turn(self, session: Session, taken: list[Message], most: int) -> None:
        """One chunk. On SQLite also what it leads to, in the same turn at the gate, while there is time.

        On PostgreSQL each chunk has a transaction of its own: what one topic locks and what the next one does are each
        in an order for everybody, both together are not.
        """
        ends_at = time.monotonic() + self._turn_seconds
        while messages := self._take(session, most):
            taken += messages
            self._do(session, messages)
            if not self._database.is_sqlite or messages[0].attempts > 1 or time.monotonic() > ends_at:
                self._may_be_more = True
                return

    def _take(self, session: Session, most: int) -> list[Message]:
        """The next ones of one topic, the topics in turn; what has failed before comes alone."""
        now = self._clock.now()  # what was enqueued in this very turn is due
        for _ in range(len(self._topics)):
            topic = self._topics[0]
            self._topics.rotate(-1)
            if messages := repository.take(session, topic, now=now, most=most):
                fresh = [one for one in messages if one.attempts == 1]
                return fresh if fresh and messages[0].attempts == 1 else messages[:1]
        return []

    def _do(self, session: Session, messages: Sequence[Message]) -> None:
        self._handlers[messages[0].topic].do(session, messages)
        session.flush()
        repository.finish_all(session, messages, now=self._clock.now())

    def _each_alone(self, messages: Sequence[Message], error: Exception) -> None:
        if len(messages) == 1:
            self._note(messages[0], error)
            return
        log.warning(
            "%d messages could not be done together, each is done alone", len(messages), exc_info=error
        )
        for message in messages:
            self._alone(message)

    def _alone(self, message: Message) -> None:
        """One message in a transaction of its own; how it failed is written in another one."""
        try:
            with self._database.write(timeout=30, is_redone=True) as session:
                if repository.take_again(session, message):
                    self._do(session, [message])
        except Exception as error:
            self._note(message, error)

    def _note(self, message: Message, error: Exception) -> None:
        failure = self._pauses.after(message, error, now=self._clock.now())
        with self._database.write(timeout=30) as session:
            repository.fail_taken(session, message, failure)

    def _has_due(self) -> bool:
        """A look costs nothing; the write gate is for when there is work."""
        with self._database.read_once() as session:
            return repository.has_due_on(session, self._handlers.keys(), now=self._clock.now())
