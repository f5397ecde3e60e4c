"""One fact changed: only what depends on it is judged again, from the facts through statuses to policies."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from policy_engine.matching import repository
from policy_engine.matching.chain import Chain, Firing, Network
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
    case = FamilyCase(load_family(session, owner_id), published, as_of)
    network, judged = network_of(case)
    kept = repository.matches_of(session, [one.subject_id for one in case.family])
    before = {key: _kept_outcome(kept, *judged[key]) for key in judged}
    judging = _Judging(case, network, judged)
    if changed is None:
        trail = _judge_everything(network, judging, before)
    else:
        names = [fact_key(*one) for one in changed]
        known = {key: value for key, value in before.items() if value is not None}
        trail = _CHAIN.run(network, names, judging.evaluate, known)
    effects = tuple(case.effect(*judged[key], judging.judgements[key]) for key in judging.judgements)
    repository.keep(session, [one for one in effects if _is_worth_keeping(one, kept)])
    return Rematched(effects, tuple(trail))


class _Judging:
    """The judgements of one run.

    A status that no change touches is worked out from the facts when the first policy asks for it: what is kept of it
    may be of an earlier day, or older than facts whose own message is still on its way.
    """

    def __init__(
        self, case: FamilyCase, network: Network, judged: dict[str, tuple[PublishedPolicy, Subject]]
    ) -> None:
        self._case = case
        self._network = network
        self._judged = judged
        self._is_settled: set[str] = set()
        self.judgements: dict[str, Judgement] = {}

    def evaluate(self, key: str) -> Outcome:
        self._settle(key)
        self.judgements[key] = judgement = self._case.judge(*self._judged[key])
        self._is_settled.add(key)
        return (judgement.verdict, judgement.amount_fen)

    def _settle(self, key: str) -> None:
        """Statuses below that the chain has not worked out: by the order of strata it will not any more."""
        for below in sorted(self._network.concepts[key].inputs):
            if below in self._judged and below not in self._is_settled:
                self._settle(below)
                self._case.judge(*self._judged[below])
                self._is_settled.add(below)


def _judge_everything(network: Network, judging: _Judging, before: dict[str, Outcome | None]) -> list[Firing]:
    in_order = sorted(network.concepts.values(), key=lambda one: (one.stratum, one.key))
    return [Firing(one.key, "family", before.get(one.key), judging.evaluate(one.key)) for one in in_order]


def _kept_outcome(
    kept: dict[repository.Key, Any], policy: PublishedPolicy, subject: Subject
) -> Outcome | None:
    row = kept.get((policy.document.id, subject.subject_id, subject.unit_id))
    if row is None or row.version != policy.document.version:
        return None
    return (row.verdict, row.amount_fen)


def _is_worth_keeping(effect: MatchEffect, kept: dict[repository.Key, Any]) -> bool:
    """A refusal is kept only where it ends something kept before."""
    return effect.verdict != "ineligible" or (effect.policy_id, effect.subject_id, effect.unit_id) in kept
