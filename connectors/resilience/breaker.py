"""A circuit breaker whose state every process shares: who finds a system down spares all others the waiting.

Closed: calls pass. ``FAILURES`` within ``WINDOW`` seconds open it: nothing is sent for ``OPEN`` seconds. Then it is
half open: one call, of one process, may try; its success closes the breaker, its failure opens it again.
"""

from typing import Literal

from kernel.ephemeral import EphemeralStore

State = Literal["closed", "open", "half_open"]
FAILURES = 5
WINDOW = 60.0
OPEN = 15.0
#: How long the one call of a half-open breaker may take before another may try.
PROBE = 15.0
_TRIPPED = 24 * 3600.0


class Breaker:
    """Of one outside system, by name."""

    def __init__(self, store: EphemeralStore, system: str) -> None:
        self._store = store
        self._failures = f"breaker:{system}:failures"
        self._open = f"breaker:{system}:open"
        self._tripped = f"breaker:{system}:tripped"
        self._probe = f"breaker:{system}:probe"

    @property
    def state(self) -> State:
        if self._store.get(self._open) is not None:
            return "open"
        return "closed" if self._store.get(self._tripped) is None else "half_open"

    def admits(self) -> bool:
        """Whether a call may be sent now. In a half-open breaker the first who asks takes the only turn."""
        state = self.state
        if state == "half_open":
            return self._store.add(self._probe, b"1", PROBE)
        return state == "closed"

    def succeeded(self) -> None:
        if self._store.get(self._failures) is None and self._store.get(self._tripped) is None:
            return
        for key in (self._open, self._tripped, self._probe, self._failures):
            self._store.delete(key)

    def failed(self) -> None:
        was_tripped = self._store.get(self._tripped) is not None
        if self._store.increment(self._failures, WINDOW) < FAILURES and not was_tripped:
            return
        self._store.put(self._tripped, b"1", _TRIPPED)
        self._store.put(self._open, b"1", OPEN)
        self._store.delete(self._probe)
