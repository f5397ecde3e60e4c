"""Why, and why not: each clause with the words of the law, the facts it read with their sources, what is missing, and
the way on: the day on which time alone does it, the nearest changes, the fewest facts that settle it."""

from datetime import date, timedelta
from typing import Literal

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS
from policy_engine.catalogue.changes import is_misfortune
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation.deciding import deciding_facts
from policy_engine.matching.explanation.nearest import nearest_changes
from policy_engine.matching.explanation.reading import fact_lines, facts_read, may_read_all, parameter_lines
from policy_engine.matching.explanation.schemas import ChangeSet, ClauseExplained, Explanation, NearMiss
from policy_engine.matching.explanation.sentences import change_set, summary
from policy_engine.matching.explanation.situation import Situation
from policy_engine.matching.explanation.times import eligible_from, turns_on
from policy_engine.matching.explanation.words import in_words
from policy_engine.policies.judgement import Judgement
from policy_engine.policies.published import PublishedPolicy

ONE_DAY = timedelta(days=1)


def explain(
    case: FamilyCase,
    policy: PublishedPolicy,
    subject: Subject,
    *,
    reader_id: int | None = None,
    is_brief: bool = False,
) -> Explanation:
    """Everything about one policy and one subject. ``reader_id`` is who reads; None is an official with the file.

    ``is_brief`` leaves out until when the clauses that hold will hold, the dearest part: for lists of many policies.
    The texts are in the language being spoken.
    """
    situation = Situation(case, policy, subject)
    judgement, document = situation.judgement, policy.document
    clauses = tuple(
        _clause(situation, place, reader_id, is_brief=is_brief) for place in range(len(document.eligibility))
    )
    lacking = case.lacking(judgement.missing, subject)
    deciding = deciding_facts(situation, lacking) if judgement.verdict == "unknown" else ()
    is_refused = judgement.verdict == "ineligible"
    nearest = _nearest(situation, reader_id) if is_refused else ()
    starts = _eligible_from(situation, clauses) if is_refused else None
    deciding_lines = fact_lines(case.family, deciding, subject, reader_id)
    return Explanation(
        policy_id=document.id,
        version=document.version,
        title=document.title,
        title_en=document.title_en,
        verdict="ineligible" if judgement.defect else judgement.verdict,
        amount_fen=judgement.amount_fen,
        periods=judgement.periods,
        clauses=clauses,
        missing=fact_lines(case.family, lacking, subject, reader_id),
        is_demonstration=policy.is_demonstration,
        as_of=case.as_of,
        deciding=deciding_lines,
        nearest=nearest,
        eligible_from=starts,
        sentence=summary(judgement, clauses, deciding_lines, nearest, starts),
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
        if kind is None or policy.document.entity in ITEM_OWNERS:
            continue  # of a firm's many contracts some always miss something
        explanation = explain(case, policy, subject, reader_id=reader_id, is_brief=True)
        if not _is_painful(explanation) and (kind == "one_fact" or _may_change(explanation)):
            found.append(
                NearMiss(
                    explanation=explanation, subject_id=subject.subject_id, unit_id=subject.unit_id, kind=kind
                )
            )
    return sorted(found, key=lambda one: (one.kind != "one_fact", one.explanation.policy_id))


def _clause(situation: Situation, place: int, reader_id: int | None, *, is_brief: bool) -> ClauseExplained:
    clause, judged = situation.document.eligibility[place], situation.judgement.clauses[place]
    kind, case, subject = situation.document.entity, situation.case, situation.subject
    ids = facts_read(clause.condition, kind)
    node = situation.trees[place]
    is_asked = judged.truth == "not_met" or (judged.truth == "met" and not is_brief)
    turning = turns_on(situation, place) if is_asked else None
    standards = parameter_lines(node, situation.base, situation.as_of)
    is_open = may_read_all(case.family, ids, subject, reader_id)
    return ClauseExplained(
        id=clause.id,
        text=clause.text,
        condition=clause.condition,
        truth=judged.truth,
        facts=fact_lines(case.family, ids, subject, reader_id),
        missing=fact_lines(case.family, case.lacking(judged.missing, subject), subject, reader_id),
        holds_from=turning if judged.truth == "not_met" else None,
        in_words=in_words(node, kind, situation.base if is_open else None),
        holds_until=turning - ONE_DAY if turning is not None and judged.truth == "met" else None,
        parameters=standards if is_open else (),
    )


def _nearest(situation: Situation, reader_id: int | None) -> tuple[ChangeSet, ...]:
    """Told only where the reader may see every fact that would change."""
    found = []
    for changes in nearest_changes(situation):
        if may_read_all(situation.case.family, changes, situation.subject, reader_id):
            steps = []
            for attribute_id, then in changes.items():
                fact = situation.fact(attribute_id)
                steps.append(
                    (catalogue().attribute(attribute_id), None if fact is None else fact.value, then)
                )
            is_enough = situation.judged(changes=changes).verdict == "eligible"
            found.append(change_set(steps, is_enough=is_enough))
    return tuple(found)


def _eligible_from(situation: Situation, clauses: tuple[ClauseExplained, ...]) -> date | None:
    """Worth asking only where each failing clause has its own day, and nothing is unknown."""
    days = [one.holds_from for one in clauses if one.truth != "met"]
    known = [day for day in days if day is not None]
    return eligible_from(situation, max(known)) if known and len(known) == len(days) else None


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


def _is_painful(explanation: Explanation) -> bool:
    """Nobody is told that a child's death is all that they lack."""
    asked = [fact for clause in explanation.open_clauses for fact in (*clause.facts, *clause.missing)]
    return any(is_misfortune(catalogue().attribute(fact.attribute)) for fact in asked)


def _may_change(explanation: Explanation) -> bool:
    """Whether the one clause is a step that one could take or wait for; a status that an authority has not recognised
    (特困, 低保) is none."""
    known = catalogue()
    return any(
        clause.holds_from is not None
        or any(known.attribute(fact.attribute).type != "boolean" for fact in clause.facts)
        for clause in explanation.open_clauses
    )
