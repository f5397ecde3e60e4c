"""Random, repeated and simultaneous commands of many hands on one claim with joint stages and a public notice.

The whole town is walked in ``test_invariants``; here everything falls on a single claim, so that hands meet.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from kernel.house import House
from tests.policy_engine.delivery.commands import GROUPS, WAYS
from tests.policy_engine.delivery.walking import WALKS, Walk, choices, one_of, places, times, walk

OF_HANDS = tuple(
    name for group in ("stages", "hands", "doubts") for name in GROUPS[group] if name != "go_through"
)


class Hands(Walk):
    """One claim from the start, or from some way on."""

    @initialize(far=st.integers(0, len(WAYS)))
    def begin_somewhere(self, far: int) -> None:
        self.give("match", 0, 0)
        self.give("confirm", 0, 1)
        self.commands.go(0, far)

    @rule(name=one_of("stages"), place=places, choice=choices, times=times)
    def stages(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("hands"), place=places, choice=choices, times=times)
    def hands(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("doubts"), place=places, choice=choices, times=times)
    def doubts(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(asked=st.lists(st.tuples(st.sampled_from(OF_HANDS), places, choices), min_size=2, max_size=3))
    def at_one_moment(self, asked: list[tuple[str, int, int]]) -> None:
        self.give_together(asked)

    @rule(choice=st.integers(0, 2))
    def time(self, choice: int) -> None:
        self.give("let_time_pass", 0, choice)
        self.give("close_notices", 0, 0)

    @rule(choice=choices)
    def rate_or_withdraw(self, choice: int) -> None:
        self.give("rate" if choice else "withdraw", 0, choice)


@pytest.mark.timeout(600 * WALKS)
def test_many_hands_on_one_claim(any_house: House) -> None:
    walk(Hands, any_house, {"sqlite": 12, "postgresql": 5})
