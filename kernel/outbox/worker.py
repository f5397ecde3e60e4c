"""The worker: leases messages, calls their handlers, tries again with growing pauses, and buries what cannot be done.

A thread that is free takes the next message at once, whatever the others still do. One transaction notes what has been
done since the last one and leases what comes next, so that many short messages cost less than two commits each.
Handlers that work within one transaction (``together``) need no lease: a thread of its own drains what is due to them.
Handlers that ask somebody outside for many at once (``gathered``) are given all that is due when the first of them goes.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import repository
from kernel.outbox.failing import Pauses
from kernel.outbox.gathered import Gathered, Settled, Work
from kernel.outbox.presence import Presence
from kernel.outbox.repository import UNRESTRAINED, Message, Restraint
from kernel.outbox.settling import Outcomes, settle
from kernel.outbox.taking import LEASE, Taking
from kernel.outbox.together import Drain, Together

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Message], None]

#: How old a lease may grow before it is renewed: a handler may take as long as it needs.
RENEW_AFTER = LEASE / 3
BATCH = 16
IDLE_SECONDS = 0.25
#: How long after a worker's death others find out, at most.
PRESENCE_SECONDS = 2.0
KEEP_DONE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Enqueue ``topic`` every so often, never while the former one is undone."""

    topic: str
    every: timedelta


class Worker:
    """``threads`` handlers at once. Any number of processes may run one on PostgreSQL; SQLite has it inside.

    ``long_topics`` are works of minutes: they never take the last free thread, so that what is short goes on beside.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        *,
        schedules: Sequence[Schedule] = (),
        threads: int = 2,
        long_topics: Collection[str] = (),
        rng: random.Random | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._together = {topic: one for topic, one in handlers.items() if isinstance(one, Together)}
        self._handlers = {topic: one for topic, one in handlers.items() if topic not in self._together}
        self._gathered = {topic: one for topic, one in handlers.items() if isinstance(one, Gathered)}
        self._schedules = tuple(schedules)
        self._threads = threads
        self._long_topics = frozenset(long_topics) if threads > 1 else frozenset()
        # Only where nobody else could take them do messages wait behind a busy thread.
        self._most_in_hand = threads * 2 if database.is_sqlite else threads
        self._pauses = Pauses(rng)
        self._wake = threading.Event()
        self._drain_woken = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_run: dict[str, datetime] = {}
        self._mutex = threading.Lock()
        self._in_hand: dict[int, Work] = {}
        self._ended: dict[int, Outcomes] = {}
        self._is_expecting = True
        self._renewed_at: datetime | None = None
        self._presence = None if database.is_sqlite else Presence(database.engine)
        self._presence_seen = 0.0
        self._taking = Taking(self._gathered, self._together, self._presence)

    @property
    def topics(self) -> frozenset[str]:
        """Everything that it can do."""
        return frozenset(self._handlers) | frozenset(self._together)

    def _drain(self) -> Drain:
        return Drain(self._database, self._clock, self._together, self._pauses)

    def wake(self, data: bytes = b"") -> None:
        """Something was committed: look at once. Fits ``EphemeralStore.subscribe("outbox", worker.wake)``; ``data`` is the
        topic, if it was one."""
        topic = data.decode(errors="replace")
        if topic not in self._together:
            self._is_expecting = True
            self._wake.set()
        if topic in self._together or not topic:
            self._drain_woken.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="dongchu-worker", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Finish what is in hand, then end; what is not finished is taken up again when its lease runs out."""
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout)

    def run(self) -> None:
        if self._database.is_sqlite:
            self._take_over()
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="dongchu-handler")
        draining = threading.Thread(target=self._drain_on, name="dongchu-drain", daemon=True)
        draining.start()
        try:
            while not self._stop.is_set():
                self._wake.clear()
                if not self._take_turn(pool):
                    self._wake.wait(IDLE_SECONDS)
        finally:
            self.wake()
            pool.shutdown(wait=True, cancel_futures=True)
            self._lay_down()
            draining.join()
            if self._presence is not None:
                self._presence.close()

    def _drain_on(self) -> None:
        """Chunk after chunk without a pause while anything is due."""
        drain, is_expected = self._drain(), True
        while self._together and not self._stop.is_set():
            self._drain_woken.clear()
            try:
                done = drain.run_once(is_expected=is_expected)
            except Exception:
                log.exception("the worker could not drain its messages; it tries again")
                self._stop.wait(1)
                continue
            if done:
                self._wake.set()  # a message of another topic may have waited behind one of these
            is_expected = not done and self._drain_woken.wait(IDLE_SECONDS)

    def run_until_idle(self, rounds: int = 1000) -> int:
        """Do everything that is due now, in this thread; how many messages that were (tests, command line)."""
        done, drain = 0, self._drain()
        for _ in range(rounds):
            drained = drain.run_once()
            works = self._lease(BATCH)
            if not works and not drained:
                return done
            for work in works:
                outcomes = self._do(work)
                with self._database.write(timeout=30) as session:
                    settle(session, outcomes, now=self._clock.now())
            done += drained + sum(map(len, works))
        raise RuntimeError(f"still not idle after {rounds} rounds: messages keep making messages")

    def _take_over(self) -> None:
        """On SQLite there is one worker: what a killed one had in hand need not wait for its lease to run out."""
        with self._database.write(timeout=30) as session:
            repository.release_leases(session)

    def _keep_presence(self) -> None:
        if self._presence is not None and time.monotonic() - self._presence_seen >= PRESENCE_SECONDS:
            self._presence_seen = time.monotonic()
            freed = self._presence.keep()
            if freed:
                log.warning("took over %d messages of a worker that is gone", freed)

    def _take_turn(self, pool: ThreadPoolExecutor) -> bool:
        """Note what is done, take what comes next; False when there was nothing of either."""
        try:
            self._keep_presence()
            self._enqueue_scheduled()
            settled, works = self._settle_and_lease()
        except Exception:
            log.exception("the worker could not look for work; it tries again")
            self._stop.wait(1)
            return False
        for work in works:
            pool.submit(self._work, work)
        if settled:
            self._drain_woken.set()
        return bool(settled or works)

    def _settle_and_lease(self) -> tuple[int, list[Work]]:
        now = self._clock.now()
        with self._mutex:
            ended = dict(self._ended)
            held = [work for number, work in self._in_hand.items() if number not in ended]
        free = self._most_in_hand - len(held)
        restraint = self._restraint(held)
        is_renewal = self._is_renewal_due(held, now)
        has_work = free > 0 and (bool(ended) or self._may_be_due(now, restraint))
        if not (ended or is_renewal or has_work):
            return 0, []
        with self._database.write(timeout=30) as session:
            settle(session, [one for outcomes in ended.values() for one in outcomes], now=now)
            if is_renewal:
                repository.renew(session, [one for work in held for one in work], until=now + LEASE)
            works = self._taking.take(session, free, restraint, now=now) if has_work else []
        with self._mutex:
            for number in ended:
                del self._ended[number], self._in_hand[number]
            self._in_hand.update((work[0].number, work) for work in works)
        self._renewed_at = now if is_renewal or not held else self._renewed_at
        return len(ended), works

    def _may_be_due(self, now: datetime, restraint: Restraint) -> bool:
        """Where something was told of nobody looks whether it is there before it is taken."""
        is_expecting, self._is_expecting = self._is_expecting, False
        return is_expecting or self._has_due(now, restraint)

    def _has_due(self, now: datetime, restraint: Restraint = UNRESTRAINED) -> bool:
        """A look costs nothing; the write gate is for when there is work."""
        with self._database.read_once() as session:
            return repository.has_due(session, now=now, restraint=restraint, apart_from=self._together)

    def _restraint(self, held: Sequence[Work]) -> Restraint:
        """Long works get all threads but one."""
        under_way = sum(work[0].topic in self._long_topics for work in held)
        return Restraint(self._long_topics, max(self._threads - 1 - under_way, 0))

    def _is_renewal_due(self, held: Sequence[Work], now: datetime) -> bool:
        return bool(held) and (self._renewed_at is None or now - self._renewed_at >= RENEW_AFTER)

    def _lease(self, limit: int) -> list[Work]:
        now = self._clock.now()
        if not self._has_due(now):
            return []
        with self._database.write() as session:
            return self._taking.take(session, limit, now=now)

    def _work(self, work: Work) -> None:
        outcomes = self._do(work)
        with self._mutex:
            if outcomes:
                self._ended[work[0].number] = outcomes
            else:  # all of them are marked already
                del self._in_hand[work[0].number]
                self._drain_woken.set()
        self._wake.set()

    def _lay_down(self) -> None:
        """Note what was done to the end; what was not begun goes back at once."""
        now = self._clock.now()
        left = [work for number, work in self._in_hand.items() if number not in self._ended]
        with self._database.write(timeout=30) as session:
            settle(session, [one for outcomes in self._ended.values() for one in outcomes], now=now)
            for work in left:
                repository.give_back(session, work, now=now)
        self._ended.clear()
        self._in_hand.clear()

    def _do(self, work: Work) -> Outcomes:
        """Call the handler; what is to be written about how it went."""
        settled = self._settled_by_handler(work)
        now = self._clock.now()
        return [
            (one, self._pauses.after(one, settled.left[one.number], now=now))
            if one.number in settled.left
            else (one, None)
            for one in work
            if one.number not in settled.marked
        ]

    def _settled_by_handler(self, work: Work) -> Settled:
        topic = work[0].topic
        if topic in self._gathered:
            return self._gathered[topic].do(work)
        (message,) = work
        try:
            handler = self._handlers.get(topic)
            if handler is None:
                raise LookupError(f"no handler for topic {topic}")
            handler(message)
        except Exception as error:
            return Settled(left={message.number: error})
        return Settled()

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
