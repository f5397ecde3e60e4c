"""A small generated city on disk, once for the run; and hand-made families where a test needs just a few people."""

import importlib
import pkgutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import identity
from kernel.house import House
from policy_engine.profiles import loading
from policy_engine.profiles.city import generate
from policy_engine.profiles.schemas import Change, FactChange, SubjectAdded
from policy_engine.profiles.service import apply_changes

# A new representative ends grants, whose table refers to others of identity: a store has all of them.
for _module in pkgutil.walk_packages(identity.__path__, "identity."):
    if _module.name.endswith(".models"):
        importlib.import_module(_module.name)

AS_OF = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
GRANNY, DAUGHTER, HOME, OTHER_HOME = 11, 12, 21, 22


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("city")
    generate(400, 60, 5, directory, as_of=AS_OF)
    return directory


def added(subject_id: int, kind: str, owner_id: int) -> SubjectAdded:
    return SubjectAdded(
        subject_id=subject_id,
        kind=kind,  # type: ignore[arg-type]
        owner_id=owner_id,
        division="420222100",
        source="public_security",
        event_id=f"added-{subject_id}",
        observed_at=NOON,
    )


def settled(house: House) -> House:
    changes: list[Change] = [
        added(HOME, "household", HOME),
        added(OTHER_HOME, "household", OTHER_HOME),
        added(GRANNY, "person", HOME),
        added(DAUGHTER, "person", HOME),
    ]
    with house.database.write() as session:
        apply_changes(session, changes, now=NOON)
    return house


@pytest.fixture
def family(house: House) -> House:
    """A grandmother and her daughter in one household, and an empty household beside it."""
    return settled(house)


@pytest.fixture
def any_family(any_house: House) -> House:
    """The same on SQLite and on PostgreSQL, for what the databases could do differently."""
    return settled(any_house)


def load(house: House, city: Path) -> House:
    with house.database.write() as session:
        loading.load_city(session, city, vault=house.vault, now=NOON)
    return house


@pytest.fixture
def loaded(house: House, city: Path) -> House:
    return load(house, city)


@pytest.fixture
def any_loaded(any_house: House, city: Path) -> House:
    return load(any_house, city)


def fact(
    subject_id: int,
    attribute: str,
    value: object,
    *,
    source: str = "disabled_federation",
    event_id: str = "e-1",
    observed_at: datetime = NOON,
    **more: object,
) -> FactChange:
    return FactChange(
        subject_id=subject_id,
        attribute=attribute,
        value=value,  # type: ignore[arg-type]
        source=source,
        event_id=event_id,
        observed_at=observed_at,
        **more,  # type: ignore[arg-type]
    )
