"""A holder, a firm, and a licence each."""

import pytest

import identity.tables  # noqa: F401  tables that others refer to
from identity.registry import service as registry
from kernel.house import House
from licenses import service
from licenses.models import Licence

FIELDS = {"level": 1, "category": "肢体"}


def register(house: House, name: str = "章小芸", number: str = "11010519491231002X") -> int:
    """A person in the registry."""
    with house.database.write() as session:
        return registry.ensure(
            session,
            kind="person",
            name=name,
            identifier_kind="id_number",
            identifier=number,
            vault=house.vault,
            now=house.clock.now(),
        )


@pytest.fixture
def holder(any_house: House) -> int:
    return register(any_house)


@pytest.fixture
def holder_here(house: House) -> int:
    """On SQLite alone, for rules that no database changes."""
    return register(house)


@pytest.fixture
def certificate(any_house: House, holder: int) -> Licence:
    with any_house.database.write() as session:
        return service.issue(
            session,
            any_house,
            type_id="disability-certificate",
            holder_id=holder,
            fields=FIELDS,
            actor="connector:disabled_federation",
            source_event="disabled_federation:e-1",
        )


@pytest.fixture
def certificate_here(house: House, holder_here: int) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id="disability-certificate",
            holder_id=holder_here,
            fields=FIELDS,
            actor="test",
        )
