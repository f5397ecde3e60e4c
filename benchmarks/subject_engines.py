"""Two hundred made policies subject by subject: generated Python beside CLIPS, zen, durable-rules and OpenFisca.

They know of no unknown: of these people all that nobody told is taken as none. Verdicts and amounts must agree.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from benchmarks.cities import AS_OF, generated
from benchmarks.made_policies import published_made
from benchmarks.plain_policies import PlainPolicy, plain_policies
from benchmarks.rivals.clips_rules import InClips
from benchmarks.rivals.durable_rules_alone import InDurableRules
from benchmarks.rivals.openfisca_country import InOpenFisca
from benchmarks.rivals.sample import Paid, Person, Sample, sample
from benchmarks.rivals.zen_decision import InZen
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import ELIGIBLE, Answer
from policy_engine.matching.reference import families
from policy_engine.policies.compiled import compile_policies
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.schemas import KnownSubject
from policy_engine.profiles.snapshot import from_directory

SUBJECTS = int(os.environ.get("DONGCHU_BENCH_SUBJECTS", "2000"))
#: One in ten of them for durable-rules: an event for each policy takes its time.
PART_FOR_DURABLE_RULES = 10
ROUNDS = 3


def measure(subjects: int = SUBJECTS) -> Iterator[dict[str, Any]]:
    """Seconds per million verdicts, medians of three rounds; ``ratio`` is ours / the rival's."""
    published = published_made()
    policies = plain_policies(published)
    with generated(subjects * 2) as folder:
        people = sample(from_directory(folder), policies, AS_OF, subjects)
    ours = OneByOne(published, people)
    assert ours.paid() == people.paid
    verdicts = len(people.people) * len(policies)
    own = _seconds(ours.judge) / verdicts * 1e6
    bare = _seconds(ours.judge_ready_rows(ours.ready_rows()))
    yield _figure("our_generated_code_on_rows_made_before", len(people.people), len(policies), own, bare)
    names = list(people.people[0])
    rivals: dict[str, tuple[Callable[[Person], dict[str, int]], Sequence[Person]]] = {
        "clips": (InClips(policies, names).paid, people.people),
        "zen": (InZen(policies).paid, people.people),
        "durable_rules_statuses_given": (
            InDurableRules(policies).paid,
            people.with_statuses[: max(subjects // PART_FOR_DURABLE_RULES, 1)],
        ),
    }
    for name, (judge, given) in rivals.items():
        found = [judge(one) for one in given]
        assert found == people.paid[: len(given)], name
        seconds = _seconds(lambda: [judge(one) for one in given])  # noqa: B023  called at once
        yield _figure(name, len(given), len(policies), own, seconds)
    yield _figure("openfisca", len(people.people), len(policies), own, _by_openfisca(policies, people))


def _figure(rival: str, subjects: int, policies: int, own: float, seconds: float) -> dict[str, Any]:
    theirs = seconds / (subjects * policies) * 1e6
    return {
        "benchmark": "subject_engines",
        "rival": rival,
        "subjects": subjects,
        "policies": policies,
        "unit": "seconds per million verdicts",
        "ours": round(own, 3),
        "theirs": round(theirs, 3),
        "ratio": round(own / theirs, 3),
    }


def _by_openfisca(policies: Sequence[PlainPolicy], people: Sample) -> float:
    homes = people.snapshot.frames["person"]["owner_id"].to_list()
    rival = InOpenFisca(policies, people.people, homes)
    paid: Paid = [{} for _ in people.people]
    for policy_id, fen in rival.paid().items():
        for place in fen.nonzero()[0]:
            paid[place][policy_id] = int(fen[place])
    assert paid == people.paid, "openfisca"
    return _seconds(rival.paid)


class OneByOne:
    """Our generated Python: a home first, then who lives there. Facts lie ready, as the others have theirs."""

    def __init__(self, published: PublishedSet, people: Sample) -> None:
        self._published = published
        documents = [one.document for one in sorted(published.policies, key=lambda one: one.stratum)]
        self._compiled = compile_policies(documents, AS_OF)
        self._homes = [one for one in families(people.snapshot) if one.owner.kind == "household"]
        self._members = [[_facts(one) for one in home.of_kind("person")] for home in self._homes]
        self._owners = [_facts(home.owner) for home in self._homes]
        self._places = {
            number: at for at, number in enumerate(people.snapshot.frames["person"]["subject_id"].to_list())
        }

    def judge(self) -> list[list[dict[str, Answer]]]:
        """Every policy on every member of every home."""
        return [
            self._judged(owner, members) for owner, members in zip(self._owners, self._members, strict=True)
        ]

    def ready_rows(self) -> list[tuple[EntityKind, list[Any]]]:
        """Every home and member as the row that the generated code reads, made before the clock starts."""
        rows: list[tuple[EntityKind, list[Any]]] = []
        for owner, members in zip(self._owners, self._members, strict=True):
            home = msgspec.structs.replace(owner, related={"成员": tuple(members)})
            rows.append(("household", self._compiled.row(home)))
            of_home = {"家庭": home}
            resident = (self._compiled.row(msgspec.structs.replace(one, related=of_home)) for one in members)
            rows.extend(("person", row) for row in resident)
        return rows

    def judge_ready_rows(self, rows: list[tuple[EntityKind, list[Any]]]) -> Callable[[], object]:
        """The generated verdicts and amounts alone."""
        kinds = self._compiled.kinds
        return lambda: [kinds[kind].judge(row) for kind, row in rows]

    def paid(self) -> Paid:
        """What the answers come to, by person in the order of the sample."""
        paid: Paid = [{} for _ in self._places]
        for home, answers in zip(self._homes, self.judge(), strict=True):
            for member, of_member in zip(home.of_kind("person"), answers, strict=True):
                paid[self._places[member.subject_id]] = {
                    key.partition("@")[0]: fen
                    for key, (verdict, fen) in of_member.items()
                    if verdict == ELIGIBLE and fen is not None
                }
        return paid

    def _judged(self, owner: SubjectFacts, members: Sequence[SubjectFacts]) -> list[dict[str, Answer]]:
        home = msgspec.structs.replace(owner, related={"成员": tuple(members)})
        answers = self._compiled.judge(home)
        statuses = {
            one.name: answers[f"{one.policy_id}@1"][0] == ELIGIBLE
            for one in self._published.statuses
            if one.entity == "household"
        }
        related = {"家庭": msgspec.structs.replace(home, statuses=statuses)}
        return [self._compiled.judge(msgspec.structs.replace(one, related=related)) for one in members]


def _facts(subject: KnownSubject) -> SubjectFacts:
    return SubjectFacts(subject.kind, {key: fact.value for key, fact in subject.facts.items()})


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
