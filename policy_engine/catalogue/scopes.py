"""The FEEL names of every audience as the checker and the compilers see them.

A fact's ``path`` is its key (``birth_date``). A relation's is the kind it leads to, in the plural where it leads to
many (``household``, ``persons``). A computed status lies at ``status:<policy id>``. What is derived, and the date in
question, carry their definition, which compilers put in place of the name.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import msgspec

from policy_engine.catalogue.attributes import Attribute, EntityKind, Relation
from policy_engine.catalogue.divisions import prefix_of
from policy_engine.catalogue.loading import ALL_KINDS, catalogue
from policy_engine.catalogue.parameters import Parameter
from policy_engine.language import Binding, FeelType, Scope, TableFunction, TableRow, parse
from policy_engine.language.ast import Expression, Literal
from policy_engine.language.types import BOOLEAN, DATE, STRING, Named

AS_OF = "今天"


class StatusBinding(msgspec.Struct, frozen=True):
    """A computed status as a name: of which entity, and worked out by which policy."""

    name: str
    entity: EntityKind
    policy_id: str


def scope_of(
    kind: EntityKind,
    as_of: date,
    statuses: Iterable[StatusBinding] = (),
    *,
    standards: Mapping[str, TableFunction] | None = None,
) -> Scope:
    """All names that a condition about one ``kind`` may use, with the standards in force on ``as_of`` (or those given)."""
    known = tuple(statuses)
    entities: dict[str, Scope] = {one: Scope(_entity_names(one, as_of, known)) for one in ALL_KINDS}
    today = Binding(DATE, may_be_unknown=False, definition=Literal(value=as_of))
    shared: dict[str, Named] = {AS_OF: today}
    shared.update(standards_on(as_of) if standards is None else standards)
    return Scope({**entities[kind].names, **shared}, entities)


@lru_cache(maxsize=64)
def standards_on(as_of: date) -> Mapping[str, TableFunction]:
    """Every dated parameter by its name as it stands on one day."""
    return {one.name: standard_on(one, as_of) for one in catalogue().parameters.values()}


def changed_standards(as_of: date, changes: Mapping[str, int]) -> Mapping[str, TableFunction]:
    """The standards of a day with some of them raised or lowered: by name, in per mille of their value.

    Values are rounded half up to the parameter's smallest unit. Raises ``KeyError`` for a name that is no standard.
    """
    found = dict(standards_on(as_of))
    for name, permille in changes.items():
        table = found[name]
        unit = Decimal(1) / table.result.scale
        factor = Decimal(1000 + permille) / 1000
        rows = tuple(
            msgspec.structs.replace(row, value=(row.value * factor).quantize(unit, ROUND_HALF_UP))
            if row.value is not None
            else row
            for row in table.rows
        )
        found[name] = msgspec.structs.replace(table, rows=rows)
    return found


def standard_on(parameter: Parameter, as_of: date) -> TableFunction:
    """A dated parameter as it stands on one day: one row per place and keys, the nearest place first."""
    rows = []
    for place, entries in parameter.by_place.items():
        current = next((one for one in entries if one.since <= as_of), None)
        if current is not None:
            value = None if current.value is None else Decimal(current.value) / parameter.scale
            rows.append(TableRow(prefix_of(current.division), place[1], value))
    rows.sort(key=lambda row: len(row.prefix), reverse=True)
    arguments = tuple(
        FeelType("string", values=one.values) if one.values else STRING for one in parameter.arguments
    )
    return TableFunction(arguments, FeelType("number", parameter.scale), tuple(rows))


def feel_type(attribute: Attribute) -> FeelType:
    """The type that FEEL gives an attribute."""
    match attribute.type:
        case "boolean":
            return BOOLEAN
        case "date":
            return DATE
        case "integer" | "money" | "ratio":
            return FeelType("number", attribute.scale)
        case "enum":
            return FeelType("string", values=attribute.values)
        case "text" | "division":
            return STRING


def _definition(attribute: Attribute, as_of: date) -> Expression | None:
    """The tree of a derived attribute on one day: with the date itself, so that it reads the same in every scope."""
    if attribute.derived is None:
        return None
    return parse(attribute.derived.replace(AS_OF, f'@"{as_of.isoformat()}"'))


def relation_path(relation: Relation) -> str:
    return f"{relation.to}s" if relation.many else relation.to


def _entity_names(kind: EntityKind, as_of: date, statuses: tuple[StatusBinding, ...]) -> dict[str, Named]:
    entity = catalogue().entities[kind]
    names: dict[str, Named] = {
        one.name: Binding(
            feel_type(one), one.key, is_nullable=one.is_nullable, definition=_definition(one, as_of)
        )
        for one in entity.attributes.values()
    }
    for relation in entity.relations.values():
        related = FeelType("list" if relation.many else "entity", entity=relation.to)
        names[relation.name] = Binding(related, relation_path(relation))
    for status in statuses:
        if status.entity == kind:
            names[status.name] = Binding(BOOLEAN, f"status:{status.policy_id}")
    return names
