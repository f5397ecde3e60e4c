"""From facts to what FEEL sees: Chinese names, yuan and plain rates, dates as dates, and UNKNOWN where nobody told us.

The oracle's side of the catalogue: compilers read raw columns instead and must come to the same.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from policy_engine.catalogue.attributes import Attribute, Entity, EntityKind
from policy_engine.catalogue.loading import catalogue
from policy_engine.catalogue.scopes import AS_OF, standards_on
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.language import UNKNOWN, judge_amount, parse
from policy_engine.language.ast import Expression

_NOTHING_MADE: Mapping[str, Mapping[str, Any]] = {}


def context_of(
    subject: SubjectFacts,
    as_of: date,
    statuses: Iterable[str] = (),
    *,
    made: Mapping[str, Mapping[str, Any]] = _NOTHING_MADE,
) -> dict[str, Any]:
    """Every name that FEEL may use about ``subject`` on ``as_of``: facts, relations, statuses, standards, today.

    ``statuses`` are the names of computed statuses; one that ``subject`` does not carry is unknown. ``made`` are
    contexts of related subjects that exist already, by the relation's name: a household is one for all its members.
    """
    shared: dict[str, Any] = {AS_OF: as_of, **standards_on(as_of)}
    names = frozenset(statuses)
    return {**shared, **_entity_context(subject, shared, names, made)}


def feel_value(attribute: Attribute, raw: Any) -> Any:
    """A raw value as FEEL sees it; absent as the catalogue says, and UNKNOWN where absence is no answer."""
    if raw is None:
        if not attribute.may_be_absent:
            return UNKNOWN
        raw = attribute.absent
        if raw is None:
            return None
    if attribute.type == "date":
        return raw if isinstance(raw, date) else date.fromisoformat(raw)
    if attribute.type in ("integer", "money", "ratio"):
        return Decimal(raw) / attribute.scale
    return raw


def _entity_context(
    subject: SubjectFacts,
    shared: Mapping[str, Any],
    statuses: frozenset[str],
    made: Mapping[str, Mapping[str, Any]] = _NOTHING_MADE,
) -> dict[str, Any]:
    entity = catalogue().entities[subject.kind]
    found: dict[str, Any] = dict.fromkeys(statuses, UNKNOWN)
    for name, value in subject.statuses.items():
        found[name] = UNKNOWN if value is None else value
    unknown, by_key = _base_of(subject.kind)
    found |= unknown
    for key, raw in subject.facts.items():
        attribute = by_key.get(key)
        if attribute is not None:
            found[attribute.name] = feel_value(attribute, raw)
    for name, relation in entity.relations.items():
        related = subject.related.get(name)
        if name in made:
            found[name] = made[name]
        elif isinstance(related, tuple):
            found[name] = [_entity_context(one, shared, statuses) for one in related]
        elif related is not None:
            found[name] = _entity_context(related, shared, statuses)
        else:
            found[name] = (
                UNKNOWN if relation.many else _unknown_subject(catalogue().entities[relation.to], statuses)
            )
    _derive(entity, subject, found, shared)
    return found


@cache
def _base_of(kind: EntityKind) -> tuple[Mapping[str, Any], Mapping[str, Attribute]]:
    """The names of an entity's facts, all unknown; and its facts by key. Of many facts few are known."""
    attributes = catalogue().entities[kind].base_attributes
    return dict.fromkeys((one.name for one in attributes), UNKNOWN), {one.key: one for one in attributes}


def _unknown_subject(entity: Entity, statuses: frozenset[str]) -> dict[str, Any]:
    """Whose household? All that could be said of it is unknown."""
    names = [one.name for one in entity.attributes.values()] + list(entity.relations)
    return dict.fromkeys([*names, *statuses], UNKNOWN)


def _derive(entity: Entity, subject: SubjectFacts, found: dict[str, Any], shared: Mapping[str, Any]) -> None:
    for attribute in entity.derived_attributes:
        if attribute.key in subject.facts:
            found[attribute.name] = feel_value(attribute, subject.facts[attribute.key])
        else:
            found[attribute.name] = judge_amount(derivation(attribute.id), {**shared, **found})


@cache
def derivation(attribute_id: str) -> Expression:
    """The tree of a derived attribute. Raises ``ValueError`` for one that is collected."""
    text = catalogue().attribute(attribute_id).derived
    if text is None:
        raise ValueError(f"{attribute_id} is a fact, not derived")
    return parse(text)
