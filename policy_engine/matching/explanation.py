"""Why, and why not: each clause with the words of the law, the facts it read with their sources, and what is missing.

Another person's facts appear only as met, not met or needed; values go to their owner alone, and a fact of the highest
class never as words (practice: readers; 个人信息保护法 Art. 28).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import msgspec

from kernel.clock import business_date
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.language import ast
from policy_engine.language.judge import children, dotted
from policy_engine.matching.evaluation import FamilyCase, Subject, bearer_of
from policy_engine.matching.network import attributes_in
from policy_engine.policies.amounts import tree
from policy_engine.policies.document import Clause, PolicyDocument
from policy_engine.policies.judgement import ClauseTruth, Judgement
from policy_engine.policies.missing import attribute_ids
from policy_engine.policies.published import PublishedPolicy
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.schemas import Family, KnownSubject

_RELATIONS = frozenset(name for entity in catalogue().entities.values() for name in entity.relations)
#: How far ahead a date is looked for on which time alone makes a clause true.
HORIZON = timedelta(days=366 * 5)


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact behind a clause; for readers who may not see it without ``text`` and ``observed_on``."""

    attribute: str
    label: str
    label_en: str
    text: str
    source: str
    observed_on: date | None
    is_known: bool


class ClauseExplained(msgspec.Struct, frozen=True, kw_only=True):
    """``holds_from``: the day on which time alone makes a clause true that does not hold today."""

    id: str
    text: str
    condition: str
    truth: ClauseTruth
    facts: tuple[FactLine, ...]
    missing: tuple[FactLine, ...]
    holds_from: date | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    policy_id: str
    version: int
    title: str
    title_en: str
    verdict: Literal["eligible", "ineligible", "unknown"]
    amount_fen: int | None
    periods: int | None
    clauses: tuple[ClauseExplained, ...]
    missing: tuple[FactLine, ...]
    is_demonstration: bool

    @property
    def open_clauses(self) -> tuple[ClauseExplained, ...]:
        return tuple(one for one in self.clauses if one.truth != "met")


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that one thing keeps away: a clause that does not hold yet, or a fact that nobody knows."""

    explanation: Explanation
    subject_id: int
    unit_id: int
    kind: Literal["one_fact", "one_clause"]


def explain(
    case: FamilyCase, policy: PublishedPolicy, subject: Subject, *, reader_id: int | None = None
) -> Explanation:
    """Everything about one policy and one subject. ``reader_id`` is who reads; None is an official with the file."""
    judgement = case.judge(policy, subject)
    document = policy.document
    clauses = tuple(
        _explain_clause(case, document, clause, judgement, place, subject, reader_id)
        for place, clause in enumerate(document.eligibility)
    )
    return Explanation(
        policy_id=document.id,
        version=document.version,
        title=document.title,
        title_en=document.title_en,
        verdict="ineligible" if judgement.defect else judgement.verdict,
        amount_fen=judgement.amount_fen,
        periods=judgement.periods,
        clauses=clauses,
        missing=_lines(case.family, case.lacking(judgement.missing, subject), subject, reader_id),
        is_demonstration=policy.is_demonstration,
    )


def near_misses(
    case: FamilyCase, subject_ids: frozenset[int], *, reader_id: int | None = None
) -> list[NearMiss]:
    """Policies that these subjects would have but for one fact or one clause, the nearest first."""
    found = []
    for policy, subject in case.policies_on():
        judgement = case.judge(policy, subject)
        if subject.subject_id not in subject_ids or policy.document.benefit is None or judgement.defect:
            continue
        kind = _nearness(judgement, case.lacking(judgement.missing, subject))
        if kind is None or policy.document.entity in ("hire", "loan"):
            continue  # of a firm's many contracts some always miss something
        explanation = explain(case, policy, subject, reader_id=reader_id)
        if kind == "one_fact" or _may_change(explanation):
            found.append(
                NearMiss(
                    explanation=explanation, subject_id=subject.subject_id, unit_id=subject.unit_id, kind=kind
                )
            )
    return sorted(found, key=lambda one: (one.kind != "one_fact", one.explanation.policy_id))


@lru_cache(maxsize=4096)
def facts_read(text: str, kind: EntityKind) -> tuple[str, ...]:
    """Ids of the facts that a condition about one ``kind`` reads, in the order of the text."""
    return attribute_ids(_names_in(tree(text)), kind)


def _names_in(node: ast.Expression) -> Iterator[str]:
    """Names as written, a path into another entity as one (``家庭.低保家庭``, but not ``出生日期.year``)."""
    leads_away = (
        isinstance(node, ast.Path) and isinstance(node.base, ast.Name) and node.base.name in _RELATIONS
    )
    if isinstance(node, ast.Name) or leads_away:
        yield dotted(node)
        return
    for child in children(node):
        yield from _names_in(child)


def _nearness(judgement: Judgement, lacking: tuple[str, ...]) -> Literal["one_fact", "one_clause"] | None:
    if judgement.verdict == "unknown" and len(lacking) == 1:
        return "one_fact"
    met = sum(clause.truth == "met" for clause in judgement.clauses)
    if (
        judgement.verdict == "ineligible"
        and len(judgement.failing) == 1
        and met == len(judgement.clauses) - 1
    ):
        return "one_clause" if met >= 2 else None
    return None


def _may_change(explanation: Explanation) -> bool:
    """Whether the one clause is a step that one could take or wait for; a status that an authority has not recognised
    (特困, 低保) is none."""
    known = catalogue()
    return any(
        clause.holds_from is not None
        or any(known.attribute(fact.attribute).type != "boolean" for fact in clause.facts)
        for clause in explanation.open_clauses
    )


def _explain_clause(
    case: FamilyCase,
    document: PolicyDocument,
    clause: Clause,
    judgement: Judgement,
    place: int,
    subject: Subject,
    reader_id: int | None,
) -> ClauseExplained:
    judged = judgement.clauses[place]
    ids = facts_read(clause.condition, document.entity)
    return ClauseExplained(
        id=clause.id,
        text=clause.text,
        condition=clause.condition,
        truth=judged.truth,
        facts=_lines(case.family, ids, subject, reader_id),
        missing=_lines(case.family, case.lacking(judged.missing, subject), subject, reader_id),
        holds_from=_holds_from(case, document, clause, subject) if judged.truth == "not_met" else None,
    )


def _holds_from(case: FamilyCase, document: PolicyDocument, clause: Clause, subject: Subject) -> date | None:
    """By bisection: the day from which on a clause about a date holds, where it does at the end of the horizon."""
    if not any(one.type == "date" for one in attributes_in(clause.condition)):
        return None
    low, high = case.as_of, case.as_of + HORIZON
    if not _holds_on(case, document, clause, subject, high):
        return None
    while high - low > timedelta(days=1):
        middle = low + (high - low) // 2
        if _holds_on(case, document, clause, subject, middle):
            high = middle
        else:
            low = middle
    return high


def _holds_on(
    case: FamilyCase, document: PolicyDocument, clause: Clause, subject: Subject, day: date
) -> bool:
    then = FamilyCase(case.family, case.published, day)
    alone = msgspec.structs.replace(document, eligibility=(clause,), benefit=None)
    policy = PublishedPolicy(alone, None, "official", 0)
    return then.judge_alone(policy, subject).verdict == "eligible"


def _lines(
    family: Family, attribute_ids: tuple[str, ...] | list[str], subject: Subject, reader_id: int | None
) -> tuple[FactLine, ...]:
    return tuple(_fact_lines(family, attribute_ids, subject, reader_id))


def _fact_lines(
    family: Family, attribute_ids: tuple[str, ...] | list[str], subject: Subject, reader_id: int | None
) -> Iterator[FactLine]:
    known = catalogue()
    for attribute_id in attribute_ids:
        try:
            attribute = known.attribute(attribute_id)
        except KeyError:
            continue  # a computed status: it has no fact of its own
        owner = bearer_of(family, attribute.entity, subject)
        fact = None if owner is None else owner.facts.get(attribute.key)
        may_read = owner is not None and _may_read(family, owner, attribute, reader_id)
        department = known.departments[fact.source if fact else attribute.department]
        yield FactLine(
            attribute=attribute.id,
            label=attribute.name,
            label_en=attribute.label_en,
            text=display(known, attribute, fact.value) if fact is not None and may_read else "",
            source=department.name,
            observed_on=business_date(fact.observed_at) if fact is not None and may_read else None,
            is_known=fact is not None,
        )


def _may_read(family: Family, owner: KnownSubject, attribute: Attribute, reader_id: int | None) -> bool:
    """Oneself, one's own household's and firm's facts; the highest class never as words."""
    if attribute.sensitivity == "highest":
        return False
    if reader_id is None or owner.subject_id == reader_id:
        return True
    is_member = any(one.subject_id == reader_id for one in family)
    return owner is family.owner and is_member
