"""Which judgement of a family stands on which facts and statuses: the network that the chain runs over."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute
from policy_engine.matching.chain import Concept, Network
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies.dependencies import mentioned, statuses_used
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedPolicy
from policy_engine.profiles.schemas import Family

_WORD = re.compile(r"[^\W\d]\w*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def fact_key(attribute_id: str, subject_id: int) -> str:
    return f"{attribute_id}:{subject_id}"


def judgement_key(policy: PublishedPolicy, unit_id: int) -> str:
    return f"{policy.document.id}@{policy.document.version}:{unit_id}"


def network_of(case: FamilyCase) -> tuple[Network, dict[str, tuple[PublishedPolicy, Subject]]]:
    """The network of a family, and what each of its concepts judges."""
    judged = {
        judgement_key(policy, subject.unit_id): (policy, subject) for policy, subject in case.policies_on()
    }
    concepts = [
        Concept(key, policy.stratum, frozenset(_inputs(case, policy, subject)))
        for key, (policy, subject) in judged.items()
    ]
    return Network(concepts), judged


def _inputs(case: FamilyCase, policy: PublishedPolicy, subject: Subject) -> Iterator[str]:
    for attribute in attributes_behind(policy.document):
        for subject_id in _concerned(case.family, attribute.entity, subject, policy.document):
            yield fact_key(attribute.id, subject_id)
    for status in statuses_used(policy.document, case.published.statuses):
        below = case.published.named(status.policy_id)
        if below is not None and below.document.id != policy.document.id:
            for subject_id in _concerned(case.family, status.entity, subject, policy.document):
                yield judgement_key(below, subject_id)


def _concerned(family: Family, kind: str, subject: Subject, document: PolicyDocument) -> Iterable[int]:
    """Whose fact of a kind a policy reads: the unit's own, its owner's, or every member's."""
    if kind == document.entity:
        return (subject.unit_id,)
    if kind == family.owner.kind:
        return (family.owner.subject_id,)
    return tuple(one.subject_id for one in family if one.kind == kind)


def attributes_behind(document: PolicyDocument) -> tuple[Attribute, ...]:
    """The base attributes that the words of a document may stand for, derived ones followed to their facts."""
    return _followed(mentioned(document))


@lru_cache(maxsize=4096)
def attributes_in(text: str) -> tuple[Attribute, ...]:
    """The base attributes behind the words of one FEEL text."""
    return _followed(frozenset(_WORD.findall(_STRING.sub(" ", text))))


@lru_cache(maxsize=4096)
def _followed(words: frozenset[str]) -> tuple[Attribute, ...]:
    """A word too many only costs an evaluation; one too few would miss a change."""
    by_name: dict[str, list[Attribute]] = {}
    for attribute in catalogue().attributes:
        by_name.setdefault(attribute.name, []).append(attribute)
    found: dict[str, Attribute] = {}
    pending, seen = set(words), set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        for attribute in by_name.get(name, ()):
            if attribute.derived is None:
                found[attribute.id] = attribute
            else:
                pending |= set(_WORD.findall(attribute.derived)) - seen
    return tuple(found[key] for key in sorted(found))
