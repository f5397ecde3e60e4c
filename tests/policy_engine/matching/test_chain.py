"""The forward chain must leave what a full recomputation leaves, work nothing out twice, and stay small."""

import resource
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from policy_engine.matching.chain import MOST_STRATA, Chain, ChainFailed, Concept, Firing, Network

BASES = [f"fact{number}" for number in range(6)]


def never_known(_key: str) -> Any:
    return msgspec.UNSET


def key_of(number: int) -> str:
    return f"concept{number}"


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Up to 24 concepts, each on facts and on concepts of lower strata, strata skipped as they come."""
    concepts: list[Concept] = []
    for number in range(draw(st.integers(1, 24))):
        below = draw(st.lists(st.sampled_from(concepts), max_size=3, unique=True)) if concepts else []
        facts = draw(st.lists(st.sampled_from(BASES), min_size=0 if below else 1, max_size=3, unique=True))
        lowest = max((one.stratum for one in below), default=-1) + 1
        if lowest >= MOST_STRATA:
            continue
        stratum = draw(st.integers(lowest, min(lowest + 2, MOST_STRATA - 1)))
        concepts.append(Concept(key_of(number), stratum, frozenset([*facts, *(one.key for one in below)])))
    return Network(concepts)


class City:
    """Facts and what stands on them; sums modulo a small number, so that changes often come to nothing."""

    def __init__(self, network: Network, chain: Chain) -> None:
        self.network = network
        self.chain = chain
        self.facts = dict.fromkeys(BASES, 0)
        self.values = self.recomputed()

    def worked_out(self, key: str, values: dict[str, int]) -> int:
        inputs = sorted(self.network.concepts[key].inputs)
        return sum(self.facts[name] if name in self.facts else values[name] for name in inputs) % 3

    def recomputed(self) -> dict[str, int]:
        values: dict[str, int] = {}
        for one in sorted(self.network.concepts.values(), key=lambda one: one.stratum):
            values[one.key] = self.worked_out(one.key, values)
        return values

    def change(self, facts: dict[str, int]) -> list[Firing]:
        before = dict(self.values)
        self.facts |= facts

        def evaluate(key: str) -> int:
            self.values[key] = self.worked_out(key, self.values)
            return self.values[key]

        return self.chain.run(self.network, facts, evaluate, before.__getitem__)


class AnyChanges(RuleBasedStateMachine):
    chain = Chain()

    @initialize(network=networks())
    def found(self, network: Network) -> None:
        self.city = City(network, self.chain)
        self.trail: list[Firing] = []

    @rule(facts=st.dictionaries(st.sampled_from(BASES), st.integers(0, 5), min_size=1))
    def change(self, facts: dict[str, int]) -> None:
        self.trail = self.city.change(facts)

    @invariant()
    def equals_a_full_recomputation(self) -> None:
        assert self.city.values == self.city.recomputed()

    @invariant()
    def nothing_was_worked_out_twice(self) -> None:
        keys = [one.key for one in self.trail]
        assert len(keys) == len(set(keys))

    @invariant()
    def every_firing_follows_its_cause(self) -> None:
        changed: set[str] = set(BASES)
        for one in self.trail:
            assert one.because in changed
            assert one.because in self.city.network.concepts[one.key].inputs
            changed |= {one.key} if one.has_changed else set()


AnyChanges.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnyChanges = AnyChanges.TestCase


def stairs(height: int) -> Network:
    return Network(
        Concept(key_of(n), n, frozenset({key_of(n - 1) if n else BASES[0]})) for n in range(height)
    )


def test_threads_do_not_disturb_one_another() -> None:
    chain, wrong = Chain(), list[str]()

    def work(seed: int) -> None:
        city = City(stairs(8), chain)
        for number in range(1, 1501):
            city.change({BASES[0]: number * seed, BASES[1]: number})
            if city.values != city.recomputed():
                wrong.append(f"thread {seed}, change {number}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2, 4, 5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []


def test_memory_stays_flat_over_a_hundred_thousand_firings() -> None:
    city, fired = City(stairs(20), Chain()), 0
    for number in range(1, 1001):
        fired += len(city.change({BASES[0]: number}))
    before = _megabytes()
    number = 1000
    while fired < 100_000:
        number += 1
        fired += len(city.change({BASES[0]: number}))
    assert _megabytes() - before < 16


def _megabytes() -> float:
    """What is resident now; the peak of a process would hide growth behind an earlier test."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def test_what_comes_to_the_same_stops_the_chain() -> None:
    city = City(stairs(3), Chain())
    assert [one.key for one in city.change({BASES[0]: 3})] == [key_of(0)]


def test_the_trail_tells_old_and_new_and_why() -> None:
    city = City(stairs(2), Chain())
    assert city.change({BASES[0]: 1}) == [
        Firing(key_of(0), BASES[0], 0, 1),
        Firing(key_of(1), key_of(0), 0, 1),
    ]


def test_a_high_concept_posted_early_waits_for_the_low_ones_it_stands_on() -> None:
    low, middle = Concept("low", 0, frozenset({"fact"})), Concept("middle", 1, frozenset({"low"}))
    high = Concept("high", 2, frozenset({"fact", "middle"}))
    order = [
        one.key for one in Chain().run(Network([high, middle, low]), ["fact"], lambda key: key, never_known)
    ]
    assert order == ["low", "middle", "high"]


def test_an_error_is_tried_again_once_with_a_new_ruleset() -> None:
    failures = [RuntimeError("a passing fault")]

    def evaluate(_key: str) -> int:
        if failures:
            raise failures.pop()
        return 1

    trail = Chain().run(stairs(1), [BASES[0]], evaluate, lambda _key: 0)
    assert [one.after for one in trail] == [1]


def test_an_error_that_stays_is_told_and_leaves_the_chain_usable() -> None:
    chain = Chain()

    def fail(_key: str) -> Any:
        raise RuntimeError("no such fact")

    with pytest.raises(ChainFailed, match="no such fact"):
        chain.run(stairs(2), [BASES[0]], fail, never_known)
    assert len(chain.run(stairs(2), [BASES[0]], lambda _key: 1, never_known)) == 2


@given(facts=st.lists(st.sampled_from(["nobody", "nothing"]), max_size=3))
def test_a_fact_that_nothing_stands_on_fires_nothing(facts: list[str]) -> None:
    assert Chain().run(stairs(2), facts, lambda _key: 1, never_known) == []


def test_concepts_that_stand_on_their_own_stratum_are_refused() -> None:
    with pytest.raises(ValueError, match="not below"):
        Network([Concept("a", 1, frozenset({"b"})), Concept("b", 1, frozenset({"a"}))])


def test_more_strata_than_the_chain_has_are_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        Network([Concept("a", MOST_STRATA, frozenset())])
