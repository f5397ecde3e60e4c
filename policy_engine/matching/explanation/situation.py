"""One policy and one subject: what is, and what would be on another day or with other facts.

A question of what if is put hundreds of times for one explanation, so only what changes is worked out anew; where
computed statuses stand below the policy, the whole family is judged again.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from policy_engine.catalogue import Attribute, Relation, catalogue
from policy_engine.catalogue.contexts import derivation, feel_value
from policy_engine.catalogue.scopes import AS_OF, standards_on
from policy_engine.language import Truth, ast, judge, judge_amount
from policy_engine.matching.evaluation import FamilyCase, Subject, bearer_of
from policy_engine.matching.network import attributes_in
from policy_engine.policies.amounts import Context, tree
from policy_engine.policies.dependencies import mentioned, statuses_used
from policy_engine.policies.judgement import Judgement, judge_context
from policy_engine.policies.published import PublishedPolicy
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject, RawValue

Changes = Mapping[str, RawValue]
NOTHING_CHANGED: Changes = MappingProxyType({})
#: A supposed fact was observed at no time.
_SUPPOSED = datetime.min.replace(tzinfo=UTC)


class Situation:
    """``base`` is the context of today, ``judgement`` what it comes to; ``context`` and ``judged`` ask what if."""

    def __init__(self, case: FamilyCase, policy: PublishedPolicy, subject: Subject) -> None:
        self.case = case
        self.policy = policy
        self.subject = subject
        self.document = policy.document
        self.trees = tuple(tree(one.condition) for one in self.document.eligibility)
        self.base = case.context(subject)
        self.judgement = case.judge_in(policy, subject, self.base)
        self._unit = case.family.subject(subject.unit_id)
        self.below = _below(policy, case)
        self._words = mentioned(self.document)
        self._reads = tuple(
            frozenset(read.id for read in attributes_in(one.condition)) for one in self.document.eligibility
        )
        self._truths: dict[tuple[int, tuple[tuple[str, RawValue], ...]], Truth] = {}

    @property
    def as_of(self) -> date:
        return self.case.as_of

    def fact(self, attribute_id: str) -> KnownFact | None:
        """The fact of the unit, or of its household or firm; None where nobody knows it."""
        bearer = bearer_of(self.case.family, attribute_id.partition(".")[0], self.subject)
        return None if bearer is None else bearer.facts.get(attribute_id.partition(".")[2])

    def attribute(self, node: ast.Expression) -> Attribute | None:
        """The attribute of the unit, or of its household or firm, that a name or path stands for."""
        kind = self.document.entity
        if isinstance(node, ast.Name):
            return catalogue().named(kind, node.name)
        if isinstance(node, ast.Path) and isinstance(node.base, ast.Name):
            relation = catalogue().entities[kind].relations.get(node.base.name)
            if relation is not None and not relation.many:
                return catalogue().named(relation.to, node.name)
        return None

    def truth(self, place: int, changes: Changes) -> Truth:
        """The clause at ``place`` with other facts; asked once for each change that it can notice."""
        reads = self._reads[place]
        noticed = {one: value for one, value in changes.items() if self.below or one in reads}
        key = (place, tuple(noticed.items()))
        if key not in self._truths:
            self._truths[key] = judge(
                self.trees[place], self.context(changes=noticed) if noticed else self.base
            )
        return self._truths[key]

    def judged(self, day: date | None = None, changes: Changes = NOTHING_CHANGED) -> Judgement:
        return judge_context(self.document, self.context(day, changes))

    def context(self, day: date | None = None, changes: Changes = NOTHING_CHANGED) -> Context:
        """What FEEL would see; ``changes`` by attribute id are of the unit and of its household or firm."""
        on = day or self.as_of
        if self.below:
            return self._afresh(on, changes)
        found = dict(self.base)
        is_later = on != self.as_of
        if is_later:
            found[AS_OF] = on
            found.update(standards_on(_standing_day(on)))
        self._change(found, self._unit, changes)
        for name, relation in catalogue().entities[self._unit.kind].relations.items():
            if relation.many:
                found[name] = self._items(found[name], relation, on, changes)
            elif (
                is_later
                or self._words & catalogue().entities[relation.to].relations.keys()
                or any(one.startswith(relation.to) for one in changes)
            ):
                found[name] = self._owner(found[name], on, changes)
        self._derive(found, self._unit, on, changes)
        return found

    def _owner(self, known: Mapping[str, Any], on: date, changes: Changes) -> dict[str, Any]:
        found = dict(known)
        owner = self.case.family.owner
        self._change(found, owner, changes)
        for name, relation in catalogue().entities[owner.kind].relations.items():
            found[name] = self._items(found[name], relation, on, changes)
        self._derive(found, owner, on, changes)
        return found

    def _items(
        self, known: list[dict[str, Any]], relation: Relation, on: date, changes: Changes
    ) -> list[dict[str, Any]]:
        """The members, with the unit among them changed too; left as they are where the policy asks none of them."""
        if relation.name not in self._words:
            return known
        found = []
        for item, member in zip(known, self.case.family.of_kind(relation.to), strict=True):
            inner = dict(item)
            if member is self._unit:
                self._change(inner, member, changes)
            self._derive(inner, member, on, changes)
            found.append(inner)
        return found

    def _change(self, found: dict[str, Any], one: KnownSubject, changes: Changes) -> None:
        for attribute_id, raw in changes.items():
            attribute = catalogue().attribute(attribute_id)
            if attribute.entity == one.kind:
                found[attribute.name] = feel_value(attribute, raw)

    def _derive(self, found: dict[str, Any], one: KnownSubject, on: date, changes: Changes) -> None:
        """Derived values again, where the day or a change reaches what they are derived from."""
        for attribute in catalogue().entities[one.kind].derived_attributes:
            is_reached = on != self.as_of or any(
                behind.id in changes for behind in attributes_in(attribute.name)
            )
            if is_reached and attribute.key not in one.facts:
                found[attribute.name] = judge_amount(derivation(attribute.id), {**found, AS_OF: on})

    def _afresh(self, on: date, changes: Changes) -> Context:
        if changes:
            case = FamilyCase(
                changed_family(self.case.family, self.subject, changes), self.case.published, on
            )
            case.work_out(self.below)
        else:
            case = self.case.on(on, self.below)
        return case.context(self.subject)


def _below(policy: PublishedPolicy, case: FamilyCase) -> frozenset[str]:
    """The policies that compute the statuses under this one, all the way down."""
    found: set[str] = set()
    pending = [policy.document]
    while pending:
        for one in statuses_used(pending.pop(), case.published.statuses):
            if one.policy_id not in found and one.policy_id != policy.document.id:
                found.add(one.policy_id)
                pending.append(case.published.documents[one.policy_id])
    return frozenset(found)


def changed_family(family: Family, subject: Subject, changes: Changes) -> Family:
    """The family in which these facts are other than they are; of nobody but the unit and its household or firm."""

    def become(one: KnownSubject) -> KnownSubject:
        if one is not family.owner and one.subject_id != subject.unit_id:
            return one
        facts = dict(one.facts)
        for attribute_id, raw in changes.items():
            attribute = catalogue().attribute(attribute_id)
            if attribute.entity == one.kind:
                facts[attribute.key] = KnownFact(raw, attribute.department, _SUPPOSED)
        return msgspec.structs.replace(one, facts=facts)

    return Family(become(family.owner), tuple(become(one) for one in family.members), family.sequence)


@lru_cache(maxsize=1024)
def _standing_day(on: date) -> date:
    """The day on which the standards in force on ``on`` last changed: the same tables for all days since."""
    days = (value.since for one in catalogue().parameters.values() for value in one.values)
    return max((day for day in days if day <= on), default=on)
