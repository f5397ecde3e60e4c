"""Which judgement of a family stands on which facts and statuses: the network that the chain runs over."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute, EntityKind
from policy_engine.matching.chain import Concept, Network
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies.dependencies import feel_texts, statuses_used
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.schemas import Family

_WORD = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class Footing(msgspec.Struct, frozen=True):
    """What one policy stands on: base attributes, and the published policies that compute the statuses it names."""

    attributes: tuple[Attribute, ...]
    statuses: tuple[PublishedPolicy, ...]


def fact_key(attribute_id: str, subject_id: int) -> str:
    return f"{attribute_id}:{subject_id}"


def judgement_key(policy: PublishedPolicy, unit_id: int) -> str:
    return f"{policy.document.id}@{policy.document.version}:{unit_id}"


def network_of(case: FamilyCase) -> tuple[Network, dict[str, tuple[PublishedPolicy, Subject]]]:
    """The network of a family, and what each of its concepts judges."""
    footings: dict[tuple[str, int], Footing] = {}
    judged: dict[str, tuple[PublishedPolicy, Subject]] = {}
    concepts: list[Concept] = []
    for policy, subject in case.policies_on():
        name = (policy.document.id, policy.document.version)
        if name not in footings:
            footings[name] = _footing(policy.document, case.published)
        key = judgement_key(policy, subject.unit_id)
        inputs = frozenset(_inputs(case.family, policy.document.entity, footings[name], subject))
        judged[key] = policy, subject
        concepts.append(Concept(key, policy.stratum, inputs))
    return Network(concepts), judged


def _footing(document: PolicyDocument, published: PublishedSet) -> Footing:
    """Of a status in roll-out every version counts: this one's subject may lie under either."""
    below = {one.policy_id for one in statuses_used(document, published.statuses)} - {document.id}
    return Footing(
        attributes_behind(document), tuple(one for one in published.policies if one.document.id in below)
    )


def _inputs(family: Family, kind: EntityKind, footing: Footing, subject: Subject) -> Iterator[str]:
    for attribute in footing.attributes:
        for subject_id in _concerned(family, attribute.entity, kind, subject):
            yield fact_key(attribute.id, subject_id)
    for below in footing.statuses:
        for subject_id in _concerned(family, below.document.entity, kind, subject):
            yield judgement_key(below, subject_id)


def _concerned(family: Family, whose: str, kind: EntityKind, subject: Subject) -> Iterable[int]:
    """Whose fact a policy on ``kind`` reads: the unit's own, its owner's, or every member's."""
    if whose == kind:
        return (subject.unit_id,)
    if whose == family.owner.kind:
        return (family.owner.subject_id,)
    return tuple(one.subject_id for one in family if one.kind == whose)


def attributes_behind(document: PolicyDocument) -> tuple[Attribute, ...]:
    """The base attributes that the words of a document may stand for, derived ones followed to their facts."""
    return _attributes_of(tuple(text for _, text in feel_texts(document)))


def attributes_in(text: str) -> tuple[Attribute, ...]:
    """The base attributes behind the words of one FEEL text."""
    return _attributes_of((text,))


@lru_cache(maxsize=4096)
def _attributes_of(texts: tuple[str, ...]) -> tuple[Attribute, ...]:
    """A word too many only costs an evaluation; one too few would miss a change."""
    by_name: dict[str, list[Attribute]] = {}
    for attribute in catalogue().attributes:
        by_name.setdefault(attribute.name, []).append(attribute)
    found: dict[str, Attribute] = {}
    pending = {word for text in texts for word in _WORD.findall(_STRING.sub(" ", text))}
    seen = set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        for attribute in by_name.get(name, ()):
            if attribute.derived is None:
                found[attribute.id] = attribute
            else:
                pending |= set(_WORD.findall(attribute.derived)) - seen
    return tuple(found[key] for key in sorted(found))
