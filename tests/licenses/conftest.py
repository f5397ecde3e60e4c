"""A holder, a firm, and a licence each."""

import pytest

from identity.registry import service as registry
from kernel.house import House
from licenses import service
from licenses.models import Licence

FIELDS = {"level": 1, "category": "肢体"}


@pytest.fixture
def holder(any_house: House) -> int:
    with any_house.database.write() as session:
        return registry.ensure(
            session,
            kind="person",
            name="章小芸",
            identifier_kind="id_number",
            identifier="11010519491231002X",
            vault=any_house.vault,
            now=any_house.clock.now(),
        )


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
