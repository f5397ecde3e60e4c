"""The office of the test town, on SQLite or on both databases."""

import pytest

import portals.tables  # noqa: F401  every table of the house: a file may be run alone
from kernel.clock import FixedClock
from kernel.house import House
from tests.policy_engine.delivery.city import Office


@pytest.fixture
def office(house: House, clock: FixedClock) -> Office:
    return Office(house, clock)


@pytest.fixture
def any_office(any_house: House, clock: FixedClock) -> Office:
    return Office(any_house, clock)
