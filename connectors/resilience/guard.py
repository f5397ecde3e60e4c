"""What every call to an outside system passes: breaker, bulkhead, and the note of how it went. One wrapper for all."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.resilience.breaker import Breaker
from connectors.resilience.notes import Notes
from kernel.clock import Clock
from kernel.ephemeral import EphemeralStore
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.i18n import gettext as _

#: Calls to one system at once from one process: a slow one may hold these threads and no more.
MOST_AT_ONCE = 12
#: How long a call waits for its turn before it is told to come back.
TURN_SECONDS = 1.0


class NotAdmitted(OutsideUnavailable):
    """Nothing was sent: the system is known to be down, or too many are already asking it."""


class _Bulkheads:
    """One for each system in this process, because threads are the process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(MOST_AT_ONCE)
        )

    def of(self, system: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._turns[system]


_BULKHEADS = _Bulkheads()


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the state of outside systems is kept for all processes; makes the guard of each system."""

    store: EphemeralStore
    clock: Clock

    def guard(self, system: str, label: str) -> "Guard":
        return Guard(self, system, label)

    def breaker(self, system: str) -> Breaker:
        return Breaker(self.store, system)

    def notes(self, system: str) -> Notes:
        return Notes(self.store, system)


class Guard:
    """Of one system. ``passage()`` surrounds each single attempt, so that retries are judged one by one."""

    def __init__(self, watch: Watch, system: str, label: str) -> None:
        self._clock = watch.clock
        self._label = label
        self._breaker = watch.breaker(system)
        self._notes = watch.notes(system)
        self._turns = _BULKHEADS.of(system)

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Raises ``NotAdmitted`` before anything is sent; else lets the call's own outcome through."""
        if not self._turns.acquire(timeout=TURN_SECONDS):
            raise NotAdmitted(_("%(system)s的请求过多，请稍后再试。", system=_(self._label)), retry_after=5)
        try:
            if not self._breaker.admits():
                raise NotAdmitted(
                    _("%(system)s暂时中断，系统会自动恢复连接，请稍后再试。", system=_(self._label)),
                    retry_after=15,
                )
            yield from self._watched()
        finally:
            self._turns.release()

    def _watched(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        except OutsideRefused:  # it answered: a no is a sign of health
            self._succeeded(started)
            raise
        except (OutsideUnavailable, OutsideTimeout) as failure:
            self._breaker.failed()
            self._notes.failed(self._clock.now(), failure.slug)
            raise
        self._succeeded(started)

    def _succeeded(self, started: float) -> None:
        self._breaker.succeeded()
        self._notes.succeeded(self._clock.now(), time.monotonic() - started)
