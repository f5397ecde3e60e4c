"""Random, repeated and simultaneous commands in any order, on both databases: what the design promises holds after each.

``promises`` lists what is promised and where; ``commands`` what can be asked. Every day the same few ways are walked;
``DONGCHU_WALKS=50`` walks fifty times as many, others each time.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from kernel.house import House
from policy_engine.delivery.awards import losses
from tests.policy_engine.delivery.commands import NAMES, RIGHTS
from tests.policy_engine.delivery.walking import WALKS, Walk, choices, one_of, places, times, walk


class Delivery(Walk):
    """The whole town."""

    @initialize(granted=st.lists(st.integers(0, len(RIGHTS) - 1), unique=True), is_paid=st.booleans())
    def begin_in_the_middle(self, granted: list[int], is_paid: bool) -> None:
        """Most walks start where rights are in force already, and many with money on its way."""
        for place in granted:
            self.give("match", place, 0)
        for place in range(len(granted)):
            self.give("confirm", 0, 1)
            self.give("go_through", place, 0)
        if granted:
            self.give("let_time_pass", 0, 1)
            self.give("close_notices", 0, 0)
        if is_paid:
            self.give("approve", 0, 2)
            self.give("work", 0, 0)

    @rule(name=one_of("offers"), place=places, choice=choices, times=times)
    def offers(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("stages"), place=places, choice=choices, times=times)
    def stages(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("hands"), place=places, choice=choices, times=times)
    def hands(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("doubts"), place=places, choice=choices, times=times)
    def doubts(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("awards"), place=places, choice=choices, times=times)
    def awards(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("deaths"), place=places, choice=choices, times=times)
    def deaths(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("money"), place=places, choice=choices, times=times)
    def money(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("recovery"), place=places, choice=choices, times=times)
    def recovery(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("years"), place=places, choice=choices, times=times)
    def years(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("publications"), place=places, choice=choices, times=times)
    def publications(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(name=one_of("watch"), place=places, choice=choices, times=times)
    def watch(self, name: str, place: int, choice: int, times: int) -> None:
        self.give(name, place, choice, times)

    @rule(choice=choices)
    def time(self, choice: int) -> None:
        self.give("let_time_pass", 0, choice)
        self.give("fall_due", 0, 0)

    @rule(asked=st.lists(st.tuples(st.sampled_from(NAMES), places, choices), min_size=2, max_size=3))
    def at_one_moment(self, asked: list[tuple[str, int, int]]) -> None:
        self.give_together(asked)


@pytest.mark.timeout(600 * WALKS)
def test_no_command_breaks_a_promise(any_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "ORDINARY", 1)  # so that in a small town too many are lost on a day
    walk(Delivery, any_house, {"sqlite": 20, "postgresql": 6})
