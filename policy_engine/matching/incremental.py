"""One fact changed: only what depends on it is judged again, from the facts through statuses to policies."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from policy_engine.matching import repository
from policy_engine.matching.bulk_columns import OWNED
from policy_engine.matching.chain import Chain, Firing
from policy_engine.matching.compiled_judging import CompiledJudging
from policy_engine.matching.effects import MatchEffect
from policy_engine.matching.judging import INELIGIBLE, Outcome, ReferenceJudging, as_before
from policy_engine.matching.network import (
    FamilyNetwork,
    arrival_key,
    audience_of,
    fact_key,
    members_key,
    networks_of,
)
from policy_engine.matching.repository import Kept, Key
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import FamilyValues

#: In place of an attribute: this subject came to the family, or (said of the owner) somebody came or went.
ARRIVED = "arrived"
REGROUPED = "regrouped"
_CHAIN = Chain()


class Rematched(msgspec.Struct, frozen=True):
    """``effects`` for delivery, what is not as it was kept; and the ``trail`` of firings: why now."""

    effects: tuple[MatchEffect, ...]
    trail: tuple[Firing, ...]


class Asked(msgspec.Struct, frozen=True):
    """A household or firm to be judged again: what stands on the ``changed`` (attribute id, subject), or all (None).

    ``sequence`` is the number of the change: when it is the family's latest, what was before it is judged too, and a
    status that stays the same asks nobody else. (With later changes about, their own messages still on the way, what is
    kept may be of facts in between, and everything above a changed fact is judged.)
    """

    owner_id: int
    changed: Sequence[tuple[str, int]] | None
    sequence: int | None = None


def match_families(
    session: Session, published: PublishedSet, asked: Sequence[Asked], *, as_of: date
) -> list[Rematched]:
    """Judge families again, each once, and keep what they come to. Effects are what came to rest and differs from what
    was kept, never what passed."""
    families = profiles.load_values_of(session, [one.owner_id for one in asked])
    numbers = {one: {subject.subject_id for subject in it.subjects} for one, it in families.items()}
    everybody = [one for it in numbers.values() for one in it]
    kept = repository.kept_of(session, everybody)
    replaced = profiles.replaced_at(
        session, {one.sequence for one in asked if one.sequence is not None}, everybody
    )
    found = []
    for one in asked:
        family = families[one.owner_id]
        former = None
        if one.sequence is not None and one.sequence == family.sequence:
            former = as_before(family, replaced[one.sequence])
        case = Rematch(published, family, as_of, former)
        trail = case.run(one.changed)
        of_family = {key: row for key, row in kept.items() if key[1] in numbers[one.owner_id]}
        effects = tuple(case.effects(trail, of_family, is_full=one.changed is None))
        found.append(Rematched(effects, tuple(case.told(firing) for firing in trail)))
    repository.keep(session, [effect for one in found for effect in one.effects])
    return found


def match_family(
    session: Session,
    published: PublishedSet,
    owner_id: int,
    *,
    changed: Sequence[tuple[str, int]] | None,
    as_of: date,
    sequence: int | None = None,
) -> Rematched:
    """``match_families`` for one."""
    return match_families(session, published, [Asked(owner_id, changed, sequence)], as_of=as_of)[0]


class Rematch:
    """The work on one family without its reads and writes: the chain, and what it means for what was kept."""

    def __init__(
        self, published: PublishedSet, family: FamilyValues, as_of: date, former: FamilyValues | None = None
    ) -> None:
        self.family = family
        self._networks = networks_of(published, as_of)
        self.network: FamilyNetwork = self._networks.of(family)
        self._as_of = as_of
        self._published = published
        self.judging = self._judging_of(family)
        self._former = None if former is None else self._judging_of(former)

    def _judging_of(self, family: FamilyValues) -> CompiledJudging | ReferenceJudging:
        compiled = self._networks.compiled
        if compiled is None:
            return ReferenceJudging(family, self.network, self._published, self._as_of)
        return CompiledJudging(family, self.network, self._published, self._as_of, compiled)

    def _before(self, key: str) -> Any:
        """What a concept was before the change, where others stand on it: judged on the former facts, or nobody knows."""
        if self._former is None or not self.network.network.dependents(key):
            return msgspec.UNSET
        return self._former.value(key)

    def run(self, changed: Iterable[tuple[str, int]] | None) -> list[Firing]:
        """The trail, its keys by place."""
        if changed is None:
            in_order = sorted(self.network.judged.items(), key=lambda one: one[1].policy.stratum)
            return [Firing(key, "family", msgspec.UNSET, self.judging.outcome(key)) for key, _ in in_order]
        names = [name for one in changed for name in self._names(*one)]
        return _CHAIN.run(self.network.network, names, self.judging.value, self._before)

    def effects(
        self, trail: list[Firing], kept: Mapping[Key, Kept], *, is_full: bool
    ) -> Iterator[MatchEffect]:
        """What differs from ``kept`` among the judged; where a match became unknown, again each time it is judged, as it
        may lack other facts than before.

        In a full run what is kept of policies in force and was not judged has ended: a hire that went to another firm.
        """
        causes = {one.key: one.because for one in trail}
        judged: set[Key] = set()
        for firing in trail:
            found = self.network.judged.get(firing.key)
            if found is None:
                continue
            document = found.policy.document
            subject_id = audience_of(self.family, found.place)
            key = (document.id, subject_id, self.family.subjects[found.place].subject_id)
            judged.add(key)
            outcome, row = self.judging.outcome(firing.key), kept.get(key)
            if _is_news(outcome, row, document.version):
                missing = self.judging.missing(firing.key) if outcome[0] == "unknown" else ()
                because = tuple(_path(causes, firing.key, self._told))
                yield self._effect(key, document.version, outcome, missing, because)
        if is_full:
            in_force = {one.document.id for one in self._published.effective_on(self._as_of)}
            for key, row in kept.items():
                if key[0] in in_force and key not in judged and row.verdict != "ineligible":
                    yield self._effect(key, row.version, INELIGIBLE, (), ("family",))

    def told(self, firing: Firing) -> Firing:
        """A firing with subjects instead of places in its names."""
        return msgspec.structs.replace(firing, key=self._told(firing.key), because=self._told(firing.because))

    def _told(self, name: str) -> str:
        what, mark, place = name.rpartition("#")
        return f"{what}:{self.family.subjects[int(place)].subject_id}" if mark else name

    def _names(self, attribute_id: str, subject_id: int) -> Iterator[str]:
        places = [place for place, one in enumerate(self.family.subjects) if one.subject_id == subject_id]
        for place in places:
            if attribute_id == ARRIVED:
                yield arrival_key(place)
            elif attribute_id == REGROUPED:
                for kind in OWNED:
                    yield members_key(kind)
            else:
                yield fact_key(attribute_id, place)

    def _effect(
        self, key: Key, version: int, outcome: Outcome, missing: tuple[str, ...], because: tuple[str, ...]
    ) -> MatchEffect:
        policy_id, subject_id, unit_id = key
        return MatchEffect(
            policy_id=policy_id,
            version=version,
            subject_id=subject_id,
            unit_id=unit_id,
            verdict=outcome[0],
            amount_fen=outcome[1],
            missing=missing,
            because=because,
            sequence=self.family.sequence,
            as_of=self._as_of,
        )


def _is_news(outcome: Outcome, row: Kept | None, version: int) -> bool:
    """No row is as good as a refusal; another version's is nothing to compare with."""
    if row is None:
        return outcome[0] == "eligible"
    return outcome[0] == "unknown" or outcome != (row.verdict, row.amount_fen) or row.version != version


def _path(causes: Mapping[str, str], key: str, told: Callable[[str], str]) -> list[str]:
    """From the fact that changed to the judgement: why now."""
    path: list[str] = []
    name: str | None = key
    while name is not None:
        path.insert(0, told(name))
        name = causes.get(name)
    return path[:-1]
