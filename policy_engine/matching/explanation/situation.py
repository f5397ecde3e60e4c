"""One policy and one subject: what is, and what would be on another day or with other facts.

A question of what if is put hundreds of times for one explanation, so only what changes is worked out anew. Where computed
statuses stand below the policy the whole family is judged again, but once for what those statuses can notice of a change.
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
from policy_engine.policies.dependencies import feel_texts, mentioned, statuses_used, words_in
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
        self._read_below = frozenset(
            read.id
            for one in self.below
            for _, text in feel_texts(case.published.documents[one])
            for read in attributes_in(text)
        )
        self._reads = tuple(self._read_by(one.condition) for one in self.document.eligibility)
        self._settled: dict[tuple[date, tuple[tuple[str, RawValue], ...]], FamilyCase] = {}
        self._truths: dict[tuple[int, tuple[tuple[str, RawValue], ...]], Truth] = {}

    @property
    def as_of(self) -> date:
        return self.case.as_of

    def _read_by(self, condition: str) -> frozenset[str]:
        """What a clause can notice: its own facts, and those of the statuses where it names one."""
        words = words_in(condition)
        stands_on = any(one.name in words for one in self.case.published.statuses)
        own = frozenset(read.id for read in attributes_in(condition))
        return own | self._read_below if stands_on else own

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
        noticed = {one: value for one, value in changes.items() if one in self._reads[place]}
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
        below = {one: value for one, value in changes.items() if one in self._read_below}
        if self.below and (on != self.as_of or below):
            base = self._with_statuses(on, below).context(self.subject)
            rest = {one: value for one, value in changes.items() if one not in below}
            return self._moved(base, on, on, rest) if rest else base
        return self._moved(self.base, self.as_of, on, changes)

    def _moved(self, base: Context, since: date, on: date, changes: Changes) -> Context:
        """``base``, which is of the day ``since``, on another day and with changes that no status below notices."""
        found = dict(base)
        is_later = on != since
        if is_later:
            found[AS_OF] = on
            found.update(standards_on(_standing_day(on)))
        self._change(found, self._unit, changes)
        for name, relation in catalogue().entities[self._unit.kind].relations.items():
            if relation.many:
                found[name] = self._items(found[name], relation, on, changes, is_later=is_later)
            elif (
                is_later
                or self._words & catalogue().entities[relation.to].relations.keys()
                or any(one.startswith(relation.to) for one in changes)
            ):
                found[name] = self._owner(found[name], on, changes, is_later=is_later)
        self._derive(found, self._unit, on, changes, is_later=is_later)
        return found

    def _owner(
        self, known: Mapping[str, Any], on: date, changes: Changes, *, is_later: bool
    ) -> dict[str, Any]:
        found = dict(known)
        owner = self.case.family.owner
        self._change(found, owner, changes)
        for name, relation in catalogue().entities[owner.kind].relations.items():
            if relation.many:
                found[name] = self._items(found[name], relation, on, changes, is_later=is_later)
        self._derive(found, owner, on, changes, is_later=is_later)
        return found

    def _items(
        self, known: list[dict[str, Any]], relation: Relation, on: date, changes: Changes, *, is_later: bool
    ) -> list[dict[str, Any]]:
        """The members, with the unit among them changed too; left as they are where the policy asks none of them."""
        if relation.name not in self._words:
            return known
        found = []
        family = self.case.family
        is_job = relation.to == "employment"
        members = family.employments_of(self.subject.unit_id) if is_job else family.of_kind(relation.to)
        for item, member in zip(known, members, strict=True):
            inner = dict(item)
            if member is self._unit:
                self._change(inner, member, changes)
            self._derive(inner, member, on, changes, is_later=is_later)
            found.append(inner)
        return found

    def _change(self, found: dict[str, Any], one: KnownSubject, changes: Changes) -> None:
        for attribute_id, raw in changes.items():
            attribute = catalogue().attribute(attribute_id)
            if attribute.entity == one.kind:
                found[attribute.name] = feel_value(attribute, raw)

    def _derive(
        self, found: dict[str, Any], one: KnownSubject, on: date, changes: Changes, *, is_later: bool
    ) -> None:
        """Derived values again, where the day or a change reaches what they are derived from."""
        for attribute in catalogue().entities[one.kind].derived_attributes:
            is_reached = is_later or any(behind.id in changes for behind in attributes_in(attribute.name))
            if is_reached and attribute.key not in one.facts:
                found[attribute.name] = judge_amount(derivation(attribute.id), {**found, AS_OF: on})

    def _with_statuses(self, on: date, changes: Changes) -> FamilyCase:
        """The family with these facts on a day, the statuses below worked out; once for each question."""
        if not changes:
            return self.case.on(on, self.below)
        key = (on, tuple(sorted(changes.items())))
        if key not in self._settled:
            family = changed_family(self.case.family, self.subject, changes)
            case = FamilyCase(family, self.case.published, on)
            case.work_out(self.below)
            self._settled[key] = case
        return self._settled[key]


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
