"""What connectors and licences call facts are attributes of the catalogue that can be stated."""

import re
from pathlib import Path

import msgspec
import pytest

from connectors.events import departments
from licenses.catalogue import LicenceType, licence_types
from policy_engine.catalogue import catalogue
from policy_engine.profiles import vocabulary

MAPPINGS = sorted(Path(departments.__file__).parent.parent.glob("*/mapping.py"))
ATTRIBUTE = re.compile(r'"((?:person|household|firm|hire|loan)\.[a-z_]+)"')


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda path: path.parent.name)
def test_every_attribute_a_department_maps_to_can_be_stated(mapping: Path) -> None:
    named = set(ATTRIBUTE.findall(mapping.read_text(encoding="utf-8")))
    derived = {one for one in named if catalogue().attribute(one).derived is not None}
    assert derived == set()


def test_the_licences_that_stand_speak_of_known_facts() -> None:
    vocabulary.require_known_attributes()


@pytest.mark.parametrize(
    ("attribute", "what"), [("person.shoe_size", "no attribute"), ("person.age", "computed")]
)
def test_a_licence_that_speaks_of_unknown_facts_stops_the_start(
    attribute: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(iter(licence_types().values()))
    odd: LicenceType = msgspec.structs.replace(first, facts={attribute: "level"})
    monkeypatch.setattr(vocabulary, "licence_types", lambda: {first.id: odd})
    with pytest.raises(ValueError, match=rf"{re.escape(attribute)}|{what}"):
        vocabulary.require_known_attributes()
