"""One family judged: every policy on every subject it may concern, statuses first."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS
from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.matching.effects import MatchEffect
from policy_engine.policies.judgement import Judgement, judge_context
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.schemas import Family, KnownSubject

#: Of one family; a question that tries every day of years does not fill the memory.
MOST_DAYS_KEPT = 64
_TRUTH: Mapping[str, bool | None] = {"eligible": True, "ineligible": False, "unknown": None}


class Subject(msgspec.Struct, frozen=True):
    """For whom and for what a policy is judged: ``subject_id`` is the audience, ``unit_id`` what is paid for."""

    subject_id: int
    unit_id: int


class FamilyCase:
    """A family on a day under a published set. ``judge`` remembers statuses, so lower strata must come first."""

    def __init__(self, family: Family, published: PublishedSet, as_of: date) -> None:
        self.family = family
        self.published = published
        self.as_of = as_of
        self._statuses = published.statuses
        self._held: dict[tuple[str, int], bool | None] = {}
        self._contexts: dict[int, dict[str, Any]] = {}
        self._days: dict[tuple[date, frozenset[str]], FamilyCase] = {}

    def on(self, day: date, statuses: frozenset[str]) -> "FamilyCase":
        """The same family on another day, with the statuses of these policies worked out. Kept: one explanation after
        another asks for the same few days."""
        key = (day, statuses)
        case = self._days.get(key)
        if case is None:
            case = FamilyCase(self.family, self.published, day)
            case.work_out(statuses)
            if len(self._days) < MOST_DAYS_KEPT:
                self._days[key] = case
        return case

    def work_out(self, statuses: frozenset[str]) -> None:
        """Judge the policies that compute these statuses, for everybody."""
        for policy, subject in self.policies_on(statuses):
            self.judge(policy, subject)

    def policies_on(self, among: frozenset[str] | None = None) -> Iterator[tuple[PublishedPolicy, Subject]]:
        """Every policy in force (or those ``among`` them) with everybody of the family whom it may concern, by strata.

        A policy that is being rolled out concerns those whom it has reached; a new status is what it is for everybody,
        as others stand on it.
        """
        for policy, is_for_everybody in self.published.matched_on(self.as_of):
            if among is not None and policy.document.id not in among:
                continue
            is_known = is_for_everybody and policy.document.is_computed_status
            for one in self.family:
                if one.kind == policy.document.entity:
                    subject = subject_of(self.family, one)
                    if is_known or policy.covers(subject.subject_id):
                        yield policy, subject

    def judge(self, policy: PublishedPolicy, subject: Subject) -> Judgement:
        """The oracle's judgement; a computed status is remembered for the policies that stand on it."""
        return self.judge_in(policy, subject, self.context(subject))

    def judge_in(self, policy: PublishedPolicy, subject: Subject, context: Mapping[str, Any]) -> Judgement:
        """``judge`` for a caller that has the subject's context already."""
        document = policy.document
        judgement = judge_context(document, context)
        if document.is_computed_status and document.status is not None:
            self._hold((document.status.name, subject.unit_id), _TRUTH[judgement.verdict])
        return judgement

    def _hold(self, key: tuple[str, int], truth: bool | None) -> None:
        """Remember a status; what was seen without it is seen anew."""
        if self._held.get(key) is not truth:
            self._contexts.clear()
        self._held[key] = truth

    def context(self, subject: Subject) -> dict[str, Any]:
        """What FEEL sees of a subject here, with the statuses that have been worked out."""
        context = self._contexts.get(subject.unit_id)
        if context is None:
            names = [one.name for one in self._statuses]
            context = context_of(self.facts(subject), self.as_of, names)
            self._contexts[subject.unit_id] = context
        return dict(context)

    def facts(self, subject: Subject) -> SubjectFacts:
        """The facts of a subject here, and of those it is related to, with the statuses that have been worked out."""
        return self._with_statuses(subject.unit_id)

    def effect(self, policy: PublishedPolicy, subject: Subject, judgement: Judgement) -> MatchEffect:
        """What delivery hears; a defect of the policy is never offered."""
        verdict = "ineligible" if judgement.defect else judgement.verdict
        return MatchEffect(
            policy_id=policy.document.id,
            version=policy.document.version,
            subject_id=subject.subject_id,
            unit_id=subject.unit_id,
            verdict=verdict,
            amount_fen=judgement.amount_fen if verdict == "eligible" else None,
            missing=self.lacking(judgement.missing, subject) if verdict == "unknown" else (),
            sequence=self.family.sequence,
            as_of=self.as_of,
        )

    def lacking(self, missing: tuple[str, ...], subject: Subject) -> tuple[str, ...]:
        """Those that are really unknown: a derived value names all that it stands on, known or not."""
        return tuple(one for one in missing if self._is_lacking(one, subject))

    def _is_lacking(self, attribute_id: str, subject: Subject) -> bool:
        kind, _, key = attribute_id.partition(".")
        entity = catalogue().entities[kind]  # type: ignore[index]
        if key in entity.relations:
            return False  # a family comes with its members
        bearer = bearer_of(self.family, kind, subject)
        fact = None if bearer is None else bearer.facts.get(key)
        attribute = entity.attributes.get(key)
        return fact is None or (fact.value is None and attribute is not None and not attribute.may_be_absent)

    def _with_statuses(self, subject_id: int) -> SubjectFacts:
        facts = facts_for(self.family, subject_id)
        if not self._statuses:
            return facts
        one = self.family.subject(subject_id)
        related = {name: self._related(value) for name, value in facts.related.items()}
        return msgspec.structs.replace(facts, related=related, statuses=self._statuses_of(one))

    def _related(self, value: SubjectFacts | tuple[SubjectFacts, ...]) -> Any:
        if isinstance(value, tuple):
            if not value or value[0].kind == "employment":
                return value  # a job carries no status
            members = self.family.of_kind(value[0].kind)
            return tuple(
                msgspec.structs.replace(facts, statuses=self._statuses_of(member))
                for facts, member in zip(value, members, strict=True)
            )
        inner = {name: self._related(one) for name, one in value.related.items()}
        return msgspec.structs.replace(value, related=inner, statuses=self._statuses_of(self.family.owner))

    def _statuses_of(self, one: KnownSubject) -> dict[str, bool | None]:
        return {
            status.name: self._held.get((status.name, one.subject_id))
            for status in self._statuses
            if status.entity == one.kind
        }


def bearer_of(family: Family, kind: str, subject: Subject) -> KnownSubject | None:
    """Whose fact it is: the unit's own, or the household's or firm's; None for one of other members."""
    unit = family.subject(subject.unit_id)
    if unit.kind == kind:
        return unit
    return family.owner if family.owner.kind == kind else None


def bearers_of(family: Family, kind: str, subject: Subject) -> tuple[KnownSubject, ...]:
    """``bearer_of``, and every job of the person judged where it is jobs that are asked."""
    if kind == "employment":
        return family.employments_of(subject.unit_id)
    bearer = bearer_of(family, kind, subject)
    return () if bearer is None else (bearer,)


def subject_of(family: Family, one: KnownSubject) -> Subject:
    """Hires, loans, projects and homes are units of their owner; everybody else is their own unit."""
    if one.kind in ITEM_OWNERS:
        return Subject(family.owner.subject_id, one.subject_id)
    return Subject(one.subject_id, one.subject_id)
