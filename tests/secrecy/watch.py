"""Every store that a test's house leaves behind is searched for every secret spoken while it was open.

One fixture of the whole run (``tests/conftest.py``) listens at the doors and looks when a house closes its database; a
store that a server in another process kept is searched by whoever ended that process. What is found fails the test, and
so does a store that somebody used and that was gone before it could be searched.
"""

import contextlib
import os
import sqlite3
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Request

from identity.accounts.passwords import PasswordPool
from kernel.crypto import Vault
from kernel.database import Database
from tests.secrecy.spoken import SPOKEN
from tests.secrecy.stolen_copy import Finding, StolenCopy

#: ``DONGCHU_SECRECY_LOG``: a file to which each store searched is written, for whoever wants to see that it happens.
_LOG = os.environ.get("DONGCHU_SECRECY_LOG")


class Leaked(AssertionError):
    """Something secret stands in a store in plain."""


class Vanished(AssertionError):
    """A store was written to after it was last searched, and can be searched no more."""


class Watch:
    """What was searched in this process."""

    def __init__(self) -> None:
        self.stores = 0
        self._opened: weakref.WeakKeyDictionary[Database, int] = weakref.WeakKeyDictionary()
        #: Six digits meet six digits by chance; the same column twice is no chance.
        self._codes: Counter[str] = Counter()
        #: Stores that somebody used since they were searched, and which test that was.
        self._used: dict[str, str] = {}

    def opened(self, database: Database) -> None:
        self._opened[database] = SPOKEN.turn
        address = _address(database.engine.url)

        def used(*_checkout: object) -> None:
            self._used[address] = _test()

        sa.event.listen(database.engine, "checkout", used)

    def closing(self, database: Database) -> None:
        self.search(database.engine.url, since=self._opened.get(database, 0))

    def search(self, url: sa.URL, *, since: int) -> None:
        """Raises ``Leaked``; ``Vanished`` for a store that is gone or cannot be read though it was used since."""
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            self._must_be_searched(url, "its file is gone")
            return
        try:
            copy = StolenCopy(url)
        except (sqlite3.DatabaseError, psycopg.OperationalError) as why:
            self._must_be_searched(url, str(why))
            return
        self._used.pop(_address(url), None)
        self.stores += 1
        secrets, codes = SPOKEN.secrets_since(since), SPOKEN.codes_since(since)
        findings = copy.findings(secrets, codes)
        _log(url, len(copy.tables), len(secrets), len(codes), findings)
        certain = [one for one in findings if not one.is_code or self._is_seen_again(one)]
        if certain:
            raise Leaked("in plain: " + "; ".join(map(str, certain[:8])))

    def given_up(self, url: sa.URL) -> None:
        """A test says of its own store that it breaks it on purpose."""
        self._used.pop(_address(url), None)

    def _must_be_searched(self, url: sa.URL, why: str) -> None:
        by = self._used.pop(_address(url), None)
        if by is not None:
            raise Vanished(
                f"the store {url.database} was used by {by} and not searched since ({why}): search it before it goes"
                " (WATCH.search), or say that it is broken on purpose (WATCH.given_up)"
            )

    def _is_seen_again(self, finding: Finding) -> bool:
        self._codes[finding.where] += 1
        return self._codes[finding.where] > 1


WATCH = Watch()


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Listen at all doors and search every store that closes, until the run is over."""
    with pytest.MonkeyPatch.context() as patch:
        _listen_inside(patch)
        _listen_to_clients(patch)
        _listen_to_browsers(patch)
        _around(patch, Database, "__init__", after=_opened)
        close = Database.close

        def searched_and_closed(database: Database) -> None:
            try:
                WATCH.closing(database)
            finally:
                close(database)

        patch.setattr(Database, "close", searched_and_closed)
        yield WATCH


def _opened(_nothing: None, database: Database, *_given: Any, **_named: Any) -> None:
    WATCH.opened(database)


def _listen_inside(patch: pytest.MonkeyPatch) -> None:
    def hashed(_hash: bytes, _vault: Vault, secret: str) -> None:
        SPOKEN.hashed(secret)

    def sealed(_sealed: bytes, _vault: Vault, plaintext: str, *, context: str) -> None:
        SPOKEN.sealed(plaintext, context)

    def chosen(_hash: str, _pool: PasswordPool, password: str) -> None:
        SPOKEN.keep(password)

    _around(patch, Vault, "hash_token", after=hashed)
    _around(patch, Vault, "seal", after=sealed)
    _around(patch, PasswordPool, "hash", after=chosen)


def _listen_to_clients(patch: pytest.MonkeyPatch) -> None:
    def heard(answer: httpx.Response, _client: Any, request: httpx.Request, **options: Any) -> None:
        with contextlib.suppress(httpx.RequestNotRead):
            SPOKEN.body(request.headers.get("content-type", ""), request.content)
        SPOKEN.address(str(request.url))
        SPOKEN.authorization(request.headers.get("authorization", ""))
        SPOKEN.cookies(answer.cookies.items())
        SPOKEN.address(answer.headers.get("location", ""))
        if not options.get("stream"):
            SPOKEN.body(answer.headers.get("content-type", ""), answer.content)

    def heard_by_requests(
        answer: requests.Response, _session: Any, request: requests.PreparedRequest, **_options: Any
    ) -> None:
        if str(request.headers.get("user-agent", "")).startswith("schemathesis"):
            return  # what a generator makes up is no secret, and often a word that stands everywhere
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if isinstance(body, bytes):
            SPOKEN.body(request.headers.get("content-type", ""), body)
        SPOKEN.authorization(str(request.headers.get("authorization", "")))
        SPOKEN.address(answer.headers.get("location", ""))
        SPOKEN.body(answer.headers.get("content-type", ""), answer.content)

    _around(patch, httpx.Client, "send", after=heard)
    _around(patch, requests.Session, "send", after=heard_by_requests)


def _listen_to_browsers(patch: pytest.MonkeyPatch) -> None:
    def asked(request: Request) -> None:
        SPOKEN.address(request.url)
        SPOKEN.body(request.headers.get("content-type", ""), (request.post_data or "").encode())

    def opened(window: BrowserContext, *_given: Any, **_named: Any) -> None:
        window.on("request", asked)

    _around(patch, Browser, "new_context", after=opened)
    close = BrowserContext.close

    def heard_and_closed(window: BrowserContext, **options: Any) -> None:
        SPOKEN.cookies((one.get("name", ""), one.get("value", "")) for one in window.cookies())
        close(window, **options)

    patch.setattr(BrowserContext, "close", heard_and_closed)


def _around(patch: pytest.MonkeyPatch, owner: type, name: str, *, after: Callable[..., None]) -> None:
    """Let ``after`` see what a method answered and was given."""
    method = getattr(owner, name)

    def heard(*given: Any, **named: Any) -> Any:
        answer = method(*given, **named)
        after(answer, *given, **named)
        return answer

    patch.setattr(owner, name, heard)


def _address(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]


def _log(url: sa.URL, tables: int, secrets: int, codes: int, findings: list[Finding]) -> None:
    if _LOG:
        with Path(_LOG).open("a", encoding="utf-8") as log:
            told = "; ".join(map(str, findings))
            log.write(
                f"{_test()}\t{url.get_backend_name()}\t{tables} tables\t{secrets} secrets\t{codes} codes\t{told}\n"
            )
