"""Whose leases these are, and whether they still live: what a killed worker had in hand need not wait for a lease to run out.

A worker on PostgreSQL holds an advisory lock as long as its connection lives, and each lease that it takes begins with the
lock's number. The server drops the lock with the connection, at the moment the process is gone, and any other worker
then frees what it held. Leases still run out by time: for a machine that vanished, or where a pooler stands between.
"""

import logging
import secrets
import uuid

import sqlalchemy as sa

from kernel.ids import new_id

log = logging.getLogger(__name__)

#: The class of advisory locks of workers, apart from every other use of them.
WORKERS = 0x574F
_VERSION = 8  # RFC 9562 §5.8: a UUID of our own making

_LIVE = (
    "(SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND classid::bigint = :workers AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_OF_OTHERS = (
    "UPDATE outbox_message SET lease = NULL, leased_until = NULL "
    "WHERE done_at IS NULL AND dead_at IS NULL AND leased_until IS NOT NULL "
    "AND substr(lease::text, 15, 1) = :version "
    "AND ('x' || substr(lease::text, 1, 8))::bit(32)::bigint NOT IN "
)
_IS_LIVE = sa.text("SELECT :number IN " + _LIVE)
#: One statement: whoever took a lease before it began held the lock before that.
_FREE = sa.text(_OF_OTHERS + _LIVE)


class Presence:
    """Of one worker. ``keep`` is called every few seconds by the thread that takes the leases."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._number = 0

    def lease(self) -> uuid.UUID:
        """A new lease that says whose it is, as long as that can be seen."""
        if self._number == 0:
            return new_id()
        octets = bytearray(self._number.to_bytes(4, "big") + secrets.token_bytes(12))
        octets[6] = octets[6] & 0x0F | _VERSION << 4
        octets[8] = octets[8] & 0x3F | 0x80
        return uuid.UUID(bytes=bytes(octets))

    def keep(self) -> int:
        """See to it that the lock is held, and free what the dead had in hand; how many messages that were."""
        try:
            return self._free() if self._is_held() else self._take()
        except sa.exc.DBAPIError:
            log.warning("the presence of this worker cannot be seen for now", exc_info=True)
            self.close()
            return 0

    def close(self) -> None:
        """Gone: whatever was not finished is anybody's."""
        connection, self._connection, self._number = self._connection, None, 0
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _is_held(self) -> bool:
        if self._connection is None:
            return False
        asked = {"number": self._number, "workers": WORKERS}
        return self._connection.execute(_IS_LIVE, asked).scalar() is True

    def _take(self) -> int:
        self.close()
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        number = secrets.randbelow(2**31 - 1) + 1
        taken = sa.select(
            sa.func.pg_try_advisory_lock(sa.cast(WORKERS, sa.Integer), sa.cast(number, sa.Integer))
        )
        if self._connection.execute(taken).scalar() is True:
            self._number = number
        return 0

    def _free(self) -> int:
        if self._connection is None:
            return 0
        return self._connection.execute(_FREE, {"workers": WORKERS, "version": str(_VERSION)}).rowcount
