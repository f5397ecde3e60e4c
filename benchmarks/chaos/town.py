"""The town that is struck: who lives in it, and what is going to happen to whom, by their place in the register.

Most have a right already, whose payment falls due and leaves in runs, street by street. The ``through`` first are offered
theirs while everything is struck: each taps for one, and every other one is given a second without a tap (免申即享).
"""

from dataclasses import dataclass

from benchmarks.made_rights import (
    AMOUNT,
    FIRST_PERSON,
    POLICY,
    STREET,
    accounts,
    fund,
    give_rights,
    official,
    settle_people,
)
from benchmarks.simulated_world import BANK
from connectors.simulators.store import Store
from kernel.clock import FixedClock
from kernel.house import House
from kernel.web.principal import Principal
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit, clause

#: Nobody has to tap for it.
GIFT = benefit(
    id="ninety-gift",
    title="九十寿星慰问",
    eligibility=[clause("年龄 >= 90", id="age", source="notice")],
    benefit={"formula": "100", "period": "month", "source": "notice"},
    delivery={"mode": "automatic"},
)
STREETS = tuple(
    f"{district}{number:03d}" for district in ("420202", "420204", "420205") for number in range(1, 8)
)
CLERK = official(901, "claim.accept", division=STREET, department="街道办事处")
DECIDERS = [
    official(number, "claim.decide", division="420203", department="民政局") for number in (903, 904, 906)
]
CITY_DECIDER = official(907, "claim.decide", division="420200", department="民政局")
FINANCE = official(905, "payment.approve")


def finance_of(street: str) -> Principal:
    return official(1_000 + STREETS.index(street), "payment.approve", division=street)


@dataclass(frozen=True)
class Town:
    """``claims`` people, of whom the first ``through`` are offered their rights during the trouble."""

    claims: int
    through: int

    @property
    def gifts(self) -> int:
        return self.through // 2

    def street_of(self, place: int) -> str:
        return STREET if place < self.through else STREETS[place % len(STREETS)]

    def born(self, place: int) -> str:
        return "1930-01-01" if self.has_gift(place) else "1950-01-01"

    def has_gift(self, place: int) -> bool:
        return place < self.through and place % 2 == 1

    def is_refused_first(self, place: int) -> bool:
        """Appeals, and is granted by others."""
        return place < self.through and place % 23 == 5

    def is_asked_for_papers(self, place: int) -> bool:
        return place < self.through and place % 29 == 7

    def is_held_first(self, place: int) -> bool:
        return place < self.through and place % 31 == 9

    def dies(self, place: int) -> bool:
        """By the word of one register, then of two, or it was wrong (``lives``)."""
        return place >= self.through and place % 101 == 13

    def lives(self, place: int) -> bool:
        return self.dies(place) and place % 202 == 13

    def has_closed_account(self, place: int) -> bool:
        """The bank sends the money back; another account is named."""
        return place % 37 == 11 and not self.dies(place)

    def other_account(self, place: int) -> str:
        return f"622203{place:013d}"


def settle(house: House, world: Store, town: Town) -> None:
    """Everything that there was before the trouble."""
    now = house.clock.now()
    settle_people(house, town.claims, now=now, street_of=town.street_of, born=town.born)
    give_rights(house, town.claims, now=now, first=town.through, street_of=town.street_of)
    fund(house, (town.gifts + 1) * AMOUNT, now=now, policy_id=GIFT.id)
    works = Works(house, FixedClock(now))
    works.publish(POLICY, permille=1000)
    works.publish(GIFT, permille=1000)
    rows = [
        (number, BANK, holder, int(town.has_closed_account(place)))
        for place, (number, holder) in enumerate(accounts(town.claims))
    ]
    rows += [
        (town.other_account(place), BANK, f"某{place}", 0)
        for place in range(town.claims)
        if town.has_closed_account(place)
    ]
    world.run_many(
        "INSERT INTO account (number, bank, holder_name, holder_identifier, is_closed) VALUES (?, ?, ?, '', ?)",
        rows,
    )


def place_of(subject_id: int) -> int:
    return subject_id - FIRST_PERSON
