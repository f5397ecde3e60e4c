"""A migrated store is exactly what the code believes it to be, on both databases."""

from pathlib import Path

import pytest

import portals.tables
from kernel.database import Base, Database
from kernel.migrations import differences, is_current, migrate


def _check(url: str) -> None:
    assert portals.tables.METADATA is Base.metadata
    database = Database(url)
    assert not is_current(database)
    migrate(database)
    migrate(database)  # again changes nothing
    assert is_current(database)
    known = {name for name in Base.metadata.tables if name.startswith("test_")}
    assert [one for one in differences(database) if not any(name in str(one) for name in known)] == []
    database.close()


def test_on_sqlite(tmp_path: Path) -> None:
    _check(f"sqlite:///{tmp_path / 'store.db'}")


@pytest.mark.postgres
def test_on_postgresql(postgres_url: str) -> None:
    _check(postgres_url)
