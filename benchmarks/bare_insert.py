"""The rival of everything that writes: the same rows put into the same tables by the driver, and nothing else done."""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing

import psycopg
from psycopg import sql

from kernel.database import Database


def seconds_to_insert(database: Database, rows: Mapping[str, int], chunk: int) -> float:
    """How long it takes to put the newest ``rows`` of each table back after they were deleted, ``chunk`` to a commit.

    The driver has them ready in its own form, and indices do their work as before.
    """
    if database.is_sqlite:
        path = str(database.engine.url.database)
        return sum(_by_sqlite(path, table, count, chunk) for table, count in rows.items())
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return sum(_by_postgres(url, table, count, chunk) for table, count in rows.items())


def _by_sqlite(path: str, table: str, count: int, chunk: int) -> float:
    newest = f"rowid IN (SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT {count})"  # noqa: S608
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        rows = connection.execute(f"SELECT * FROM {table} WHERE {newest}").fetchall()  # noqa: S608
        connection.execute(f"DELETE FROM {table} WHERE {newest}")  # noqa: S608
        marks = ", ".join("?" * len(rows[0]))
        start = time.perf_counter()
        for first in range(0, len(rows), chunk):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[first : first + chunk])  # noqa: S608
            connection.execute("COMMIT")
        return time.perf_counter() - start


def _by_postgres(url: str, table: str, count: int, chunk: int) -> float:
    named = sql.Identifier(table)
    newest = sql.SQL("ctid IN (SELECT ctid FROM {} ORDER BY ctid DESC LIMIT {})").format(named, count)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY (SELECT * FROM {} WHERE {}) TO STDOUT").format(named, newest)) as out:
            rows = [bytes(line) for line in out]
        cursor.execute(sql.SQL("DELETE FROM {} WHERE {}").format(named, newest))
        connection.commit()
        start = time.perf_counter()
        for first in range(0, len(rows), chunk):
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(named)) as copy:
                copy.write(b"".join(rows[first : first + chunk]))
            connection.commit()
        return time.perf_counter() - start
