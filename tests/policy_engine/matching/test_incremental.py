"""After any changes what is kept must be what a full judgement of today's facts says, and nothing is judged twice."""

import itertools
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.house import House
from policy_engine.catalogue import catalogue
from policy_engine.matching import repository
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.matching.incremental import Rematched, match_family
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.schemas import Change, FactChange, SubjectAdded
from policy_engine.profiles.service import apply_changes, load_family
from tests.policy_engine.matching.town import AS_OF, CHAINED, ELDER_ALLOWANCE, NOON, everything
from tests.policy_engine.policies.documents import benefit

NUMBERS = itertools.count(1)
FACTS: dict[str, list[Any]] = {
    "person.birth_date": ["1930-01-01", "1950-05-05", "1966-11-23", "1966-11-24", "2025-06-01"],
    "person.disability_level": [None, 1, 3, msgspec.UNSET],
    "person.has_long_term_care_need": [True, False, msgspec.UNSET],
    "person.is_orphan": [True, False],
    "person.hukou_division": ["420222100", "420281100"],
    "household.is_dibao": [True, False, msgspec.UNSET],
    "household.monthly_income": [0, 120_000, 900_000, msgspec.UNSET],
    "household.hukou_division": ["420222100", "420281100"],
}
CHANGES = st.lists(
    st.tuples(st.sampled_from(sorted(FACTS)), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=12
)


class Home:
    """A household of three in the store, everybody's number its own."""

    def __init__(self, house: House, published: PublishedSet) -> None:
        self.house = house
        self.published = published
        self.owner = next(NUMBERS) * 100
        self.members = [self.owner + 1, self.owner + 2, self.owner + 3]
        self.apply([added(self.owner, "household", self.owner)])
        self.apply([added(one, "person", self.owner) for one in self.members])
        self.match(None)

    def apply(self, changes: list[Change]) -> None:
        with self.house.database.write() as session:
            apply_changes(session, changes, now=NOON)

    def say(self, attribute: str, value: Any, member: int = 0) -> Rematched:
        subject = self.owner if attribute.startswith("household.") else self.members[member]
        self.apply([fact(subject, attribute, value)])
        return self.match([(attribute, subject)])

    def match(self, changed: list[tuple[str, int]] | None, as_of: date = AS_OF) -> Rematched:
        with self.house.database.write() as session:
            return match_family(session, self.published, self.owner, changed=changed, as_of=as_of)

    def kept(self) -> dict[repository.Key, tuple[str, int | None]]:
        with self.house.database.read() as session:
            rows = repository.matches_of(session, [self.owner, *self.members])
            found = {key: (row.verdict, row.amount_fen) for key, row in rows.items()}
        return {key: outcome for key, outcome in found.items() if outcome[0] == "eligible"}

    def judged_in_full(self) -> dict[repository.Key, tuple[str, int | None]]:
        with self.house.database.read() as session:
            case = FamilyCase(load_family(session, self.owner), self.published, AS_OF)
        effects = [case.effect(*pair, case.judge(*pair)) for pair in case.policies_on()]
        return {
            (one.policy_id, one.subject_id, one.unit_id): (one.verdict, one.amount_fen)
            for one in effects
            if one.verdict == "eligible"
        }


def added(subject_id: int, kind: str, owner_id: int) -> SubjectAdded:
    return SubjectAdded(
        subject_id=subject_id,
        kind=kind,  # type: ignore[arg-type]
        owner_id=owner_id,
        division="420222100",
        source="public_security",
        event_id=f"added-{subject_id}",
        observed_at=NOON,
    )


def fact(subject_id: int, attribute: str, value: Any) -> FactChange:
    number = next(NUMBERS)
    return FactChange(
        subject_id=subject_id,
        attribute=attribute,
        value=value,
        source=catalogue().attribute(attribute).department,
        event_id=f"fact-{number}",
        observed_at=NOON + timedelta(seconds=number),
    )


@pytest.fixture
def chained() -> PublishedSet:
    return publish_documents([(one, "official") for one in CHAINED])


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_any_changes_leave_what_a_full_judgement_says(
    house: House, changes: list[tuple[str, int, int]]
) -> None:
    home = Home(house, everything())
    for attribute, choice, member in changes:
        pool = FACTS[attribute]
        rematched = home.say(attribute, pool[choice % len(pool)], member)
        keys = [one.key for one in rematched.trail]
        assert len(keys) == len(set(keys))
        assert home.kept() == home.judged_in_full()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_facts_that_come_together_may_be_told_one_by_one(
    house: House, chained: PublishedSet, changes: list[tuple[str, int, int]]
) -> None:
    home = Home(house, chained)
    told = []
    for attribute, choice, member in changes:
        subject = home.owner if attribute.startswith("household.") else home.members[member]
        home.apply([fact(subject, attribute, FACTS[attribute][choice % len(FACTS[attribute])])])
        told.append((attribute, subject))
    for one in told:
        home.match([one])
    assert home.kept() == home.judged_in_full()


def test_a_change_goes_through_the_household_and_statuses_to_a_policy(
    house: House, chained: PublishedSet
) -> None:
    home = Home(house, chained)
    home.say("household.monthly_income", 900_000)
    home.say("person.birth_date", "1940-01-01")
    trail = home.say("person.birth_date", "2000-01-01").trail
    mine = [one.key.partition("@")[0] for one in trail if one.key.endswith(f":{home.members[0]}")]
    assert mine[0] == "elder"
    assert set(mine[1:-1]) == {"cared-elder", "not-elder"}
    assert mine[-1] == "elder-allowance"


def test_only_what_stands_on_a_fact_is_judged(house: House, chained: PublishedSet) -> None:
    home = Home(house, chained)
    keys = {one.key for one in home.say("person.disability_level", 1, member=1).trail}
    assert keys == {f"elder-allowance@1:{home.members[1]}"}


def test_a_fact_that_no_policy_reads_judges_nothing(house: House, chained: PublishedSet) -> None:
    home = Home(house, chained)
    assert home.say("person.is_orphan", True) == Rematched((), ())


def test_a_child_is_born_and_the_household_counts_one_more(house: House, chained: PublishedSet) -> None:
    home = Home(house, chained)
    home.say("household.is_dibao", False)
    home.say("person.birth_date", "1940-01-01")
    baby = home.owner + 4
    home.apply([added(baby, "person", home.owner), fact(baby, "person.birth_date", "2026-11-20")])
    home.members.append(baby)
    home.match(None)
    assert home.kept() == home.judged_in_full()
    assert ("cared-home", home.owner, home.owner) in home.kept()


def test_an_offer_is_taken_back_when_the_fact_goes(house: House, chained: PublishedSet) -> None:
    home = Home(house, chained)
    home.say("household.is_dibao", False)
    home.say("household.monthly_income", 900_000)
    home.say("person.birth_date", "1940-01-01")
    verdicts = [
        one.verdict
        for one in home.say("person.birth_date", "2000-01-01").effects
        if one.policy_id == "elder-allowance"
    ]
    assert verdicts == ["ineligible"]


def test_a_status_of_yesterday_is_not_believed_today(house: House, chained: PublishedSet) -> None:
    """Sixty on 24 November: the day before nothing, and the day itself whatever fact happens to change."""
    home = Home(house, chained)
    home.say("household.monthly_income", 120_000)
    home.say("person.birth_date", "1966-11-24")
    home.apply([fact(home.members[0], "person.disability_level", 1)])
    rematched = home.match([("person.disability_level", home.members[0])], AS_OF + timedelta(days=1))
    assert [(one.policy_id, one.verdict) for one in rematched.effects] == [("elder-allowance", "eligible")]


def test_effects_carry_the_sequence_and_the_day_they_were_judged_on(
    house: House, chained: PublishedSet
) -> None:
    home = Home(house, chained)
    first = home.say("person.birth_date", "1940-01-01").effects[0]
    second = home.say("person.birth_date", "2001-01-01").effects[0]
    assert first.sequence < second.sequence
    assert {first.as_of, second.as_of} == {AS_OF}


def test_an_older_match_never_overwrites_a_newer(any_house: House) -> None:
    home = Home(any_house, publish_documents([(benefit(id="trial"), "official")]))
    effect = next(
        one
        for one in home.say("person.birth_date", "1940-01-01").effects
        if one.subject_id == home.members[0]
    )
    stale = [
        msgspec.structs.replace(effect, verdict="ineligible", amount_fen=None, sequence=effect.sequence - 1),
        msgspec.structs.replace(
            effect, verdict="ineligible", amount_fen=None, as_of=AS_OF - timedelta(days=1)
        ),
    ]
    with any_house.database.write() as session:
        repository.keep(session, stale)
    assert home.kept()["trial", effect.subject_id, effect.unit_id] == ("eligible", 10_000)


def test_a_defect_of_the_policy_is_never_offered(house: House) -> None:
    formula = "if 家庭.低保家庭 then 100 else 0"
    nothing = benefit(id="nothing", benefit={"formula": formula, "period": "month", "source": "notice"})
    home = Home(house, publish_documents([(nothing, "official")]))
    home.say("household.is_dibao", True)
    home.say("person.birth_date", "1940-01-01")
    effects = home.say("household.is_dibao", False).effects
    assert [(one.verdict, one.amount_fen) for one in effects] == [("ineligible", None)]


def test_unknown_tells_what_is_missing(house: House) -> None:
    home = Home(house, publish_documents([(one, "official") for one in CHAINED]))
    home.say("household.is_dibao", True)
    home.say("household.monthly_income", 120_000)
    home.say("person.birth_date", "1950-01-01")
    effects = home.say("household.monthly_income", msgspec.UNSET).effects
    allowance = next(one for one in effects if one.policy_id == ELDER_ALLOWANCE.id)
    assert (allowance.verdict, allowance.missing) == ("unknown", ("household.monthly_income",))
