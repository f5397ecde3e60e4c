"""A walk through a town: commands one after another, again, and at one moment, and every promise looked at after each.

One store serves all walks of a test, empty at the beginning of each.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from kernel.database import Base, Database
from kernel.house import House
from policy_engine.delivery import service
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment
from tests.conftest import NOON
from tests.policy_engine.delivery.city import Office
from tests.policy_engine.delivery.commands import GROUPS, Act, with_joint_stages
from tests.policy_engine.delivery.promises import PROMISES, Seen
from tests.policy_engine.delivery.surroundings import Surroundings

#: So many times as many walks as every day, and longer ones.
WALKS = int(os.environ.get("DONGCHU_WALKS", "1"))

places = st.integers(0, 11)
choices = st.integers(0, 59)
times = st.integers(1, 2)


def one_of(group: str) -> st.SearchStrategy[str]:
    return st.sampled_from(GROUPS[group])


class Walk(RuleBasedStateMachine):
    """Every command may be refused; nothing may break a promise."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        _empty(self.house.database)
        clock: Any = self.house.clock
        clock.set(NOON)
        self.office = Office(self.house, clock)
        with_joint_stages(self.office)
        self.commands = Surroundings(self.office)
        self.before: Seen | None = None

    def teardown(self) -> None:
        """Told with ``--hypothesis-show-statistics``: how far the walks came."""
        with self.house.database.read() as session:
            assert service.defects(session) == []
            ends = {*session.scalars(sa.select(Claim.state)), *session.scalars(sa.select(Payment.state))}
        for name in sorted(self.commands.accepted):
            event(f"was accepted: {name}")
        for state in sorted(ends):
            event(f"ends with something {state}")

    def give(self, name: str, place: int, choice: int, times: int = 1) -> None:
        act = self.commands.make(name, place, choice)
        for _ in range(times if act is not None else 0):
            act and act()

    def give_together(self, asked: list[tuple[str, int, int]]) -> None:
        """What several people found to do before any of them did it."""
        made = [self.commands.make(*one) for one in asked]
        at_one_moment([act for act in made if act is not None])

    @invariant()
    def every_promise_holds(self) -> None:
        with self.house.database.read() as session:
            now = Seen(session, self.office.treasury, self.commands.most_fen)
        for promise in PROMISES:
            promise(now, self.before)
        self.before = now


def walk(machine: type[Walk], house: House, examples: Mapping[str, int]) -> None:
    """``examples`` by database."""
    here: Any = type("Here", (machine,), {"house": house, "__test__": False})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=examples[house.database.engine.dialect.name] * WALKS,
            stateful_step_count=40 if WALKS == 1 else 60,
            deadline=None,
            derandomize=WALKS == 1,
            suppress_health_check=list(HealthCheck),
        ),
    )


def at_one_moment(acts: list[Act]) -> None:
    """All together, each in a thread of its own."""
    if not acts:
        return
    barrier = Barrier(len(acts))

    def one(act: Callable[[], object]) -> None:
        barrier.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        for ended in [pool.submit(one, act) for act in acts]:
            ended.result()


def _empty(database: Database) -> None:
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sa.delete(table))
