"""Pushes a department's events, signed and in order, again and again until they are received."""

import logging
import threading
import time

import httpx

from connectors.events.signing import sign
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.store import Row, Store
from kernel.clock import Clock
from kernel.tls import authorities

log = logging.getLogger(__name__)

#: Answers after which the same event will never be taken; everything else is tried again.
_FINAL = frozenset({400, 409, 413, 415, 422})
_NEXT_OF_EACH = "SELECT * FROM event WHERE number IN (SELECT min(number) FROM event WHERE state = 'waiting' GROUP BY department)"


class Pusher:
    def __init__(self, store: Store, settings: SimulatorSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._client = httpx.Client(timeout=5.0, verify=authorities(trust_env=True))
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="simulator-pusher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(6)
        self._client.close()

    def push_due(self) -> int:
        """Push the first waiting event of each department that is not pausing; how many were settled."""
        settled = 0
        for row in self._store.rows(_NEXT_OF_EACH):
            if self._not_before.get(row["department"], 0.0) <= time.monotonic():
                settled += self._push(row)
        return settled

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                settled = self.push_due()
            except Exception:
                log.exception("pushing failed unexpectedly")
                settled = 0
            if not settled:
                self._wake.wait(0.2)

    def _push(self, row: Row) -> bool:
        status = 0
        for _ in range(row["deliveries"]):
            status = self._deliver(row["department"], row["event_id"], row["envelope"])
        if 200 <= status < 300:
            state = "delivered"
        elif status in _FINAL:
            state = "refused"
        else:
            state = "waiting"
            pause = min(self._settings.longest_pause, 0.1 * 2 ** min(row["attempts"], 8))
            self._not_before[row["department"]] = time.monotonic() + pause
        self._store.run(
            "UPDATE event SET state = ?, attempts = attempts + 1, answer = ? WHERE number = ?",
            state,
            str(status or "no answer"),
            row["number"],
        )
        return state != "waiting"

    def _deliver(self, department: str, event_id: str, envelope: bytes) -> int:
        """The status of one delivery; 0 when there was no answer."""
        now = self._clock.now()
        key = next(key for key in self._settings.outside.systems[department].signing_keys if key.is_live(now))
        headers = sign(key, event_id, envelope, now=now) | {"content-type": "application/json"}
        try:
            url = f"{self._settings.events_url}/{department}"
            return self._client.post(url, content=envelope, headers=headers).status_code
        except httpx.HTTPError:
            return 0
