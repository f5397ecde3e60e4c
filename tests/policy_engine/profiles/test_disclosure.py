"""What a person sees of what is known about them, and what evaluation is given."""

from datetime import date

import pytest

from kernel.errors import NotFound
from kernel.house import House
from policy_engine.profiles.disclosure import known_about
from policy_engine.profiles.evaluation import facts_for
from policy_engine.profiles.schemas import KnownAbout
from policy_engine.profiles.service import apply_changes, load_family
from tests.policy_engine.profiles.conftest import DAUGHTER, GRANNY, HOME, NOON, added, fact


def seen(house: House, subject_id: int) -> dict[str, KnownAbout]:
    with house.database.read() as session:
        return {line.attribute: line for line in known_about(session, subject_id)}


@pytest.mark.parametrize(
    ("subject", "attribute", "value", "text"),
    [
        (GRANNY, "person.birth_date", "1936-05-01", "1936年5月1日"),
        (GRANNY, "person.is_orphan", False, "否"),
        (GRANNY, "person.disability_level", 1, "1级"),
        (GRANNY, "person.disability_category", None, "无"),
        (GRANNY, "person.hukou_division", "420222115", "王英镇"),
        (HOME, "household.dibao_income", 123_456_05, "123,456.05元"),
        (31, "firm.layoff_rate_last_year", 55, "5.5%"),
    ],
)
def test_a_value_reads_as_people_write_it(
    family: House, subject: int, attribute: str, value: object, text: str
) -> None:
    with family.database.write() as session:
        apply_changes(session, [added(31, "firm", 31), fact(subject, attribute, value)], now=NOON)
    assert seen(family, subject)[attribute].text == text


def test_every_line_says_who_said_so_since_when_and_under_which_law(family: House) -> None:
    certificate = fact(GRANNY, "person.disability_level", 1, valid_until=date(2030, 1, 1))
    with family.database.write() as session:
        apply_changes(session, [certificate], now=NOON)
    (line,) = seen(family, GRANNY).values()
    assert (line.label, line.source_name, line.observed_at) == ("残疾等级", "残联", NOON)
    assert line.valid_until == date(2030, 1, 1)
    assert line.standing == "verified"
    assert line.legal_basis


def test_what_nobody_told_us_is_not_listed(family: House) -> None:
    assert seen(family, DAUGHTER) == {}


def test_nobody_can_be_asked_about_who_has_no_profile(family: House) -> None:
    with pytest.raises(NotFound):
        seen(family, 99)


def test_evaluation_sees_a_person_with_the_household_and_all_its_members(family: House) -> None:
    changes = [fact(GRANNY, "person.is_tekun", True), fact(HOME, "household.is_dibao", False)]
    with family.database.write() as session:
        apply_changes(session, changes, now=NOON)
    with family.database.read() as session:
        granny = facts_for(load_family(session, GRANNY), GRANNY)
    assert granny.facts == {"is_tekun": True}
    household = granny.related["家庭"]
    assert not isinstance(household, tuple)
    assert household.facts == {"is_dibao": False}
    members = household.related["成员"]
    assert isinstance(members, tuple)
    assert [one.facts for one in members] == [{"is_tekun": True}, {}]


def test_evaluation_sees_a_firm_with_its_hires_and_loans_and_a_hire_with_its_firm(family: House) -> None:
    with family.database.write() as session:
        changes = [added(31, "firm", 31), added(41, "hire", 31), added(51, "loan", 31)]
        apply_changes(session, changes, now=NOON)
    with family.database.read() as session:
        loaded = load_family(session, 41)
    firm, hire = facts_for(loaded, 31), facts_for(loaded, 41)
    assert {name: len(items) for name, items in firm.related.items() if isinstance(items, tuple)} == {
        "招用": 1,
        "贷款": 1,
        "项目": 0,
    }
    assert set(hire.related) == {"企业"}
