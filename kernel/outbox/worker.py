"""The worker: leases messages, calls their handlers, tries again with growing pauses, and buries what cannot be done."""

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import Unavailable
from kernel.outbox import repository
from kernel.outbox.repository import Message

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Message], None]

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 12
LONGEST_PAUSE = timedelta(minutes=10)
BATCH = 16
IDLE_SECONDS = 0.25
KEEP_DONE = timedelta(days=7)


class TryLater(Exception):
    """A handler's way to say: nothing is wrong, ask me again in ``pause``. It does not count towards giving up."""

    def __init__(self, pause: timedelta, why: str = "") -> None:
        super().__init__(why)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Schedule:
    """Enqueue ``topic`` every so often, never while the former one is undone."""

    topic: str
    every: timedelta


class Worker:
    """``threads`` handlers at once. Any number of processes may run one on PostgreSQL; SQLite has it inside."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        *,
        schedules: Sequence[Schedule] = (),
        threads: int = 2,
        rng: random.Random | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._schedules = tuple(schedules)
        self._threads = threads
        self._rng = rng or random.Random()  # noqa: S311 (spreads retries, guards nothing)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_run: dict[str, datetime] = {}

    def wake(self, _data: bytes = b"") -> None:
        """Something was committed: look at once. Fits ``EphemeralStore.subscribe("outbox", worker.wake)``."""
        self._wake.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="dongchu-worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Finish what is in hand, then end; what is not finished is taken up again when its lease runs out."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def run(self) -> None:
        if self._database.is_sqlite:
            self._take_over()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="dongchu-handler") as pool:
            while not self._stop.is_set():
                self._wake.clear()
                if not self._run_round(pool):
                    self._wake.wait(IDLE_SECONDS)

    def _take_over(self) -> None:
        """On SQLite there is one worker: what a killed one had in hand need not wait for its lease to run out."""
        with self._database.write(timeout=30) as session:
            repository.release_leases(session)

    def run_until_idle(self, rounds: int = 1000) -> int:
        """Do everything that is due now, in this thread; how many messages that were (tests, command line)."""
        done = 0
        for _ in range(rounds):
            messages = self._claim()
            if not messages:
                return done
            for message in messages:
                self._do(message)
            done += len(messages)
        raise RuntimeError(f"still not idle after {rounds} rounds: messages keep making messages")

    def _run_round(self, pool: ThreadPoolExecutor) -> bool:
        try:
            self._enqueue_scheduled()
            messages = self._claim()
        except Exception:
            log.exception("the worker could not look for work; it tries again")
            self._stop.wait(1)
            return False
        list(pool.map(self._do, messages))
        return bool(messages)

    def _claim(self) -> list[Message]:
        now = self._clock.now()
        with (
            self._database.read() as session
        ):  # a look costs nothing; the write gate is for when there is work
            due = repository.next_due_at(session)
        if due is None or due > now:
            return []
        with self._database.write() as session:
            return repository.claim(session, now=now, lease_for=LEASE, limit=BATCH)

    def _do(self, message: Message) -> None:
        try:
            handler = self._handlers.get(message.topic)
            if handler is None:
                raise LookupError(f"no handler for topic {message.topic}")
            handler(message)
        except TryLater as later:
            self._settle(message, until=self._clock.now() + later.pause, error=str(later) or None)
        except Exception as error:
            self._fail(message, error)
        else:
            with self._database.write(timeout=30) as session:
                repository.finish(session, message, now=self._clock.now())

    def _fail(self, message: Message, error: Exception) -> None:
        now = self._clock.now()
        reason = f"{type(error).__name__}: {error}"[:2000]
        if message.attempts >= MOST_ATTEMPTS and not isinstance(error, Unavailable):
            log.error("message %s on %s is a dead letter: %s", message.message_id, message.topic, reason)
            with self._database.write(timeout=30) as session:
                repository.bury(session, message, now=now, error=reason)
            return
        log.warning(
            "message %s on %s failed (try %d)",
            message.message_id,
            message.topic,
            message.attempts,
            exc_info=error,
        )
        pause = min(LONGEST_PAUSE, timedelta(seconds=0.5 * 2 ** (message.attempts - 1)))
        self._settle(message, until=now + pause * self._rng.uniform(0.5, 1.5), error=reason)

    def _settle(self, message: Message, *, until: datetime, error: str | None) -> None:
        with self._database.write(timeout=30) as session:
            repository.postpone(session, message, until=until, error=error)

    def _enqueue_scheduled(self) -> None:
        now = self._clock.now()
        for schedule in self._schedules:
            if self._next_run.get(schedule.topic, now) > now:
                continue
            self._next_run[schedule.topic] = now + schedule.every
            key = f"schedule:{schedule.topic}"
            with self._database.write() as session:
                if not repository.has_undone(session, key):
                    repository.enqueue(session, schedule.topic, key, {}, now=now)
