"""What may be lost: one-time tokens, rate limits, signals between threads and workers. Memory embedded, Redis beyond."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import redis

Listener = Callable[[bytes], None]


class EphemeralStore(Protocol):
    """Keys are short strings, values bytes; every value has a time to live in seconds."""

    def put(self, key: str, value: bytes, ttl: float) -> None: ...
    def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Put only if the key is free; whether it was."""
        ...

    def get(self, key: str) -> bytes | None: ...
    def take(self, key: str) -> bytes | None:
        """Get and delete in one step: of many callers exactly one receives the value."""
        ...

    def delete(self, key: str) -> None: ...
    def increment(self, key: str, ttl: float) -> int:
        """Count one more within a window that starts at the first count; the new count."""
        ...

    def publish(self, channel: str, data: bytes) -> None: ...
    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Each (channel, data) in turn; what a commit tells thousands of people goes out in one trip."""
        ...

    def subscribe(self, channel: str, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` (quickly, from another thread) for each message; returns the way to stop."""
        ...

    def close(self) -> None: ...


class MemoryStore:
    """For one process. Expired entries go when touched and by a sweep every thousand writes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._values: dict[str, tuple[float, bytes]] = {}
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._writes = 0

    def put(self, key: str, value: bytes, ttl: float) -> None:
        with self._lock:
            self._store(key, value, ttl)

    def add(self, key: str, value: bytes, ttl: float) -> bool:
        with self._lock:
            if self._live(key) is not None:
                return False
            self._store(key, value, ttl)
            return True

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._live(key)

    def take(self, key: str) -> bytes | None:
        with self._lock:
            value = self._live(key)
            self._values.pop(key, None)
            return value

    def delete(self, key: str) -> None:
        with self._lock:
            self._values.pop(key, None)

    def increment(self, key: str, ttl: float) -> int:
        with self._lock:
            value = self._live(key)
            if value is None:
                self._store(key, b"1", ttl)
                return 1
            count = int(value) + 1
            self._values[key] = (self._values[key][0], str(count).encode())
            return count

    def publish(self, channel: str, data: bytes) -> None:
        with self._lock:
            listeners = list(self._listeners.get(channel, ()))
        for listener in listeners:
            listener(data)

    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        for channel, data in messages:
            self.publish(channel, data)

    def subscribe(self, channel: str, listener: Listener) -> Callable[[], None]:
        with self._lock:
            self._listeners[channel].append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners.get(channel, ()):
                    self._listeners[channel].remove(listener)
                if not self._listeners.get(channel):
                    self._listeners.pop(channel, None)

        return stop

    def close(self) -> None:
        with self._lock:
            self._values.clear()
            self._listeners.clear()

    def _store(self, key: str, value: bytes, ttl: float) -> None:
        now = self._monotonic()
        self._values[key] = (now + ttl, value)
        self._writes += 1
        if self._writes % 1000 == 0:
            self._values = {k: v for k, v in self._values.items() if v[0] > now}

    def _live(self, key: str) -> bytes | None:
        entry = self._values.get(key)
        if entry is None:
            return None
        if entry[0] <= self._monotonic():
            del self._values[key]
            return None
        return entry[1]


_INCREMENT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
"""


class RedisStore:
    """For many processes. One listening thread serves all subscriptions of a process."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis: Any = client
        self._increment = self._redis.register_script(_INCREMENT)
        self._lock = threading.Lock()
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._pubsub: Any = None
        self._thread: Any = None

    @classmethod
    def from_url(cls, url: str) -> "RedisStore":
        return cls(redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5))

    def put(self, key: str, value: bytes, ttl: float) -> None:
        self._redis.set(key, value, px=max(1, int(ttl * 1000)))

    def add(self, key: str, value: bytes, ttl: float) -> bool:
        return bool(self._redis.set(key, value, px=max(1, int(ttl * 1000)), nx=True))

    def get(self, key: str) -> bytes | None:
        return self._redis.get(key)

    def take(self, key: str) -> bytes | None:
        return self._redis.getdel(key)

    def delete(self, key: str) -> None:
        self._redis.delete(key)

    def increment(self, key: str, ttl: float) -> int:
        return int(self._increment(keys=[key], args=[max(1, int(ttl * 1000))]))

    def publish(self, channel: str, data: bytes) -> None:
        self._redis.publish(channel, data)

    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for channel, data in messages:
            pipeline.publish(channel, data)
        pipeline.execute()

    def subscribe(self, channel: str, listener: Listener) -> Callable[[], None]:
        with self._lock:
            self._listeners[channel].append(listener)
            if self._pubsub is None:
                self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
            self._pubsub.subscribe(**{channel: self._dispatch})
            if self._thread is None:
                self._thread = self._pubsub.run_in_thread(sleep_time=0.5, daemon=True)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners.get(channel, ()):
                    self._listeners[channel].remove(listener)
                if not self._listeners.get(channel) and self._pubsub is not None:
                    self._listeners.pop(channel, None)
                    self._pubsub.unsubscribe(channel)

        return stop

    def _dispatch(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        with self._lock:
            listeners = list(self._listeners.get(channel, ()))
        for listener in listeners:
            listener(message["data"])

    def close(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread.join(timeout=2)
        if self._pubsub is not None:
            self._pubsub.close()
        self._redis.close()
