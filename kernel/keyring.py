"""The data keys of a house, by version, each wrapped by the master key, in a file that running processes read again.

A new version is added and active in one step; a process that meets a value of a version it does not know reads the
file anew, and looks for a newer one by itself every second. An old version is given up only by ``retire``.
"""

import base64
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kernel.ciphers import sm4_open, sm4_seal

LOOK_EVERY_SECONDS = 1.0
MOST_VERSIONS = 255


class Ring(msgspec.Struct, frozen=True):
    """As it lies in the file: ``wrapped`` holds each key under the master key, in base64."""

    active: int
    wrapped: dict[int, str]


class Keys(msgspec.Struct, frozen=True):
    """Opened."""

    active: int
    by_version: dict[int, bytes]


class KeyFile:
    """``keyring.json`` in one folder. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, wrapping: bytes) -> None:
        self._path, self._lock_path, self._wrapping = folder / "keyring.json", folder / "lock", wrapping
        self._mutex = threading.Lock()
        self._looked_at, self._stamp = float("-inf"), (0, 0)
        if not self._path.exists():
            with self._locked():
                if not self._path.exists():
                    self._write(Ring(1, {1: self._wrapped(1, secrets.token_bytes(16))}))
        self.keys = self._read()

    def fresh(self, *, now: bool = False) -> Keys:
        """The keys, read again when the file changed; looked at once a second, or ``now``."""
        moment = time.monotonic()
        if now or moment - self._looked_at >= LOOK_EVERY_SECONDS:
            with self._mutex:
                self._looked_at = moment
                if self._stamp_of() != self._stamp:
                    self.keys = self._read()
        return self.keys

    def add(self) -> int:
        """A new version, active from now on; its number."""
        with self._locked():
            ring = msgspec.json.decode(self._path.read_bytes(), type=Ring)
            version = max(ring.wrapped) + 1
            if version > MOST_VERSIONS:
                raise ValueError(f"a keyring has at most {MOST_VERSIONS} versions")
            wrapped = {**ring.wrapped, version: self._wrapped(version, secrets.token_bytes(16))}
            self._write(Ring(version, wrapped))
        self.fresh(now=True)
        return version

    def retire(self, version: int) -> None:
        """Give up a version for good. Raises ``ValueError`` for the active one and for one that is not there."""
        with self._locked():
            ring = msgspec.json.decode(self._path.read_bytes(), type=Ring)
            if version == ring.active or version not in ring.wrapped:
                raise ValueError(f"version {version} is active, or there is none")
            self._write(Ring(ring.active, {one: key for one, key in ring.wrapped.items() if one != version}))
        self.fresh(now=True)

    def _read(self) -> Keys:
        self._stamp = self._stamp_of()
        ring = msgspec.json.decode(self._path.read_bytes(), type=Ring)
        opened = {
            version: sm4_open(self._wrapping, base64.b64decode(text), _place(version))
            for version, text in ring.wrapped.items()
        }
        return Keys(ring.active, opened)

    def _stamp_of(self) -> tuple[int, int]:
        known = self._path.stat()
        return known.st_mtime_ns, known.st_ino

    def _wrapped(self, version: int, key: bytes) -> str:
        return base64.b64encode(sm4_seal(self._wrapping, key, _place(version))).decode()

    def _write(self, ring: Ring) -> None:
        """Replace the file in one step: a reader sees the old ring or the new one."""
        fresh = self._path.with_name(f".keyring.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(ring))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _place(version: int) -> bytes:
    return f"data-key/{version}".encode()
