"""A small generated city on disk, once for the run; and hand-made families where a test needs just a few people."""

import importlib
import pkgutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import identity
from kernel.house import House
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
    generate(900, 90, 5, directory, as_of=AS_OF)
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


@pytest.fixture
def family(any_house: House) -> House:
    """A grandmother and her daughter in one household, and an empty household beside it."""
    changes: list[Change] = [
        added(HOME, "household", HOME),
        added(OTHER_HOME, "household", OTHER_HOME),
        added(GRANNY, "person", HOME),
        added(DAUGHTER, "person", HOME),
    ]
    with any_house.database.write() as session:
        apply_changes(session, changes, now=NOON)
    return any_house


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
