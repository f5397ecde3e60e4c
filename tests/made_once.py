"""What takes long to make is made once: a city once in a run, of which every test process works on a copy of its own; the
tables once in a process, of which every house does.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import psycopg
import pytest
import sqlalchemy as sa

from kernel.database import Base, Database

#: What belongs to a running process and not to the city.
_OF_A_PROCESS = shutil.ignore_patterns("lock", "out")


def copied(kind: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """A home folder with the city that ``make`` makes in the folder it is given, closed when it returns."""
    base = factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "cities"
    shared.mkdir(exist_ok=True)
    original = shared / kind
    with (shared / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not original.exists():
            half_made = shared / f"{kind}.half"
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            make(half_made)
            half_made.rename(original)
    home = factory.mktemp(kind) / "home"
    shutil.copytree(original, home, ignore=_OF_A_PROCESS)
    return home


def lay_tables(database: Database) -> None:
    """As ``create_all``, in a SQLite store by copying."""
    if not database.is_sqlite:
        database.create_all()
        return
    never_wait_for_the_disk(database)
    with contextlib.closing(database.engine.raw_connection()) as connection:
        _blank(frozenset(Base.metadata.tables)).backup(_sqlite(connection))


def never_wait_for_the_disk(database: Database) -> None:
    """The process of a SQLite store may be killed, the machine may not fall over: a test's house is not kept."""
    sa.event.listen(database.engine, "connect", _not_synchronous)
    database.engine.dispose()


def template_of(server: str) -> str:
    """The name of a PostgreSQL database with every table; it belongs to this process."""
    return _template(server, frozenset(Base.metadata.tables))


def url_of(server: str, name: str) -> str:
    """A database of the server, as ``DONGCHU_DATABASE_URL`` takes it."""
    base, _, query = server.partition("?")
    url = base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    return url.replace("postgresql://", "postgresql+psycopg://")


def _not_synchronous(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _sqlite(connection: sa.PoolProxiedConnection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.driver_connection)


@cache
def _blank(_tables: frozenset[str]) -> sqlite3.Connection:
    """A store in memory with the tables that are known by now, which are the key."""
    blank = sqlite3.connect(":memory:", check_same_thread=False)
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/blank.db")
        database.create_all()
        with contextlib.closing(database.engine.raw_connection()) as connection:
            _sqlite(connection).backup(blank)
        database.close()
    return blank


@cache
def _template(server: str, tables: frozenset[str]) -> str:
    name = f"template_{os.getpid()}_{len(tables)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    database = Database(url_of(server, name))
    database.create_all()
    database.close()
    return name
