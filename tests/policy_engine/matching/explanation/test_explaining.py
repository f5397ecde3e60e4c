"""An explanation must say what is met, what is not and from when, and what is needed; and keep others' facts to itself."""

from datetime import date
from typing import Any

import pytest

from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Explanation, explain, near_misses
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from tests.policy_engine.matching.town import AS_OF, NOON
from tests.policy_engine.policies.documents import benefit, clause

HOME, GRANNY, DAUGHTER = 1, 2, 3
POLICY = benefit(
    id="care",
    eligibility=[
        clause("年龄 >= 60", id="age", source="notice"),
        clause("残疾等级 != null and 残疾等级 <= 2", id="level"),
        clause("需要长期照护", id="care"),
    ],
)


def subject(subject_id: int, kind: str, **facts: Any) -> KnownSubject:
    known = {key: KnownFact(value, "disabled_federation", NOON) for key, value in facts.items()}
    return KnownSubject(subject_id, kind, HOME, None, "420222100", 1, known)  # type: ignore[arg-type]


def case_of(
    document: PolicyDocument = POLICY, *, home: dict[str, Any] | None = None, **facts: Any
) -> FamilyCase:
    members = (subject(GRANNY, "person", **facts), subject(DAUGHTER, "person", birth_date="1980-01-01"))
    family = Family(subject(HOME, "household", **(home or {})), members, 1)
    return FamilyCase(family, publish_documents([(document, "official")]), AS_OF)


def explained(case: FamilyCase, reader_id: int | None = GRANNY) -> Explanation:
    return explain(case, case.published.policies[0], Subject(GRANNY, GRANNY), reader_id=reader_id)


def test_each_clause_comes_with_its_words_and_its_truth() -> None:
    told = explained(case_of(birth_date="1940-01-01", disability_level=3))
    assert [(one.id, one.truth) for one in told.clauses] == [
        ("age", "met"),
        ("level", "not_met"),
        ("care", "needed"),
    ]
    assert {one.text for one in told.clauses} == {"条件原文"}
    assert told.verdict == "ineligible"


def test_a_fact_comes_with_its_value_its_source_and_its_day() -> None:
    line = explained(case_of(birth_date="1940-01-01", disability_level=1)).clauses[1].facts[0]
    assert (line.label, line.label_en) == ("残疾等级", "disability level (1 is the severest)")
    assert (line.text, line.observed_on) == ("1级", date(2026, 11, 23))
    assert line.source == "残联"


def test_what_is_unknown_names_exactly_what_is_missing_and_who_knows_it() -> None:
    told = explained(case_of(birth_date="1940-01-01", disability_level=1))
    assert told.verdict == "unknown"
    assert [(one.attribute, one.is_known, one.text) for one in told.missing] == [
        ("person.has_long_term_care_need", False, "")
    ]
    assert told.missing[0].source


def test_a_derived_value_names_only_the_fact_behind_it_that_is_missing() -> None:
    poor = benefit(eligibility=[clause("家庭.人均月收入 < 800", source="notice")])
    told = explained(case_of(poor))
    assert [one.attribute for one in told.missing] == ["household.monthly_income"]


def test_time_alone_will_do_it_on_the_birthday() -> None:
    told = explained(case_of(birth_date="1967-02-03", disability_level=1))
    assert told.clauses[0].holds_from == date(2027, 2, 3)


@pytest.mark.parametrize("birth_date", ["1990-01-01", "1940-01-01"])
def test_no_day_is_named_where_time_does_not_do_it(birth_date: str) -> None:
    """Too far off to be told, or met already."""
    assert explained(case_of(birth_date=birth_date)).clauses[0].holds_from is None


@pytest.mark.parametrize(("reader_id", "is_shown"), [(GRANNY, True), (DAUGHTER, False), (None, True)])
def test_a_persons_values_go_to_that_person_and_the_official_alone(
    reader_id: int | None, is_shown: bool
) -> None:
    told = explained(case_of(birth_date="1940-01-01", disability_level=1), reader_id)
    facts = [line for one in told.clauses for line in one.facts if line.is_known]
    assert [bool(line.text) for line in facts] == [is_shown] * 2
    assert [line.observed_on is not None for line in facts] == [is_shown] * 2


def test_the_household_is_read_by_its_members_and_by_nobody_else() -> None:
    poor = benefit(eligibility=[clause("家庭.低保家庭", source="notice")])
    case = case_of(poor, home={"is_dibao": True})
    shown = {reader: explained(case, reader).clauses[0].facts[0].text for reader in (DAUGHTER, 99)}
    assert shown == {DAUGHTER: "是", 99: ""}


@pytest.mark.parametrize("reader_id", [GRANNY, DAUGHTER, None])
def test_the_highest_class_is_never_put_into_words(reader_id: int | None) -> None:
    kind = benefit(eligibility=[clause('残疾类别 = "精神"', source="notice")])
    line = explained(case_of(kind, disability_category="精神"), reader_id).clauses[0].facts[0]
    assert (line.text, line.is_known) == ("", True)


def test_one_missing_fact_is_a_near_miss() -> None:
    case = case_of(birth_date="1940-01-01", disability_level=1)
    assert [(one.kind, one.unit_id) for one in near_misses(case, frozenset({GRANNY}))] == [
        ("one_fact", GRANNY)
    ]


def test_one_failing_clause_is_a_near_miss() -> None:
    case = case_of(birth_date="1970-01-01", disability_level=1, has_long_term_care_need=True)
    assert [one.kind for one in near_misses(case, frozenset({GRANNY}))] == ["one_clause"]


@pytest.mark.parametrize(
    "facts",
    [
        {"birth_date": "1940-01-01", "disability_level": 1, "has_long_term_care_need": True},
        {"birth_date": "1970-01-01", "disability_level": 3, "has_long_term_care_need": True},
        {"birth_date": "1940-01-01"},
    ],
    ids=["all met", "two fail", "two unknown"],
)
def test_anything_else_is_none(facts: dict[str, Any]) -> None:
    assert near_misses(case_of(**facts), frozenset({GRANNY})) == []


@pytest.mark.parametrize("known", [{"only_child_fate": "健在"}, {}], ids=["alive", "unknown"])
def test_nobody_is_told_that_a_childs_death_is_all_that_they_lack(known: dict[str, Any]) -> None:
    conditions = ["年龄 >= 60", "残疾等级 <= 2", '独生子女情况 = "死亡"']
    clauses = [clause(one, id=f"clause-{place}", source="notice") for place, one in enumerate(conditions)]
    case = case_of(benefit(eligibility=clauses), birth_date="1940-01-01", disability_level=1, **known)
    assert near_misses(case, frozenset({GRANNY})) == []


def test_near_misses_of_others_are_not_told() -> None:
    case = case_of(birth_date="1940-01-01", disability_level=1)
    assert near_misses(case, frozenset({DAUGHTER})) == []
