"""Puts what was committed to into the tree, and signs the head: one at a time, within a second of the commit.

Writers never wait for it. It may be killed at any moment: leaves, tiles and head are one transaction.
"""

import logging
import threading

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import Clock
from kernel.database import Database
from kernel.transparency import repository, tiles
from kernel.transparency.heads import Head, SignHead, claimed
from kernel.transparency.merkle import HASHINGS, HashName
from kernel.transparency.models import LogHead

log = logging.getLogger(__name__)

#: Leaves in one transaction: about fifty milliseconds of SQLite's one writer.
AT_ONCE = 1024
GATHER_SECONDS = 0.2
LOOK_SECONDS = 0.5
AFTER_ERROR_SECONDS = 1.0


class WrongHash(Exception):
    """The log was begun with another hash function; a tree has one for ever."""


class Sequencer:
    """Any number of processes may run one: on PostgreSQL they take turns, on SQLite there is one process."""

    def __init__(
        self, database: Database, clock: Clock, *, address: str, hash_name: HashName, sign: SignHead
    ) -> None:
        self._database = database
        self._clock = clock
        self._address = address
        self._hash_name: HashName = hash_name
        self._sign = sign
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self, _data: bytes = b"") -> None:
        """Something was recorded. Fits ``EphemeralStore.subscribe``."""
        self._wake.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="dongchu-sequencer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Put in what waits, then end."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def run(self) -> None:
        while True:
            is_last = self._stop.is_set()
            self._wake.clear()
            try:
                self.append_all()
            except Exception:
                log.exception("the log could not be continued; it is tried again")
                self._stop.wait(AFTER_ERROR_SECONDS)
            if is_last:
                return
            if self._wake.wait(LOOK_SECONDS):
                self._stop.wait(GATHER_SECONDS)  # what comes together gets one head

    def append_all(self) -> int:
        """Everything that waits, a bounded number at a time; how many leaves that were."""
        done = 0
        while True:
            with (
                self._database.read() as session
            ):  # a look costs nothing; the write gate is for when there is work
                if not repository.has_pending(session):
                    return done
            with self._database.write(timeout=60) as session:
                count = self._append(session)
            done += count
            if count == 0:
                return done  # another process is at it

    def _append(self, session: Session) -> int:
        if not repository.take_turn(session):
            return 0
        size, hashing = self._size(session), HASHINGS[self._hash_name]
        commitments = repository.place_pending(session, size, AT_ONCE)
        if not commitments:
            return 0
        edge = repository.tiles(session, tiles.edge_places(size))
        tree = {place: bytearray(hashes) for place, hashes in edge.items()}
        grown, touched = tiles.grow(tree, size, map(hashing.leaf, commitments), hashing)
        repository.keep_tiles(session, {place: bytes(tree[place]) for place in touched})
        self._sign_head(session, grown, tiles.hash_of(tree, (0, grown), hashing))
        return len(commitments)

    def _size(self, session: Session) -> int:
        last = repository.latest_head(session)
        if last is None:
            return 0
        begun_with = claimed(last.jws).hash
        if begun_with != self._hash_name:
            raise WrongHash(f"this log was begun with {begun_with}, not {self._hash_name}")
        return last.size

    def _sign_head(self, session: Session, size: int, root: bytes) -> None:
        now = self._clock.now()
        head = Head(log=self._address, hash=self._hash_name, size=size, root=root.hex(), at=now)
        signed = self._sign(session, msgspec.json.encode(head))
        session.add(
            LogHead(
                size=size, root=root, jws=signed.jws, sm2_signature=bytes.fromhex(signed.sm2), signed_at=now
            )
        )
        session.flush()
