"""A store of the identity service as a city has it: accounts with sign-ins, grants and chains of refresh tokens.

Most rows are chance and can do nothing. Some, spread evenly over the whole, are real: their passwords, cookies and
refresh tokens are known here, and the load is theirs.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher

import portals.tables  # noqa: F401  every table of the house
from identity.accounts.models import Account
from identity.clients.service import register_client
from identity.grants.models import OAuthGrant
from identity.oauth.models import Consent, RefreshToken
from identity.registry.models import Subject
from identity.sessions.models import IdentitySession
from kernel.bulk import insert_rows
from kernel.house import House
from kernel.ids import new_id
from kernel.migrations import migrate
from kernel.web.sessions import SessionStore

CLIENT, SECRET = "bench-app", "a benchmark's secret"
CALLBACK = "https://bench.invalid/callback"
PASSWORD = "correct horse battery"  # noqa: S105 (of fictional accounts)
TOKENS_EACH = 5
CHUNK = 25_000
SCOPE = "openid profile"
#: The service's own cost (identity.accounts.passwords).
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A real one: what they type, their browser's cookie, and their client's refresh token."""

    login: str
    cookie: str
    refresh_token: str


def fill(house: House, accounts: int, samples: int) -> list[Person]:
    """Make a store of ``accounts`` with five refresh tokens each; the real people in it."""
    _hurry(house)
    migrate(house.database)
    now = house.clock.now()
    with house.database.write() as session:
        register_client(
            session,
            client_id=CLIENT,
            name="基准应用",
            redirect_uris=[CALLBACK],
            secret=SECRET,
            scopes=SCOPE.split(),
            vault=house.vault,
            now=now,
        )
    every = max(1, accounts // samples)
    people: list[Person] = []
    for first in range(1, accounts + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, accounts + 1))
        people += _chunk(house, numbers, {n for n in numbers if n % every == 0}, now)
    _settle(house)
    return people[:samples]


def _chunk(house: House, numbers: range, real: set[int], now: datetime) -> list[Person]:
    sids = {n: new_id() for n in numbers}
    grants = {n: new_id() for n in numbers}
    password = HASHER.hash(PASSWORD)
    until = now + timedelta(hours=12)
    sessions = SessionStore(house, "identity")
    tables: list[tuple[Any, tuple[str, ...], Iterator[tuple[Any, ...]]]] = [
        (
            Subject,
            ("subject_id", "kind", "name_sealed", "created_at"),
            ((n, "person", _name(house, n, real), now) for n in numbers),
        ),
        (
            Account,
            ("subject_id", "login_name", "password_hash", "state", "real_name_at", "created_at"),
            ((n, f"bench-{n}", password if n in real else None, "active", now, now) for n in numbers),
        ),
        (
            IdentitySession,
            ("sid", "subject_id", "acr", "methods", "auth_at", "address_sealed", "device", "expires_at"),
            ((sids[n], n, "L1", ["pwd"], now, os.urandom(48), "Chrome · Linux", until) for n in numbers),
        ),
        (
            OAuthGrant,
            (
                *("grant_id", "epoch", "sid", "client_id", "subject_id", "capacity", "acting_for", "basis"),
                *("scope", "acr", "auth_at", "created_at", "expires_at"),
            ),
            (
                (grants[n], 1, sids[n], CLIENT, n, "self", n, "self", SCOPE, "L1", now, now, until)
                for n in numbers
            ),
        ),
        (
            RefreshToken,
            ("token_hash", "grant_id", "client_id", "scope", "issued_at", "expires_at", "consumed_at"),
            (
                (_hash(house, n, turn, real), grants[n], CLIENT, SCOPE, now, until, now if turn else None)
                for n in numbers
                for turn in range(TOKENS_EACH)
            ),
        ),
        (
            Consent,
            ("consent_id", "subject_id", "client_id", "scope", "given_at", "expires_at"),
            ((new_id(), n, CLIENT, SCOPE, now, now + timedelta(days=300)) for n in sorted(real)),
        ),
    ]
    with house.database.write() as session:
        for table, columns, rows in tables:
            insert_rows(session, table, columns, rows)
        return [
            Person(f"bench-{n}", sessions.open(session, sid=sids[n], payload={}, now=now), _token(n))
            for n in sorted(real)
        ]


def _name(house: House, number: int, real: set[int]) -> bytes:
    if number not in real:
        return os.urandom(60)
    return house.vault.seal(f"居民{number}", context=f"subject/name_sealed/{number}")


def _token(number: int) -> str:
    return f"bench-{number:032}"


def _hash(house: House, number: int, turn: int, real: set[int]) -> bytes:
    if turn == 0 and number in real:
        return house.vault.hash_token(f"refresh/{_token(number)}")
    return os.urandom(32)


def _hurry(house: House) -> None:
    """A load that nobody needs after a power cut: no checks of references, no waiting for the disk."""

    def prepare(connection: Any, _record: Any) -> None:
        if house.database.is_sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-1000000"):
                connection.execute(f"PRAGMA {pragma}")
        else:
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET statement_timeout = 0")
            connection.commit()

    sa.event.listen(house.database.engine, "connect", prepare)


def _settle(house: House) -> None:
    """As after a night: what planners count is counted, nothing is left to write."""
    if house.database.is_sqlite:
        with closing(sqlite3.connect(str(house.database.engine.url.database))) as store:
            store.execute("ANALYZE")
            store.commit()
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
