"""The day that is named is the first one: the oracle says no until the day before, and yes on it."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.language import Truth, judge
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Situation, explain
from policy_engine.matching.explanation.times import HORIZON, turns_on
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from tests.policy_engine.matching.explanation.test_nearest import PUBLISHED, situations
from tests.policy_engine.matching.strangers import some_day, stranger_family
from tests.policy_engine.matching.town import AS_OF, NOON
from tests.policy_engine.policies.documents import benefit, clause

ONE_DAY = timedelta(days=1)


def truth_on(situation: Situation, place: int, day: date) -> Truth:
    """By the oracle, with everybody's statuses worked out on that day."""
    case = FamilyCase(situation.case.family, PUBLISHED, day)
    for policy, subject in case.policies_on():
        if policy.document.is_computed_status:
            case.judge(policy, subject)
    return judge(situation.trees[place], case.context(situation.subject))


def has_become_unknown(situation: Situation, place: int, until: date) -> bool:
    """No day is named for a clause that asks, in time, for a fact that nobody knows."""
    weeks = range(0, (until - AS_OF).days + 1, 7)
    days = [*(AS_OF + number * ONE_DAY for number in weeks), until]
    return any(truth_on(situation, place, day) is Truth.UNKNOWN for day in days)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_a_clause_turns_on_the_day_that_is_named_and_on_none_before(seed: int, kind: Any) -> None:
    dice = random.Random(seed)  # noqa: S311
    for situation in situations(stranger_family(seed, kind, unknown=0.02)):
        for place, clause_now in enumerate(situation.judgement.clauses):
            if clause_now.truth == "needed":
                continue
            now = Truth.TRUE if clause_now.truth == "met" else Truth.NOT_TRUE
            day = turns_on(situation, place)
            last = (day or AS_OF + HORIZON) - ONE_DAY
            for quiet in {last, some_day(dice, AS_OF, last)}:
                truth = truth_on(situation, place, quiet)
                assert truth is now or (day is None and has_become_unknown(situation, place, quiet))
            if day is not None:
                assert truth_on(situation, place, day) is not now


def alone(condition: str, **facts: Any) -> Situation:
    known = {key: KnownFact(value, "public_security", NOON) for key, value in facts.items()}
    family = Family(
        KnownSubject(1, "household", 1, None, "420200", 1, {}),
        (KnownSubject(2, "person", 1, None, "420200", 1, known),),
        1,
    )
    document = benefit(eligibility=[clause(condition, source="notice")])
    case = FamilyCase(family, publish_documents([(document, "official")]), AS_OF)
    return Situation(case, case.published.policies[0], Subject(2, 2))


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        ("年龄 >= 80", {"birth_date": "1947-02-03"}, "2027-02-03"),
        ("年龄 >= 80", {"birth_date": "1948-02-29"}, "2028-02-29"),
        ("年龄 >= 79", {"birth_date": "1948-02-29"}, "2027-03-01"),
        ("年龄 < 3", {"birth_date": "2024-05-31"}, "2027-05-31"),
        ("今天.year > 2026", {}, "2027-01-01"),
        ("今天.month = 3", {}, "2027-03-01"),
        ("今天 > 失业登记日期", {"unemployment_registered_on": "2027-06-30"}, "2027-07-01"),
        ('今天 >= date("2028-02-29")', {}, "2028-02-29"),
        ("今天.day = 5", {}, "2026-12-05"),
        ("years and months duration(取证日期, 今天).months >= 6", {"skill_certificate_on": "2026-08-31"}, "2027-03-01"),
        ("年龄 >= 80", {"birth_date": "1990-01-01"}, None),
        ("性别 = \"女\"", {"sex": "男"}, None),
    ],
    ids=str,
)  # fmt: skip
def test_first_days(condition: str, facts: dict[str, Any], expected: str | None) -> None:
    day = turns_on(alone(condition, **facts), 0)
    assert (day and day.isoformat()) == expected


def test_the_whole_policy_waits_for_the_last_of_its_clauses() -> None:
    known = {"birth_date": KnownFact("1947-02-03", "public_security", NOON)}
    family = Family(
        KnownSubject(1, "household", 1, None, "420200", 1, {}),
        (KnownSubject(2, "person", 1, None, "420200", 1, known),),
        1,
    )
    document = benefit(
        eligibility=[clause("年龄 >= 80", id="age", source="notice"), clause("今天.year >= 2028", id="year")],
        effective_to="2028-06-30",
    )
    case = FamilyCase(family, publish_documents([(document, "official")]), AS_OF)
    told = explain(case, case.published.policies[0], Subject(2, 2))
    assert told.eligible_from == date(2028, 1, 1)
    assert [one.holds_from for one in told.clauses] == [date(2027, 2, 3), date(2028, 1, 1)]


def test_a_policy_that_ends_before_is_not_promised() -> None:
    situation = alone("年龄 >= 80", birth_date="1947-02-03")
    document = benefit(eligibility=[clause("年龄 >= 80", source="notice")], effective_to="2027-02-02")
    published = publish_documents([(document, "official")])
    case = FamilyCase(situation.case.family, published, AS_OF)
    assert explain(case, published.policies[0], Subject(2, 2)).eligible_from is None


def test_a_window_that_is_open_says_until_when() -> None:
    situation = alone("年龄 < 3", birth_date="2024-05-31")
    told = explain(situation.case, situation.policy, situation.subject)
    assert told.clauses[0].holds_until == date(2027, 5, 30)
