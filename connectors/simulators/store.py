"""The simulated world's own memory: one SQLite file that the system itself never opens."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS person (
  number INTEGER PRIMARY KEY, id_number TEXT UNIQUE NOT NULL, name TEXT NOT NULL, phone TEXT,
  household_number TEXT NOT NULL, division TEXT NOT NULL, register_kind TEXT NOT NULL, died_on TEXT);
CREATE INDEX IF NOT EXISTS person_name ON person (name);
CREATE INDEX IF NOT EXISTS person_household ON person (household_number);
CREATE TABLE IF NOT EXISTS firm (
  number INTEGER PRIMARY KEY, uscc TEXT UNIQUE NOT NULL, name TEXT NOT NULL, division TEXT NOT NULL,
  representative_id_number TEXT, representative_name TEXT,
  kind TEXT NOT NULL DEFAULT '1000', standing TEXT NOT NULL DEFAULT '1', head_office TEXT);
CREATE INDEX IF NOT EXISTS firm_name ON firm (name);
CREATE TABLE IF NOT EXISTS record (
  number INTEGER PRIMARY KEY, department TEXT NOT NULL, identifier TEXT NOT NULL, kind TEXT NOT NULL,
  message TEXT NOT NULL, made_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS record_identifier ON record (identifier);
CREATE TABLE IF NOT EXISTS event (
  number INTEGER PRIMARY KEY, department TEXT NOT NULL, event_id TEXT UNIQUE NOT NULL, envelope BLOB NOT NULL,
  made_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, deliveries INTEGER NOT NULL DEFAULT 1,
  state TEXT NOT NULL DEFAULT 'waiting', answer TEXT);
CREATE INDEX IF NOT EXISTS event_state ON event (state, number);
CREATE INDEX IF NOT EXISTS event_department ON event (department, number);
CREATE TABLE IF NOT EXISTS account (
  number TEXT PRIMARY KEY, bank TEXT NOT NULL, holder_name TEXT NOT NULL, holder_identifier TEXT NOT NULL,
  is_closed INTEGER NOT NULL DEFAULT 0, balance_fen INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS account_holder ON account (holder_identifier);
CREATE TABLE IF NOT EXISTS treasury_order (
  instruction_id TEXT PRIMARY KEY, content TEXT NOT NULL, amount_fen INTEGER NOT NULL, status TEXT NOT NULL,
  reason TEXT, bank_reference TEXT, accepted_at TEXT NOT NULL, settled_at TEXT, message TEXT);
CREATE INDEX IF NOT EXISTS treasury_order_status ON treasury_order (status);
CREATE TABLE IF NOT EXISTS payout (
  instruction_id TEXT PRIMARY KEY, account TEXT NOT NULL, payee_name TEXT NOT NULL, amount_fen INTEGER NOT NULL,
  status TEXT NOT NULL, reason TEXT, reference TEXT NOT NULL, due REAL NOT NULL, booked_at TEXT);
CREATE INDEX IF NOT EXISTS payout_status ON payout (status, due);
CREATE TABLE IF NOT EXISTS booking (
  number INTEGER PRIMARY KEY, day TEXT NOT NULL, booked_at TEXT NOT NULL, direction TEXT NOT NULL,
  amount_fen INTEGER NOT NULL, instruction_id TEXT NOT NULL, reference TEXT NOT NULL, account TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS booking_day ON booking (day, number);
CREATE INDEX IF NOT EXISTS booking_account ON booking (account, number);
CREATE TABLE IF NOT EXISTS fault (
  system TEXT PRIMARY KEY, mode TEXT NOT NULL, times INTEGER, seconds REAL NOT NULL, code TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lender (
  code TEXT PRIMARY KEY, mode TEXT NOT NULL, rate_bp INTEGER NOT NULL, reason_code TEXT NOT NULL,
  needs_guarantee INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS short_message (
  key TEXT PRIMARY KEY, phone TEXT NOT NULL, text TEXT NOT NULL, sent_at TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'delivered');
CREATE TABLE IF NOT EXISTS mail (
  key TEXT PRIMARY KEY, address TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, sent_at TEXT NOT NULL,
  status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS means_inquiry (
  number TEXT PRIMARY KEY, source TEXT NOT NULL, id_number TEXT NOT NULL, accepted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_message (
  key TEXT PRIMARY KEY, openid TEXT NOT NULL, template_id TEXT NOT NULL, text TEXT NOT NULL, sent_at TEXT NOT NULL);
"""
#: Columns that a world from an earlier version lacks.
ADDED = (
    ("firm", "kind", "TEXT NOT NULL DEFAULT '1000'"),
    ("firm", "standing", "TEXT NOT NULL DEFAULT '1'"),
    ("firm", "head_office", "TEXT"),
    ("treasury_order", "message", "TEXT"),
    ("short_message", "status", "TEXT NOT NULL DEFAULT 'delivered'"),
)

Row = sqlite3.Row


class Store:
    """One connection behind one lock: plenty for a demonstration, and every step is atomic."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            home / "simulators.db", check_same_thread=False, isolation_level=None, timeout=10
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(SCHEMA)
        self._add_columns()
        self._depth = 0

    def _add_columns(self) -> None:
        for table, column, kind in ADDED:
            known = {row["name"] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            if column not in known:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def transaction(self) -> Iterator["Store"]:
        """All or nothing; may be nested, the outermost commits."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        with self._lock:
            return self._connection.execute(sql, values).fetchone()

    def run(self, sql: str, *values: Any) -> int:
        """Change something; how many rows it touched."""
        with self.transaction():
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        with self.transaction():
            self._connection.executemany(sql, rows)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
