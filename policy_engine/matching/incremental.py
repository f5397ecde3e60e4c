"""One fact changed: only what depends on it is judged again, from the facts through statuses to policies."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from policy_engine.matching import repository
from policy_engine.matching.chain import Chain, Firing
from policy_engine.matching.effects import MatchEffect
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.network import fact_key, network_of
from policy_engine.policies.judgement import Judgement
from policy_engine.policies.published import PublishedPolicy, PublishedSet
from policy_engine.profiles.service import load_family

#: What a chain compares: a judgement moves on only when verdict or amount are others than before.
Outcome = tuple[str, int | None]
_CHAIN = Chain()


class Rematched(msgspec.Struct, frozen=True):
    """``effects`` for delivery, and the ``trail`` of firings: why now."""

    effects: tuple[MatchEffect, ...]
    trail: tuple[Firing, ...]


def match_family(
    session: Session,
    published: PublishedSet,
    owner_id: int,
    *,
    changed: Iterable[tuple[str, int]] | None,
    as_of: date,
) -> Rematched:
    """Judge again what stands on the ``changed`` (attribute id, subject) of a household or firm, and keep it.

    ``changed=None`` judges everything: somebody came or went. Effects are what came to rest, never what passed.
    """
    family = load_family(session, owner_id)
    case = FamilyCase(family, published, as_of)
    network, judged = network_of(case)
    kept = repository.matches_of(session, [one.subject_id for one in family])
    before = {key: _kept_outcome(kept, *judged[key]) for key in judged}
    _recall_statuses(case, judged, before)
    judgements: dict[str, Judgement] = {}

    def evaluate(key: str) -> Outcome:
        judgements[key] = judgement = case.judge(*judged[key])
        return (judgement.verdict, judgement.amount_fen)

    names = list(network.concepts) if changed is None else [fact_key(*one) for one in changed]
    if changed is None:
        trail = _judge_everything(network.concepts, evaluate, before)
    else:
        trail = _CHAIN.run(network, names, evaluate, {key: value for key, value in before.items() if value})
    effects = tuple(case.effect(*judged[key], judgements[key]) for key in judgements)
    repository.keep(session, [one for one in effects if _is_worth_keeping(one, kept)])
    return Rematched(effects, tuple(trail))


def _judge_everything(
    concepts: dict[str, Any], evaluate: Any, before: dict[str, Outcome | None]
) -> list[Firing]:
    in_order = sorted(concepts.values(), key=lambda one: (one.stratum, one.key))
    return [Firing(one.key, "family", before.get(one.key), evaluate(one.key)) for one in in_order]


def _kept_outcome(
    kept: dict[repository.Key, Any], policy: PublishedPolicy, subject: Subject
) -> Outcome | None:
    row = kept.get((policy.document.id, subject.subject_id, subject.unit_id))
    if row is None or row.version != policy.document.version:
        return None
    return (row.verdict, row.amount_fen)


def _recall_statuses(
    case: FamilyCase,
    judged: dict[str, tuple[PublishedPolicy, Subject]],
    before: dict[str, Outcome | None],
) -> None:
    """Statuses that no change touches are taken as they were; one never worked out is worked out now."""
    by_policy = {status.policy_id: status for status in case.published.statuses}
    for key, (policy, subject) in judged.items():
        status = by_policy.get(policy.document.id)
        if status is None:
            continue
        outcome = before[key]
        if outcome is None:
            case.judge(policy, subject)
        else:
            case.remember(status, subject.unit_id, {"eligible": True, "ineligible": False}.get(outcome[0]))


def _is_worth_keeping(effect: MatchEffect, kept: dict[repository.Key, Any]) -> bool:
    """A refusal is kept only where it ends something kept before."""
    return effect.verdict != "ineligible" or (effect.policy_id, effect.subject_id, effect.unit_id) in kept
