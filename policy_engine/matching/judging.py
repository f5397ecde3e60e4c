"""The judgements of one family on one day by the reference evaluator: each worked out when it is first asked for.

What is missing is always asked here; verdicts and amounts only where a published set has no generated code.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.language import UNKNOWN
from policy_engine.matching.effects import Verdict
from policy_engine.matching.network import FamilyNetwork
from policy_engine.policies.judgement import Judgement, judge_context
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import FamilyValues, SubjectValues

Outcome = tuple[Verdict, int | None]
INELIGIBLE: Outcome = ("ineligible", None)


class ReferenceJudging:
    """A status that nobody has asked for yet is worked out from the facts before the first policy that names it."""

    def __init__(
        self, family: FamilyValues, network: FamilyNetwork, published: PublishedSet, as_of: date
    ) -> None:
        self.family = family
        self._network = network
        self._as_of = as_of
        self._names = tuple(one.name for one in published.statuses)
        self._contexts: dict[int, dict[str, Any]] = {}
        self._judgements: dict[str, Judgement] = {}

    def value(self, key: str) -> Any:
        """What the chain compares: an aggregate's value, or the outcome of a status or match."""
        aggregate = self._network.aggregates.get(key)
        return self.outcome(key) if aggregate is None else self._context(0)[aggregate.name]

    def outcome(self, key: str) -> Outcome:
        """Verdict and amount in fen; what a defect of the policy gives is never offered."""
        judgement = self._judgement(key)
        if judgement.defect or judgement.verdict == "ineligible":
            return INELIGIBLE
        return judgement.verdict, judgement.amount_fen if judgement.verdict == "eligible" else None

    def missing(self, key: str) -> tuple[str, ...]:
        """Which facts an unknown verdict hangs on; a derived value names all that it stands on, known or not."""
        place = self._network.judged[key].place
        return tuple(one for one in self._judgement(key).missing if self._is_lacking(one, place))

    def _judgement(self, key: str) -> Judgement:
        found = self._judgements.get(key)
        if found is None:
            judged = self._network.judged[key]
            for below in judged.below:
                self._judgement(below)
            document = judged.policy.document
            found = self._judgements[key] = judge_context(document, self._context(judged.place))
            if document.is_computed_status and document.status is not None:
                self._note(judged.place, document.status.name, found)
        return found

    def _note(self, place: int, name: str, judgement: Judgement) -> None:
        value = {"eligible": True, "ineligible": False}.get(judgement.verdict, UNKNOWN)
        self._context(place)[name] = value
        if place:
            self._as_member(place)[name] = value

    def _context(self, place: int) -> dict[str, Any]:
        """A member's context holds the owner's, and the owner's one of each member: a status noted is seen by all."""
        if place not in self._contexts:
            one = self.family.subjects[place]
            facts = SubjectFacts(
                one.kind, one.values, employments(self.family, place) if place else self._members()
            )
            relations = catalogue().entities[one.kind].relations.values()
            above = {relation.name: self._context(0) for relation in relations if place and not relation.many}
            self._contexts[place] = context_of(facts, self._as_of, self._names, made=above)
        return self._contexts[place]

    def _members(self) -> Mapping[str, tuple[SubjectFacts, ...]]:
        return {
            relation.name: tuple(SubjectFacts(one.kind, one.values) for one in self._of_kind(relation.to))
            for relation in catalogue().entities[self.family.owner.kind].relations.values()
        }

    def _as_member(self, place: int) -> dict[str, Any]:
        kind = self.family.subjects[place].kind
        relations = catalogue().entities[self.family.owner.kind].relations.values()
        name = next(one.name for one in relations if one.to == kind)
        number = sum(one.kind == kind for one in self.family.subjects[1:place])
        context: dict[str, Any] = self._context(0)[name][number]
        return context

    def _of_kind(self, kind: str) -> list[SubjectValues]:
        return [one for one in self.family.subjects[1:] if one.kind == kind]

    def _is_lacking(self, attribute_id: str, place: int) -> bool:
        kind, _, key = attribute_id.partition(".")
        entity = catalogue().entities[kind]  # type: ignore[index]
        if key in entity.relations:
            return False  # a family comes with its members
        one = self.family.subjects[place]
        bearer = one if one.kind == kind else self.family.owner
        if bearer.kind != kind or key not in bearer.values:
            return True
        attribute = entity.attributes.get(key)
        return bearer.values[key] is None and attribute is not None and not attribute.may_be_absent


def employments(family: FamilyValues, place: int) -> Mapping[str, tuple[SubjectFacts, ...]]:
    """A member's jobs by the relation's name; nothing of who can have none."""
    one = family.subjects[place]
    jobs = [job for job in family.subjects if job.about_id == one.subject_id]
    return {
        relation.name: tuple(SubjectFacts(job.kind, job.values) for job in jobs)
        for relation in catalogue().entities[one.kind].relations.values()
        if relation.to == "employment"
    }


def as_before(family: FamilyValues, replaced: list[tuple[int, str, list[Any]]]) -> FamilyValues:
    """The family with the facts that a change replaced: by subject, attribute id, and [] or [old value]."""
    values = {one.subject_id: dict(one.values) for one in family.subjects}
    for subject_id, attribute_id, old in reversed(replaced):
        facts = values.get(subject_id)
        if facts is not None:
            key = attribute_id.partition(".")[2]
            facts.pop(key, None)
            facts.update({key: old[0]} if old else {})
    subjects = tuple(msgspec.structs.replace(one, values=values[one.subject_id]) for one in family.subjects)
    return msgspec.structs.replace(family, subjects=subjects)
