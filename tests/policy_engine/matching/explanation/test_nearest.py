"""A change that is proposed really flips the verdict, goes a way that facts can go, and is not larger than need be."""

import random
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.changes import direction_of
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Situation
from policy_engine.matching.explanation.nearest import nearest_changes
from policy_engine.matching.explanation.situation import changed_family
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from tests.policy_engine.matching.strangers import stranger_family, value_of
from tests.policy_engine.matching.town import AS_OF, NOON, everything
from tests.policy_engine.policies.documents import benefit, clause

PUBLISHED: PublishedSet = everything()


def situations(family: Family) -> Iterator[Situation]:
    """Every policy on everybody, statuses first."""
    case = FamilyCase(family, PUBLISHED, AS_OF)
    for policy, subject in case.policies_on():
        yield Situation(case, policy, subject)


def verdict_after(situation: Situation, changes: dict[str, Any]) -> str:
    """By the oracle, in a family that has never known anything else."""
    return verdict_in(changed_family(situation.case.family, situation.subject, changes), situation)


def verdict_in(family: Family, situation: Situation) -> str:
    """On the same policy and subject, in a family that has other facts."""
    case = FamilyCase(family, PUBLISHED, AS_OF)
    for policy, subject in case.policies_on():
        judgement = case.judge(policy, subject)
        if policy is situation.policy and subject == situation.subject:
            return "defect" if judgement.defect else judgement.verdict
    raise AssertionError


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_what_is_proposed_does_it(seed: int, kind: Any) -> None:
    for situation in situations(stranger_family(seed, kind)):
        for changes in nearest_changes(situation):
            assert verdict_after(situation, changes) in ("eligible", "unknown"), (
                situation.document.id,
                changes,
            )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_no_part_of_what_is_proposed_would_do(seed: int, kind: Any) -> None:
    for situation in situations(stranger_family(seed, kind)):
        for changes in nearest_changes(situation):
            for part in combinations(changes, len(changes) - 1):
                fewer = {one: changes[one] for one in part}
                assert verdict_after(situation, fewer) in ("ineligible", "defect")


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_facts_go_only_the_way_that_they_can_go(seed: int, kind: Any) -> None:
    for situation in situations(stranger_family(seed, kind)):
        for changes in nearest_changes(situation):
            for attribute_id, value in changes.items():
                fact = situation.fact(attribute_id)
                assert fact is not None, "an unknown fact was supposed"
                direction = direction_of(catalogue().attribute(attribute_id))
                assert direction != "fixed"
                if direction == "rises":
                    assert int(value or 0) > int(fact.value or 0)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_the_quick_what_if_equals_the_oracle(seed: int, kind: Any) -> None:
    dice = random.Random(seed)  # noqa: S311
    for situation in situations(stranger_family(seed, kind)):
        unit = situation.case.family.subject(situation.subject.unit_id)
        attribute = dice.choice(catalogue().entities[unit.kind].base_attributes)
        changes = {attribute.id: value_of(attribute, dice)}
        found = situation.judged(changes=changes)
        expected = verdict_after(situation, changes)
        assert ("defect" if found.defect else found.verdict) == expected


def home(condition: str, **facts: Any) -> Situation:
    known = {key: KnownFact(value, "civil_affairs", NOON) for key, value in facts.items()}
    owner = KnownSubject(1, "household", 1, None, "420200", 1, known)
    people = tuple(KnownSubject(one, "person", 1, None, "420200", 1, {}) for one in (2, 3))
    document = benefit(audience="household", eligibility=[clause(condition, source="notice")])
    case = FamilyCase(Family(owner, people, 1), publish_documents([(document, "official")]), AS_OF)
    return Situation(case, case.published.policies[0], Subject(1, 1))


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        ("家庭月收入 < 2000", {"monthly_income": 300_000}, [{"household.monthly_income": 199_999}]),
        ("家庭月收入 <= 2000", {"monthly_income": 300_000}, [{"household.monthly_income": 200_000}]),
        ("人均月收入 < 500", {"monthly_income": 300_000}, [{"household.monthly_income": 99_998}]),
        ("家庭月收入 + 家庭财产 / 10 <= 1000", {"monthly_income": 80_000, "assets": 500_000},
         [{"household.monthly_income": 50_000}, {"household.assets": 200_000}]),
        ("家庭月收入 in [1000..2000] ", {"monthly_income": 50_000}, [{"household.monthly_income": 100_000}]),
        ("低保家庭 or 低保边缘家庭", {"is_dibao": False, "is_dibao_marginal": False},
         [{"household.is_dibao": True}, {"household.is_dibao_marginal": True}]),
        ("低保家庭 and 家庭月收入 < 500", {"is_dibao": False, "monthly_income": 50_000},
         [{"household.is_dibao": True, "household.monthly_income": 49_999}]),
        ('starts with(户籍地, "4202")', {"hukou_division": "330000"}, [{"household.hukou_division": "420200"}]),
        ("家庭人口 >= 3", {}, []),
    ],
    ids=str,
)  # fmt: skip
def test_the_nearest_change_stops_at_the_threshold(
    condition: str, facts: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    assert sorted(nearest_changes(home(condition, **facts)), key=str) == sorted(expected, key=str)
