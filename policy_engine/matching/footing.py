"""What the words of a policy stand on: base attributes, aggregates of a household or firm, its members, and statuses."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute, EntityKind, Relation
from policy_engine.policies.dependencies import StatusName, feel_texts, statuses_used
from policy_engine.policies.document import PolicyDocument

_WORD = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
OWNERS: tuple[EntityKind, ...] = ("household", "firm")


class Reading(msgspec.Struct, frozen=True):
    """A word too many only costs an evaluation; one too few would miss a change."""

    attributes: tuple[Attribute, ...]
    aggregates: tuple[Attribute, ...]
    relations: tuple[Relation, ...]

    @property
    def reached(self) -> frozenset[EntityKind]:
        """Kinds of which every member is read, not only one's own."""
        return frozenset(one.to for one in self.relations)


class Footing(msgspec.Struct, frozen=True):
    """What one document reads, and the computed statuses that it names."""

    reading: Reading
    statuses: tuple[StatusName, ...]


def footing_of(document: PolicyDocument, statuses: Iterable[StatusName]) -> Footing:
    below = tuple(one for one in statuses_used(document, statuses) if one.policy_id != document.id)
    return Footing(reading_of(tuple(text for _, text in feel_texts(document))), below)


def reading_of_aggregate(attribute: Attribute) -> Reading:
    """What a derived attribute of a household or firm stands on itself."""
    return reading_of((attribute.derived or "",))


@lru_cache(maxsize=4096)
def reading_of(texts: tuple[str, ...]) -> Reading:
    """What FEEL texts read; derived values of a person or hire are followed to their facts."""
    by_name, relations = _names()
    facts: dict[str, Attribute] = {}
    aggregates: dict[str, Attribute] = {}
    met: dict[str, Relation] = {}
    pending = set[str]().union(*(words(text) for text in texts))
    seen = set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        met.update({name: relations[name]} if name in relations else {})
        for attribute in by_name.get(name, ()):
            if attribute.derived is None:
                facts[attribute.id] = attribute
            elif attribute.entity in OWNERS:
                aggregates[attribute.id] = attribute
            else:
                pending |= words(attribute.derived) - seen
    return Reading(
        tuple(facts[key] for key in sorted(facts)),
        tuple(aggregates[key] for key in sorted(aggregates)),
        tuple(met[key] for key in sorted(met)),
    )


@lru_cache(maxsize=4096)
def base_attributes(texts: tuple[str, ...]) -> tuple[Attribute, ...]:
    """The base attributes that words may stand for, every derived one followed to its facts."""
    reading = reading_of(texts)
    found = {one.id: one for one in reading.attributes}
    for aggregate in reading.aggregates:
        found.update({one.id: one for one in base_attributes((aggregate.derived or "",))})
    return tuple(found[key] for key in sorted(found))


def words(text: str) -> set[str]:
    """What could be a name in a FEEL text: everything but what stands in quotation marks."""
    return set(_WORD.findall(_STRING.sub(" ", text)))


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, list[Attribute]], dict[str, Relation]]:
    by_name: dict[str, list[Attribute]] = {}
    for attribute in catalogue().attributes:
        by_name.setdefault(attribute.name, []).append(attribute)
    many = {
        name: relation
        for entity in catalogue().entities.values()
        for name, relation in entity.relations.items()
        if relation.many
    }
    return by_name, many
