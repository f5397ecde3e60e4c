"""How the latest calls to a system went, where every process can read it."""

from datetime import datetime
from typing import TypeVar

import msgspec

from kernel.ephemeral import EphemeralStore

T = TypeVar("T")

KEEP = 30 * 24 * 3600.0


class Success(msgspec.Struct, frozen=True):
    at: datetime
    seconds: float


class Failure(msgspec.Struct, frozen=True):
    """``why`` is the slug of the problem: connection, time-out, refusal to serve."""

    at: datetime
    why: str


class Noted(msgspec.Struct, frozen=True):
    """``failing_since`` is None while the latest call succeeded."""

    success: Success | None
    failure: Failure | None
    failing_since: datetime | None


class Notes:
    """Of one system. Each note is a key of its own, so that two processes never overwrite one another's."""

    def __init__(self, store: EphemeralStore, system: str) -> None:
        self._store = store
        self._success = f"outside:{system}:success"
        self._failure = f"outside:{system}:failure"
        self._since = f"outside:{system}:failing_since"

    def succeeded(self, now: datetime, seconds: float) -> None:
        self._store.put(self._success, msgspec.json.encode(Success(now, round(seconds, 4))), KEEP)
        self._store.delete(self._since)

    def failed(self, now: datetime, why: str) -> None:
        self._store.put(self._failure, msgspec.json.encode(Failure(now, why)), KEEP)
        self._store.add(self._since, msgspec.json.encode(now), KEEP)

    def read(self) -> Noted:
        return Noted(
            self._read(self._success, Success),
            self._read(self._failure, Failure),
            self._read(self._since, datetime),
        )

    def _read(self, key: str, kind: type[T]) -> T | None:
        raw = self._store.get(key)
        return None if raw is None else msgspec.json.decode(raw, type=kind)
