"""From a judgement to its record: the facts that were read, the rules, the standards, and how it came out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from policy_engine.catalogue import Relation, catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.decisions.record import (
    FORMAT,
    Bearer,
    ClauseFound,
    Deed,
    Disclosure,
    PolicyUsed,
    Record,
    Sealed,
    StandardUsed,
    StatusUsed,
    commitment,
)
from policy_engine.decisions.steps import amount_steps
from policy_engine.language import ast
from policy_engine.matching.evaluation import FamilyCase, Subject, subject_of
from policy_engine.matching.explanation import Situation, standards_called
from policy_engine.matching.network import attributes_behind
from policy_engine.policies.amounts import tree
from policy_engine.policies.dependencies import feel_texts, mentioned
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedPolicy
from policy_engine.profiles.schemas import KnownSubject


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a record is given from outside: its number, who issues it and when, and the one before it."""

    id: str
    issuer: str
    issued_at: datetime
    previous: str | None
    new_salt: Callable[[], str]


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """``documents``: the rules applied, the policy's own first. ``bearer_ids``: the subject behind each bearer, which the
    record itself does not name."""

    record: Record
    disclosures: tuple[Disclosure, ...]
    documents: tuple[PolicyDocument, ...]
    bearer_ids: tuple[int, ...]


def build(
    case: FamilyCase, policy: PublishedPolicy, subject: Subject, deed: Deed, reasons: str, origin: Origin
) -> Built:
    """The record of one policy judged for one subject. ``case`` is fresh: statuses are worked out here."""
    situation = Situation(case, policy, subject)
    below = situation.below
    under = [
        one for one in case.published.policies if one.document.id in below and one.is_effective_on(case.as_of)
    ]
    documents = [policy.document, *(one.document for one in under)]
    bearers = _bearers(case, subject, documents)
    asked = _asked(bearers, subject, documents)
    statuses = tuple(_statuses(case, under, bearers, asked))
    if under:
        situation = Situation(case, policy, subject)  # with the statuses that have been worked out
    judgement = situation.judgement
    disclosures = [_disclosure(origin, *one) for one in _facts(bearers, asked, documents)]
    if policy.document.benefit is not None and judgement.verdict == "eligible":
        steps = msgspec.to_builtins(amount_steps(policy.document.benefit, situation.base))
        disclosures.append(_disclosure(origin, "steps", list(steps)))
    if reasons:
        disclosures.append(_disclosure(origin, "reasons", reasons))
    record = Record(
        format=FORMAT,
        id=origin.id,
        issuer=origin.issuer,
        issued_at=origin.issued_at.isoformat(timespec="seconds"),
        as_of=case.as_of.isoformat(),
        policy=PolicyUsed(
            id=policy.document.id,
            version=policy.document.version,
            title=policy.document.title,
            sm3=policy.digest,
            standing=policy.standing,
        ),
        bearers=tuple(Bearer(kind=one.kind, of=_place_of(one, bearers)) for one in bearers),
        unit=[one.subject_id for one in bearers].index(subject.unit_id),
        statuses=statuses,
        standards=tuple(_standards(case, documents, bearers)),
        clauses=tuple(ClauseFound(id=one.id, truth=one.truth) for one in judgement.clauses),
        verdict=judgement.verdict,
        missing=judgement.missing,
        amount_fen=judgement.amount_fen,
        periods=judgement.periods,
        deed=deed,
        sealed=tuple(Sealed(name=one.name, sha256=commitment(one)) for one in disclosures),
        previous=origin.previous,
    )
    return Built(
        record=record,
        disclosures=tuple(disclosures),
        documents=tuple(documents),
        bearer_ids=tuple(_whose(one) for one in bearers),
    )


def _bearers(case: FamilyCase, subject: Subject, documents: Sequence[PolicyDocument]) -> list[KnownSubject]:
    """The household or firm first, then whoever counts: the unit, and all members where a rule asks how many or who."""
    words = {word for one in documents for word in mentioned(one)}
    for attribute in catalogue().attributes:
        if attribute.name in words and attribute.derived is not None:
            words.update(_names(tree(attribute.derived)))
    owner = case.family.owner
    counted = {
        one.to
        for one in catalogue().entities[owner.kind].relations.values()
        if one.many and one.name in words
    }
    found = [
        owner,
        *(one for one in case.family.members if one.subject_id == subject.unit_id or one.kind in counted),
    ]
    if any(one.to == "employment" and one.name in words for one in _relations_of("person")):
        found += [job for one in found for job in case.family.employments_of(one.subject_id)]
    return found


def _relations_of(kind: EntityKind) -> Iterable[Relation]:
    return catalogue().entities[kind].relations.values()


def _whose(one: KnownSubject) -> int:
    """Who may read what is disclosed of a bearer: a job is its person's."""
    return one.about_id or one.subject_id if one.kind == "employment" else one.subject_id


def _place_of(one: KnownSubject, bearers: Sequence[KnownSubject]) -> int | None:
    """Of a job: where the person stands whose it is."""
    if one.kind != "employment":
        return None
    return [other.subject_id for other in bearers].index(one.about_id or 0)


def _names(node: ast.Expression) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.name
    for child in ast.children(node):
        yield from _names(child)


def _statuses(
    case: FamilyCase, under: Sequence[PublishedPolicy], bearers: Sequence[KnownSubject], asked: frozenset[int]
) -> Iterator[StatusUsed]:
    for policy in under:
        status = policy.document.status
        for place, one in enumerate(bearers):
            is_concerned = place in asked and one.kind == policy.document.entity
            if status is None or not is_concerned or not policy.covers(one.subject_id):
                continue
            yield StatusUsed(
                name=status.name,
                bearer=place,
                policy=policy.document.id,
                version=policy.document.version,
                sm3=policy.digest,
                verdict=case.judge(policy, subject_of(case.family, one)).verdict,
            )


def _asked(
    bearers: Sequence[KnownSubject], subject: Subject, documents: Sequence[PolicyDocument]
) -> frozenset[int]:
    """The places of those whose facts are read: of other members only where a rule asks the members themselves."""
    words = {word for one in documents for word in mentioned(one)}
    kinds = {one.to for one in _relations_of(bearers[0].kind) if one.name in words}
    people = {
        one.subject_id
        for place, one in enumerate(bearers)
        if place == 0 or one.subject_id == subject.unit_id or one.kind in kinds
    }
    return frozenset(
        place
        for place, one in enumerate(bearers)
        if one.subject_id in people or (one.kind == "employment" and one.about_id in people)
    )


def _facts(
    bearers: Sequence[KnownSubject], asked: frozenset[int], documents: Sequence[PolicyDocument]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Only what the rules read."""
    attributes = {one.id: one for document in documents for one in attributes_behind(document)}
    for place in sorted(asked):
        one = bearers[place]
        for attribute in attributes.values():
            fact = one.facts.get(attribute.key) if attribute.entity == one.kind else None
            if fact is not None:
                yield (
                    f"fact/{place}/{attribute.id}",
                    {
                        "value": fact.value,
                        "source": fact.source,
                        "observed_at": fact.observed_at.isoformat(timespec="seconds"),
                        "standing": fact.standing,
                    },
                )


def _standards(
    case: FamilyCase, documents: Sequence[PolicyDocument], bearers: Sequence[KnownSubject]
) -> Iterator[StandardUsed]:
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for document in documents:
        trees = [tree(text) for path, text in feel_texts(document) if "when" not in path]
        for one in bearers:
            if one.kind != document.entity:
                continue
            context = case.context(subject_of(case.family, one))
            for node in trees:
                for parameter, _arguments, entry in standards_called(node, context, case.as_of):
                    key = (parameter.name, entry.division, entry.keys)
                    if key not in seen:
                        seen.add(key)
                        yield StandardUsed(
                            name=parameter.name,
                            division=entry.division,
                            keys=entry.keys,
                            since=entry.since.isoformat(),
                            value=entry.value,
                            source=entry.source.title,
                            standing=entry.source.standing,
                        )


def _disclosure(origin: Origin, name: str, value: Any) -> Disclosure:
    return Disclosure(name=name, salt=origin.new_salt(), value=value)
