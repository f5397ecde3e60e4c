"""One database for all processes: SQLite embedded, PostgreSQL in production, the same code on both.

Sessions come from two doors. ``read()`` cannot write. ``write()`` commits once at its end or leaves nothing behind;
on SQLite it first passes a fair gate, because the file has one writer and its own busy wait starves the unlucky.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from kernel.errors import Unavailable
from kernel.flushing import write_changes
from kernel.prepared import PreparedObjects

GATE_SECONDS = 5.0
BUSY_MILLISECONDS = 5000
STATEMENT_MILLISECONDS = 30_000
#: After so long a rest a connection of PostgreSQL is asked whether it still lives before it is used.
RESTED_SECONDS = 5.0
#: What PostgreSQL ends so was undone whole and may be tried again: a deadlock, a failure to serialise.
TRY_AGAIN = frozenset({"40P01", "40001"})
#: A channel and what is said on it.
Signal: TypeAlias = tuple[str, bytes]


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant in UTC in and out; SQLite, which knows no zones, keeps it as UTC without one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonDocument = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
#: 64 bits everywhere; SQLite numbers rows only in a column declared plainly INTEGER.
BigNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Base(DeclarativeBase):
    """The one metadata; constraint names are fixed so that migrations can speak of them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class ReadSession(Session):
    """A session that refuses to flush: a read handler cannot change anything by accident."""

    def flush(self, objects: Any = None) -> None:  # noqa: ARG002 (the base class's signature)
        if self.new or self.dirty or self.deleted:
            raise RuntimeError("this session only reads: open database.write() to change something")


class WriteSession(Session):
    """A session that writes what changed in a few plain objects by the driver, everything else as SQLAlchemy does."""

    def flush(self, objects: Any = None) -> None:
        if objects is None and self._is_clean():
            return
        if objects is not None or not self.is_active or not write_changes(self):
            super().flush(objects)


class FairGate:
    """A lock that serves in order of arrival and gives up after a while rather than hang."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_held = False

    def acquire(self, timeout: float) -> bool:
        with self._mutex:
            if not self._is_held and not self._waiting:
                self._is_held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():  # our turn came between the time-out and the mutex
                return True
            self._waiting.remove(turn)
        return False

    def release(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_held = False


class Database:
    """The doors to the store. ``on_signals`` is given, after a commit, each (channel, data) told in it by ``signal``."""

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self._unhurried = _create_engine(url, waits_for_disk=False, pool_size=2, max_overflow=8)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.on_signals: Callable[[Collection[Signal]], None] | None = None
        # Without BEGIN and ROLLBACK around it a statement needs one journey to PostgreSQL instead of three; connections of
        # their own stay that way, because changing one to and fro costs more than asking it.
        self._alone = self.engine
        if not self.is_sqlite:
            self._alone = _create_engine(url, pool_size=5, max_overflow=15, isolation_level="AUTOCOMMIT")
        self._gate = FairGate() if self.is_sqlite else None
        self._writing = threading.local()

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """A consistent view that cannot write; ends by rolling back."""
        with ReadSession(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def read_once(self) -> Iterator[ReadSession]:
        """For a single statement, which is a consistent view by itself; of several each sees its own moment."""
        with (
            _opening_with(self._alone, None) as bind,
            ReadSession(bind, autoflush=False, expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def write(self, *, timeout: float = GATE_SECONDS, is_redone: bool = False) -> Iterator[Session]:
        """A transaction committed once at the end. Raises ``Unavailable`` (503) when the gate stays shut too long, and when
        PostgreSQL chose this one to end a deadlock: nothing of it is left, a person is asked to try again and a worker does.

        ``is_redone``: its commit does not wait for the disk. Only for what would be done again if the machine failed before
        the next commit that does wait, which takes it along (docs/decisions, 19).
        """
        if getattr(self._writing, "is_inside", False):
            raise RuntimeError("a write inside a write: pass the session down instead")
        if self._gate is not None and not self._gate.acquire(timeout):
            raise Unavailable("同时办理的人较多，请稍等几秒再试。", retry_after=2)
        self._writing.is_inside = True
        try:
            door = self.connect_to_write(waits_for_disk=not is_redone)
            with door as bind, WriteSession(bind, expire_on_commit=False) as session:
                yield session
                session.commit()
                signals: Collection[Signal] = session.info.get("signals", ())
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in TRY_AGAIN:
                raise Unavailable("同时办理的人较多，请稍等几秒再试。", retry_after=1) from error
            raise
        finally:
            self._writing.is_inside = False
            if self._gate is not None:
                self._gate.release()
        if self.on_signals is not None and signals:
            self.on_signals(signals)

    def connect_to_write(self, *, waits_for_disk: bool = True) -> AbstractContextManager[sa.Connection]:
        """What ``write`` stands on, without the gate and without a commit: for migrations."""
        return _opening_with(self.engine if waits_for_disk else self._unhurried, "BEGIN IMMEDIATE")

    def create_all(self) -> None:
        """Create every known table (tests, scratch stores); a real store is made by migrations."""
        Base.metadata.create_all(self.engine)

    def close(self) -> None:
        self.engine.dispose()
        self._alone.dispose()
        self._unhurried.dispose()


def signal(session: Session, channel: str, data: bytes = b"") -> None:
    """Tell other threads and processes after the commit, and only if it happens."""
    signals: dict[Signal, None] = session.info.setdefault("signals", {})
    signals[channel, data] = None


def changed_rows(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Run an UPDATE or DELETE and say how many rows it touched."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount


Row = TypeVar("Row", bound=Base)


def lock(session: Session, model: type[Row], key: Any) -> Row | None:
    """The row with this primary key as it is now, ours until the transaction ends.

    What ``Session.get`` does, by a statement that is written once.
    """
    found: Row | None = _locking(model).one(session, {"key": key})
    return found


@lru_cache(maxsize=256)
def _locking(model: type[Any]) -> PreparedObjects[Any]:
    (column,) = sa.inspect(model).primary_key
    chosen = sa.select(model).where(column == sa.bindparam("key", type_=column.type))
    return PreparedObjects(chosen.with_for_update().execution_options(populate_existing=True))


def insert(session: Session, table: Any) -> Any:
    """An INSERT that knows ``on_conflict_do_nothing/update`` in the dialect at hand."""
    return insert_in(session.get_bind().dialect.name, table)


def insert_in(dialect: str, table: Any) -> Any:
    """The same for a statement that is built once for each dialect."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _create_engine(url: str, *, waits_for_disk: bool = True, **pool: Any) -> sa.Engine:
    options: dict[str, Any] = {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if url.startswith("sqlite"):
        arguments = {"timeout": BUSY_MILLISECONDS / 1000, "factory": SqliteConnection}
        engine = sa.create_engine(url, connect_args=arguments, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        if not waits_for_disk:
            event.listen(engine, "connect", _write_unhurried)
        # Not the engine's event "begin": an engine that has any event is slower by a fifth with every statement.
        engine.dialect.do_begin = _begin_sqlite  # type: ignore[method-assign]
        return engine
    commits = "" if waits_for_disk else " -c synchronous_commit=off"
    engine = sa.create_engine(
        url,
        connect_args={"options": f"-c statement_timeout={STATEMENT_MILLISECONDS} -c timezone=UTC{commits}"},
        **{"pool_size": 20, "max_overflow": 20, **pool},
        **options,
    )
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _wake)
    return engine


def _note_rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _wake(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that rested may be dead by now: ask it first, and let the pool make another (a busy one never rests)."""
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) < RESTED_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver of Python 3.11 would begin transactions by itself, and late; we begin them.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _write_unhurried(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


class SqliteConnection(sqlite3.Connection):
    """``opening`` begins its next transaction; None begins none."""

    opening: str | None = "BEGIN"


def _begin_sqlite(connection: Any) -> None:
    driver: SqliteConnection = connection.driver_connection
    if driver.opening is not None:
        driver.execute(driver.opening)


@contextmanager
def _opening_with(engine: sa.Engine, opening: str | None) -> Iterator[sa.Connection]:
    """A connection whose transactions begin so on SQLite; PostgreSQL has one way."""
    with engine.connect() as bind:
        driver = bind.connection.driver_connection
        if not isinstance(driver, SqliteConnection):
            yield bind
            return
        driver.opening = opening
        try:
            yield bind
        finally:
            driver.opening = SqliteConnection.opening
