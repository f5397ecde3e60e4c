"""Reads the catalogue's YAML once. It is part of the program, so a mistake in it stops the start, by name."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from kernel.i18n import ENGLISH, current_locale
from policy_engine.catalogue.attributes import SCALES, VIEWS, Attribute, Entity, EntityKind, Relation
from policy_engine.catalogue.divisions import Division
from policy_engine.catalogue.parameters import DatedValue, Parameter, ParameterArgument, Source

FOLDER = Path(__file__).parent
KINDS: tuple[EntityKind, ...] = (
    "person",
    "household",
    "firm",
    "hire",
    "loan",
    "home",
    "project",
)
#: With those that are only another's view of a stored kind.
ALL_KINDS: tuple[EntityKind, ...] = (*KINDS, *VIEWS)


class Department(msgspec.Struct, frozen=True):
    """A source of facts; ``id`` is what facts and precedence carry."""

    id: str
    name: str
    full_name: str
    label_en: str

    @property
    def said(self) -> str:
        """Its name in the reader's language."""
        return self.label_en if current_locale() == ENGLISH else self.name


class Catalogue(msgspec.Struct, frozen=True, dict=True):
    """Everything that can be known, by entity, with departments, divisions and dated parameters."""

    entities: Mapping[EntityKind, Entity]
    departments: Mapping[str, Department]
    divisions: Mapping[str, Division]
    parameters: Mapping[str, Parameter]
    #: Values of enumerations → English; one that says itself (a class of driving licence) is not among them.
    values_en: Mapping[str, str]

    @property
    def attributes(self) -> Iterable[Attribute]:
        for entity in self.entities.values():
            yield from entity.attributes.values()

    def attribute(self, attribute_id: str) -> Attribute:
        """The attribute with this id. Raises KeyError for an id that the catalogue does not know."""
        kind, _, key = attribute_id.partition(".")
        for entity in self.entities.values():
            if entity.kind == kind and key in entity.attributes:
                return entity.attributes[key]
        raise KeyError(f"the catalogue has no attribute {attribute_id!r}")

    def named(self, kind: EntityKind, name: str) -> Attribute | None:
        """The attribute of ``kind`` that FEEL calls ``name``, or None."""
        return next((one for one in self.entities[kind].attributes.values() if one.name == name), None)

    def said(self, value: str) -> str:
        """A value of an enumeration in the reader's language."""
        return self.values_en.get(value, value) if current_locale() == ENGLISH else value


@cache
def catalogue() -> Catalogue:
    """The one catalogue, read and checked on first use."""
    divisions = _divisions(_read("divisions.yaml"))
    departments = {
        one.id: one for one in msgspec.convert(_read("departments.yaml")["departments"], list[Department])
    }
    entities = {kind: _entity(_read(f"attributes/{kind}.yaml")) for kind in KINDS}
    entities |= {
        kind: _view(kind, entities[of], _read(f"attributes/{kind}.yaml")) for kind, of in VIEWS.items()
    }
    parameters = _parameters(_read("parameters.yaml"))
    for attribute in (one for entity in entities.values() for one in entity.attributes.values()):
        strangers = {attribute.department, *attribute.precedence} - departments.keys()
        if strangers:
            raise ValueError(f"{attribute.id}: no such department: {', '.join(sorted(strangers))}")
    values_en = msgspec.convert(_read("values.yaml"), dict[str, str])
    return Catalogue(entities, departments, divisions, parameters, values_en)


def _read(name: str) -> Any:
    return msgspec.yaml.decode((FOLDER / name).read_bytes())


def _entity(raw: dict[str, Any]) -> Entity:
    kind: EntityKind = raw["entity"]
    attributes: dict[str, Attribute] = {}
    for group in raw["groups"]:
        shared = {key: value for key, value in group.items() if key != "attributes"}
        shared.setdefault("precedence", [shared["department"]])
        for one in group["attributes"]:
            key = one["id"]
            if key in attributes:
                raise ValueError(f"{kind}.{key} stands twice in the catalogue")
            attributes[key] = msgspec.convert(
                {**shared, **one, "entity": kind, "id": f"{kind}.{key}"}, Attribute
            )
    relations = {one["name"]: msgspec.convert(one, Relation) for one in raw["relations"]}
    return Entity(kind, raw["name"], relations, attributes)


def _view(kind: EntityKind, of: Entity, raw: dict[str, Any]) -> Entity:
    """The attributes named, under ids of their own, with everything else as it is where the facts lie."""
    attributes = {
        key: msgspec.structs.replace(of.attributes[key], id=f"{kind}.{key}", entity=kind)
        for key in raw["attributes"]
    }
    return Entity(kind, raw["name"], {}, attributes)


def _divisions(raw: dict[str, Any]) -> dict[str, Division]:
    found: dict[str, Division] = {}
    for one in msgspec.convert(raw["divisions"], list[Division]):
        parent = {
            "nation": "",
            "province": "000000",
            "city": one.code[:2] + "0000",
            "county": one.code[:4] + "00",
        }
        found[one.code] = msgspec.structs.replace(one, parent=parent[one.level])
    for county, kinds in raw["townships"].items():
        for kind, names in kinds.items():
            for code, one in names.items():
                found[code] = Division(
                    code, one["name"], "township", kind=kind, label_en=one["label_en"], parent=county
                )
    return found


def _parameters(raw: dict[str, Any]) -> dict[str, Parameter]:
    sources = msgspec.convert(raw["sources"], dict[str, Source])
    found: dict[str, Parameter] = {}
    for one in raw["parameters"]:
        scale = SCALES.get(one["type"], 1)
        values = tuple(
            DatedValue(
                division=value["division"],
                keys=tuple(value["keys"]),
                since=value["from"],
                value=_scaled(value["value"], scale),
                source=sources[value["source"]],
            )
            for value in one["values"]
        )
        arguments = msgspec.convert(one["arguments"], tuple[ParameterArgument, ...])
        found[one["name"]] = Parameter(
            one["id"], one["name"], one["label_en"], one["type"], one["unit"], arguments, values
        )
    return found


def _scaled(value: int | str | None, scale: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int | str):
        raise ValueError(f"{value!r}: write a whole number, or a quoted decimal such as '81.50'")
    scaled = Decimal(value) * scale
    if scaled != int(scaled):
        raise ValueError(f"{value!r} is finer than the unit allows")
    return int(scaled)
