"""The fast way into a store that nobody uses yet: no journal to fall back on, indices after the rows, and on PostgreSQL as
many hands as there are processors.

When it is interrupted the store is spoilt and is made anew; when it has ended the store is as any other.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import polars as pl
import psycopg

from kernel.house import House

#: What one hand may keep of SQLite's file in memory, in KiB, and PostgreSQL's sorts.
CACHE_KIB = 1_500_000
SORT_MEMORY = "600MB"
#: For PostgreSQL's server while it is filled; taken back afterwards.
SERVER = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
    "shared_buffers": "1GB",
    "default_toast_compression": "lz4",
}
Task = Callable[["Hand"], None]


class Hand(Protocol):
    """One connection to a store that is being filled."""

    is_sqlite: bool

    def run(self, statement: str) -> list[tuple[Any, ...]]: ...

    def put(self, table: str, rows: pl.DataFrame) -> None: ...


class Filling:
    """Hands of the store; the house's own connections are shut as long as there are any on SQLite."""

    def __init__(self, hands: Sequence[Hand]) -> None:
        self._hands = hands
        self.first = hands[0]

    def each(self, tasks: Iterable[Task]) -> None:
        """All of them, by all hands; few are taken from ``tasks`` before their turn."""
        free = list(self._hands)
        doing: dict[Future[None], Hand] = {}
        with ThreadPoolExecutor(len(free)) as pool:
            for task in tasks:
                if not free:
                    free.append(_next_free(doing))
                hand = free.pop()
                doing[pool.submit(task, hand)] = hand
            while doing:
                _next_free(doing)

    @contextmanager
    def without_indices(self, tables: Sequence[str]) -> Iterator[None]:
        """Nothing but primary keys while rows come (SQLite keeps what a constraint needs); made anew at the end."""
        made = [one for table in tables for one in _forgotten(self.first, table)]
        yield
        self.each(lambda hand, one=one: _run(hand, one) for one in made)


def _run(hand: Hand, statement: str) -> None:
    hand.run(statement)


def _next_free(doing: dict[Future[None], Hand]) -> Hand:
    from concurrent.futures import FIRST_COMPLETED, wait

    over, _ = wait(doing, return_when=FIRST_COMPLETED)
    one = over.pop()
    one.result()
    return doing.pop(one)


def _forgotten(hand: Hand, table: str) -> list[str]:
    """Drops the indices of a table and says how to make them again."""
    if hand.is_sqlite:
        found = hand.run(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"  # noqa: S608
        )
        for name, _ in found:
            hand.run(f'DROP INDEX "{name}"')
        return [made for _, made in found]
    constraints = hand.run(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"  # noqa: S608
        f" WHERE contype = 'u' AND conrelid = '{table}'::regclass"
    )
    for name, _ in constraints:
        hand.run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indices = hand.run(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"  # noqa: S608
        f" WHERE i.indrelid = '{table}'::regclass AND NOT i.indisprimary"
    )
    for name, _ in indices:
        hand.run(f"DROP INDEX {name}")
    return [
        *(made for _, made in indices),
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}" for name, made in constraints),
    ]


@contextmanager
def filling(house: House) -> Iterator[Filling]:
    """The hands of a store that nobody else has open."""
    house.database.close()
    if house.database.is_sqlite:
        with _sqlite_hand(str(house.database.engine.url.database)) as hand:
            yield Filling([hand])
        return
    url = house.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    hands = [_PostgresHand(url) for _ in range(os.cpu_count() or 1)]
    try:
        yield Filling(hands)
    finally:
        for hand in hands:
            hand.close()


@contextmanager
def _sqlite_hand(path: str) -> Iterator[Hand]:
    hand = _SqliteHand(path)
    for pragma in (
        "journal_mode = DELETE",  # out of the write-ahead log, which holds nothing any more
        "locking_mode = EXCLUSIVE",
        "journal_mode = OFF",
        "synchronous = OFF",
        "foreign_keys = OFF",
        "secure_delete = OFF",
        "threads = 2",
        f"cache_size = -{CACHE_KIB}",
    ):
        hand.run(f"PRAGMA {pragma}")
    hand.run("BEGIN EXCLUSIVE")
    yield hand
    hand.run("COMMIT")
    hand.run("PRAGMA journal_mode = DELETE")
    hand.run("PRAGMA locking_mode = NORMAL")
    hand.run("PRAGMA journal_mode = WAL")
    hand.close()


class _SqliteHand:
    is_sqlite = True

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def put(self, table: str, rows: pl.DataFrame) -> None:
        names, marks = ", ".join(rows.columns), ", ".join("?" * rows.width)
        self._connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
            rows.iter_rows(),
        )

    def close(self) -> None:
        self._connection.close()


class _PostgresHand:
    is_sqlite = False

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        for setting, value in (
            ("statement_timeout", "0"),
            ("timezone", "'UTC'"),
            ("session_replication_role", "replica"),  # references are right by construction
            ("maintenance_work_mem", f"'{SORT_MEMORY}'"),
            ("max_parallel_maintenance_workers", "0"),
        ):
            self._connection.execute(f"SET {setting} = {value}".encode())

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        done = self._connection.execute(statement.encode())
        return [] if done.description is None else done.fetchall()

    def put(self, table: str, rows: pl.DataFrame) -> None:
        names = ", ".join(rows.columns)
        copying = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)".encode()
        with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            copy.write(rows.write_csv(include_header=False).encode())

    def close(self) -> None:
        self._connection.close()


def hasten(url: str) -> None:
    """Tell PostgreSQL's server that what it holds may be lost; it has to be started anew."""
    _tell_server(url, [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in SERVER.items()])


def calm_down(url: str) -> None:
    _tell_server(url, ["ALTER SYSTEM RESET ALL"])


def _tell_server(url: str, words: Sequence[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for one in words:
            with suppress(psycopg.errors.InvalidParameterValue):  # a server built without this way of packing
                connection.execute(one.encode())
