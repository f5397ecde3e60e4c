"""After any sequence of facts, moves, publications and days, what is kept is what a full recomputation says."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.clock import FixedClock
from kernel.house import open_house
from kernel.settings import Settings
from policy_engine.policies.states import PolicyState
from tests.made_once import lay_tables
from tests.policy_engine.matching.town import (
    CARED_ELDER,
    CARED_HOME,
    ELDER,
    ELDER_ALLOWANCE,
    INSURED_WORKER,
    NOON,
    NOT_ELDER,
    WORKER_GRANT,
    next_version,
)
from tests.policy_engine.matching.works import Works

#: Lower ones first: a policy is published when what it stands on is.
DOCUMENTS = (ELDER, CARED_HOME, CARED_ELDER, ELDER_ALLOWANCE, NOT_ELDER, INSURED_WORKER, WORKER_GRANT)
BY_ID = {one.id: one for one in DOCUMENTS}
GROUND = {
    "elder": (),
    "cared-home": (),
    "cared-elder": ("elder", "cared-home"),
    "elder-allowance": ("cared-elder", "elder"),
    "not-elder": ("elder",),
    "insured-worker": (),
    "worker-grant": ("insured-worker",),
}
PERSONAL: dict[str, list[Any]] = {
    "person.birth_date": [
        "1930-01-01",
        "1961-11-24",
        "1966-11-23",
        "1966-11-25",
        "2025-06-01",
        msgspec.UNSET,
    ],
    "person.disability_level": [None, 1, 3, msgspec.UNSET],
    "person.is_deceased": [True, False],
}
OF_HOMES: dict[str, list[Any]] = {
    "household.is_dibao": [True, False, msgspec.UNSET],
    "household.monthly_income": [0, 120_000, 900_000, msgspec.UNSET],
}
OF_JOBS: dict[str, list[Any]] = {
    "hire.hired_on": ["2024-01-01", "2026-10-23", msgspec.UNSET],
    "hire.contract_months": [6, 12, 36, msgspec.UNSET],
    "hire.pays_social_insurance": [True, False, msgspec.UNSET],
}
HOMES = (100, 200)
FIRM = 900


class AnySequence(RuleBasedStateMachine):
    """Two households and a firm for which some of them work; ``live`` are the versions in force of each policy, the newest last.

    ``resting`` are suspended ones, whose matches stay as they were; offers of what was ``stopped`` once follow delivery's
    own rules (a recalled offer is not made again).
    """

    @initialize()
    def two_homes(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dongchu-"))
        clock = FixedClock(NOON)
        url = f"sqlite:///{self.folder / 'dongchu.db'}"
        self.house = open_house(Settings(home=self.folder, database_url=url, is_demo=True), clock)
        lay_tables(self.house.database)
        self.works = Works(self.house, clock)
        self.people: list[int] = []
        self.jobs: list[int] = []
        self.live: dict[str, list[int]] = {one: [] for one in BY_ID}
        self.latest = dict.fromkeys(BY_ID, 0)
        self.is_at_rest = False
        self.stopped: set[str] = set()
        self.resting: set[str] = set()
        for home in HOMES:
            self.works.add("household", home, home, hukou_division="420222100", is_dibao=False)
            for number in (1, 2):
                self.born(home, "1950-05-05" if number == 1 else "1990-01-01")
        self.works.add("firm", FIRM, FIRM)
        self.taken_on(0)
        for policy_id in BY_ID:
            self.publish(policy_id)
            self.widen(policy_id)
        self.works.work()
        self.works.night()

    @rule(home=st.sampled_from(HOMES), birth=st.sampled_from(["1950-05-05", "2026-11-20"]))
    def born(self, home: int, birth: str) -> None:
        number = 1000 + len(self.people)
        self.people.append(number)
        self.works.add("person", number, home, birth_date=birth)

    @rule(who=st.integers(0, 9), what=st.sampled_from(sorted(PERSONAL)), value=st.integers(0, 9))
    def learn_of_somebody(self, who: int, what: str, value: int) -> None:
        pool = PERSONAL[what]
        self.works.say(self.people[who % len(self.people)], what, pool[value % len(pool)])

    @rule(home=st.sampled_from(HOMES), what=st.sampled_from(sorted(OF_HOMES)), value=st.integers(0, 9))
    def learn_of_a_home(self, home: int, what: str, value: int) -> None:
        pool = OF_HOMES[what]
        self.works.say(home, what, pool[value % len(pool)])

    @rule(who=st.integers(0, 9))
    def taken_on(self, who: int) -> None:
        number = 5000 + len(self.jobs)
        self.jobs.append(number)
        about = self.people[who % len(self.people)]
        self.works.add("hire", number, FIRM, about=about, hired_on="2026-01-15", contract_months=12)

    @rule(which=st.integers(0, 9), what=st.sampled_from(sorted(OF_JOBS)), value=st.integers(0, 9))
    def learn_of_a_job(self, which: int, what: str, value: int) -> None:
        pool = OF_JOBS[what]
        self.works.say(self.jobs[which % len(self.jobs)], what, pool[value % len(pool)])

    @rule(who=st.integers(0, 9), home=st.sampled_from(HOMES))
    def move(self, who: int, home: int) -> None:
        self.works.move(self.people[who % len(self.people)], home)

    @rule(policy_id=st.sampled_from(sorted(BY_ID)))
    def publish(self, policy_id: str) -> None:
        if len(self.live[policy_id]) < 2 and all(self.live[one] for one in GROUND[policy_id]):
            self.latest[policy_id] += 1
            self.resting.discard(policy_id)
            self.live[policy_id].append(self.latest[policy_id])
            self.works.publish(next_version(BY_ID[policy_id], self.latest[policy_id]))

    @rule(policy_id=st.sampled_from(sorted(BY_ID)))
    def widen(self, policy_id: str) -> None:
        if self.live[policy_id]:
            self.live[policy_id] = self.live[policy_id][-1:]
            self.works.widen(policy_id, self.latest[policy_id])

    @rule(policy_id=st.sampled_from(sorted(BY_ID)), state=st.sampled_from(["suspend", "recall"]))
    def stop(self, policy_id: str, state: str) -> None:
        live, above = self.live[policy_id], [one for one in BY_ID if policy_id in GROUND[one]]
        if live and (len(live) == 2 or not any(self.live[one] for one in above)):
            ended = PolicyState.SUSPENDED if state == "suspend" else PolicyState.RECALLED
            self.works.set_state(policy_id, live.pop(), ended, state)
            self.stopped.add(policy_id)
            if not live and state == "suspend":
                self.resting.add(policy_id)

    @rule()
    def work(self) -> None:
        self.works.work()
        self.is_at_rest = True

    @rule(days=st.sampled_from([1, 1, 2, 400]))
    def days_pass(self, days: int) -> None:
        """Also with changes still on their way: they are no drift."""
        self.works.tomorrow(days)
        assert self.works.night().drifted in (0, None)
        self.works.work()
        self.is_at_rest = True

    @precondition(lambda self: self.is_at_rest)
    @invariant()
    def equals_a_full_recomputation(self) -> None:
        self.is_at_rest = False
        kept = {key: one for key, one in self.works.kept().items() if key[0] not in self.resting}
        assert kept == self.works.recomputed()
        offers = self.works.standing_offers()
        steady = {key: one for key, one in offers.items() if key[0] not in self.stopped}
        assert {key: kept.get(key) for key in steady} == steady

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.database.close()
            self.house.ephemeral.close()
            shutil.rmtree(self.folder)


AnySequence.TestCase.settings = settings(max_examples=4, stateful_step_count=20, deadline=None)
TestAnySequence = AnySequence.TestCase
