"""Up to a million changes through the chain on four threads: state equal to a full recomputation, memory flat.

``python -m benchmarks.soak --changes 1000000 --minutes 20`` prints one JSON object; not part of ``make bench`` or the tests,
which run a small one.
"""

import argparse
import json
import random
import resource
import sys
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.made_policies import published_made
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import Attribute, EntityKind
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.incremental import ARRIVED, REGROUPED, Rematch
from policy_engine.matching.repository import Kept, Key
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import Family, FamilyValues, KnownFact, KnownSubject, SubjectValues

AS_OF = date(2026, 11, 23)
_SEEN = datetime(2026, 11, 23, tzinfo=UTC)
_POOLS: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, 1, 2, 3, 60],
    "money": [0, 40_000, 90_000, 400_000],
    "ratio": [0, 500, 1000],
    "date": ["1940-01-01", "1966-11-23", "1990-05-05", "2024-06-01"],
    "text": ["甲", "乙"],
    "division": ["420222100", "420281100"],
}


class Shadow:
    """Families in memory with what is kept of them; ``change`` does to one what the store would."""

    def __init__(self, published: PublishedSet, seed: int, families: int = 40) -> None:
        self.dice = random.Random(seed)
        self.published = published
        self.families = [self._family(1000 * (number + 1)) for number in range(families)]
        self.kept: list[dict[Key, Kept]] = [{} for _ in self.families]
        self.judged = 0
        for place in range(families):
            self._match(place, None, None)

    def change(self) -> int:
        """One random change: a fact told, taken back or forgotten, a birth, a departure. Which family it was."""
        place = self.dice.randrange(len(self.families))
        before = self.families[place]
        match self.dice.randrange(40):
            case 0 if len(before.subjects) < 7:
                born = SubjectValues(self.dice.randrange(10**9), "person", self._values("person"))
                subjects = (*before.subjects, born)
                changed = [(ARRIVED, born.subject_id), (REGROUPED, before.owner.subject_id)]
                self._become(place, subjects, changed)
            case 1 if len(before.subjects) > 2:
                gone = before.subjects[-1].subject_id
                self.kept[place] = {key: one for key, one in self.kept[place].items() if key[1] != gone}
                self._become(place, before.subjects[:-1], [(REGROUPED, before.owner.subject_id)])
            case _:
                self._learn(place)
        return place

    def is_true_to(self, place: int) -> bool:
        """Whether what is kept of a family is what the reference evaluator says of all of it."""
        values = self.families[place]
        subjects = [_known(one, values.owner.subject_id) for one in values.subjects]
        case = FamilyCase(Family(subjects[0], tuple(subjects[1:]), values.sequence), self.published, AS_OF)
        expected = {}
        for policy, subject in case.policies_on():
            effect = case.effect(policy, subject, case.judge(policy, subject))
            if effect.verdict == "eligible":
                expected[effect.policy_id, effect.subject_id, effect.unit_id] = effect.amount_fen
        held = {key: one.amount_fen for key, one in self.kept[place].items() if one.verdict == "eligible"}
        return held == expected

    def _learn(self, place: int) -> None:
        before = self.families[place]
        at = self.dice.randrange(len(before.subjects))
        one = before.subjects[at]
        attribute = self.dice.choice(catalogue().entities[one.kind].base_attributes)
        values = {**one.values}
        values.pop(attribute.key, None)
        if self.dice.random() < 0.85:
            values[attribute.key] = self._value(attribute)
        subjects = list(before.subjects)
        subjects[at] = msgspec.structs.replace(one, values=values)
        self._become(place, tuple(subjects), [(attribute.id, one.subject_id)], before)

    def _become(
        self,
        place: int,
        subjects: tuple[SubjectValues, ...],
        changed: list[tuple[str, int]],
        former: FamilyValues | None = None,
    ) -> None:
        self.families[place] = FamilyValues(subjects, self.families[place].sequence + 1)
        self._match(place, changed, former)

    def _match(self, place: int, changed: list[tuple[str, int]] | None, former: FamilyValues | None) -> None:
        work = Rematch(self.published, self.families[place], AS_OF, former)
        trail = work.run(changed)
        self.judged += len(trail)
        if len({one.key for one in trail}) != len(trail):
            raise AssertionError(f"worked out twice: {trail}")
        for effect in list(work.effects(trail, self.kept[place], is_full=changed is None)):
            key = (effect.policy_id, effect.subject_id, effect.unit_id)
            self.kept[place][key] = Kept(effect.version, effect.verdict, effect.amount_fen)

    def _family(self, number: int) -> FamilyValues:
        people = [
            SubjectValues(number + one, "person", self._values("person"))
            for one in range(1, 1 + self.dice.randrange(1, 5))
        ]
        return FamilyValues((SubjectValues(number, "household", self._values("household")), *people), 1)

    def _values(self, kind: EntityKind) -> dict[str, Any]:
        return {
            one.key: self._value(one)
            for one in catalogue().entities[kind].base_attributes
            if self.dice.random() < 0.95
        }

    def _value(self, attribute: Attribute) -> Any:
        if attribute.may_be_absent and self.dice.random() < 0.2:
            return None
        return self.dice.choice(attribute.values if attribute.type == "enum" else _POOLS[attribute.type])


def soak(
    published: PublishedSet,
    *,
    changes: int,
    threads: int,
    seconds: float,
    check_every: int,
    families: int = 40,
) -> dict[str, Any]:
    """Change and compare until all is done or time is up; ``wrong`` and ``grown_mib`` are what must be small.

    Memory is settled after a fifth of the work: what is built once is built then."""
    shadows = [Shadow(published, seed, families) for seed in range(threads)]
    done, wrong = [0] * threads, [0] * threads
    failed: list[Exception] = []
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        try:
            while done[number] < changes // threads and time.monotonic() < until:
                place = shadows[number].change()
                done[number] += 1
                if done[number] % check_every == 0:
                    wrong[number] += not shadows[number].is_true_to(place)
        except Exception as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    start = time.monotonic()
    for one in workers:
        one.start()
    settled = None
    while any(one.is_alive() for one in workers):
        time.sleep(0.05)
        if settled is None and (sum(done) >= changes // 5 or time.monotonic() - start > seconds / 5):
            settled = _resident_mib()
    if failed:
        raise failed[0]
    taken = time.monotonic() - start
    wrong.append(sum(not one.is_true_to(place) for one in shadows for place in range(families)))
    at_end = _resident_mib()
    return {
        "changes": sum(done),
        "changes_a_second": round(sum(done) / taken),
        "threads": threads,
        "judged": sum(one.judged for one in shadows),
        "wrong": sum(wrong),
        "settled_mib": round(settled or at_end, 1),
        "end_mib": round(at_end, 1),
        "grown_mib": round(at_end - (settled or at_end), 1),
        "seconds": round(taken, 1),
    }


def _known(one: SubjectValues, owner_id: int) -> KnownSubject:
    facts = {key: KnownFact(value, "test", _SEEN) for key, value in one.values.items()}
    return KnownSubject(one.subject_id, one.kind, owner_id, None, "420200", 1, facts)


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=4)
    asked = parser.parse_args()
    found = soak(
        published_made(),
        changes=asked.changes,
        threads=asked.threads,
        seconds=asked.minutes * 60,
        check_every=2_000,
    )
    print(json.dumps({"benchmark": "soak", **found}))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
