"""Every kind of message becomes catalogue attributes that exist, of their type, from a source that may state them."""

from datetime import date
from typing import Any

import msgspec
import pytest

from connectors.events.departments import DEPARTMENTS, read_event
from connectors.events.forms import DepartmentEvent, Envelope, Relation
from connectors.simulators.actions import Action, from_page
from connectors.simulators.departments import ACTIONS
from connectors.simulators.world import World
from connectors.wire import UnmappableError
from policy_engine.catalogue.loading import catalogue
from tests.connectors.conftest import FATHER, FIRM, MOTHER, PERSON, certificate, envelope, id_number

#: What a demonstrator types where an action has no default.
TYPED: dict[str, dict[str, str]] = {
    "register-birth": {"name": "周小雨", "father_id_number": FATHER},
    "certify-birth": {"father_id_number": FATHER},
    "move-household": {"division": "420202006"},
    "record-hire": {"employee_id_number": PERSON},
    "end-hire": {"employee_id_number": PERSON},
    "register-firm": {"uscc": "91420200MA4B00002X", "name": "黄石新设科技有限公司"},
    "change-representative": {"representative_id_number": MOTHER},
    "register-marriage": {"spouse_id_number": FATHER},
}
#: What must have been recorded before.
BEFORE = {
    "cancel-certificate": "issue-certificate",
    "end-relief": "recognise-relief",
    "withdraw-death": "register-death",
    "end-unemployment": "register-unemployment",
    "end-hire": "record-hire",
    "revoke-hi-tech": "recognise-hi-tech",
    "settle-interest": "book-loan",
    "leave-school": "enrol-student",
}


def find(action_id: str) -> Action:
    return next(action for action in ACTIONS if action.id == action_id)


def reported(world: World, action_id: str, **typed: str) -> DepartmentEvent:
    """The common form of what a department reports after a demonstrator's action."""
    action = find(action_id)
    if action_id in BEFORE:
        reported(world, BEFORE[action_id])
    subject = {"id_number": MOTHER} if action.about == "person" else {"uscc": FIRM}
    form = from_page(action.form, subject | TYPED.get(action_id, {}) | typed)
    sent = action.make(world.desk, form)
    row = world.store.row("SELECT envelope FROM event WHERE event_id = ?", sent.event_id)
    assert row is not None
    return read_event(DEPARTMENTS[action.department], msgspec.json.decode(row["envelope"], type=Envelope))


def facts(event: DepartmentEvent) -> dict[str, Any]:
    return {f"{change.role}: {change.attribute}": change.value for change in event.changes}


@pytest.mark.parametrize("action_id", [action.id for action in ACTIONS])
def test_what_a_department_reports_are_facts_the_catalogue_knows(world: World, action_id: str) -> None:
    event = reported(world, action_id)
    roles = {subject.role for subject in event.subjects}
    for change in event.changes:
        attribute = catalogue().attribute(change.attribute)
        source = change.source or event.source
        assert source in attribute.precedence, f"{source} may not state {change.attribute}"
        assert change.role in roles
        kinds = {"boolean": bool, "enum": str, "text": str, "date": str, "division": str}
        if change.value is not None:
            assert type(change.value) is kinds.get(attribute.type, int), change.attribute
        if attribute.type == "enum" and change.value is not None:
            assert change.value in attribute.values, change.attribute
        if attribute.type == "date" and isinstance(change.value, str):
            date.fromisoformat(change.value)


def test_every_kind_of_every_department_is_reported_by_the_simulators() -> None:
    kinds = {(d.id, kind) for d in DEPARTMENTS.values() for kind in d.readings}
    assert len(kinds) == len(ACTIONS)


def test_a_disability_certificate_gives_level_and_category(world: World) -> None:
    event = reported(world, "issue-certificate", level="2", category="1")
    assert facts(event) == {
        "person: person.disability_level": 2,
        "person: person.disability_category": "视力",
    }
    assert event.subject("person").identifiers[0].value == MOTHER
    assert event.changes[0].valid_until == date(2036, 11, 22)


def test_a_cancelled_certificate_is_known_to_be_none(world: World) -> None:
    assert set(facts(reported(world, "cancel-certificate")).values()) == {None}


def test_relief_is_a_fact_of_the_household_with_number_dates_and_fen(world: World) -> None:
    event = reported(world, "recognise-relief", monthly_income="1,000".replace(",", ""))
    found = facts(event)
    assert found["household: household.is_dibao"] is True
    assert found["household: household.dibao_income"] == 100_000
    assert found["household: household.dibao_from"] == "2026-11-23"
    assert Relation("household", "household_of", "applicant") in event.relations
    assert Relation("member_1", "lives_with", "applicant") in event.relations


def test_extreme_hardship_is_a_fact_of_the_person(world: World) -> None:
    assert facts(reported(world, "recognise-relief", category="04")) == {"applicant: person.is_tekun": True}


def test_the_margin_does_not_touch_the_allowance(world: World) -> None:
    event = reported(world, "recognise-relief", category="03")
    assert facts(event) == {"household: household.is_dibao_marginal": True}


def test_checked_means_are_the_centres_word_until_the_authorisation_ends(world: World) -> None:
    event = reported(world, "check-means", monthly_income="1200.50", authorised_until="2027-01-31")
    income = event.changes[0]
    assert (income.value, income.source, income.valid_until) == (120_050, "means_test", date(2027, 1, 31))


def test_a_newborn_joins_its_mothers_household_and_knows_its_parents(world: World) -> None:
    event = reported(world, "register-birth", born_on="2026-11-20", sex="2")
    child = event.subject("child")
    assert child.identifiers[0].value.startswith(MOTHER[:6] + "20261120")
    assert facts(event)["child: person.birth_date"] == "2026-11-20"
    assert facts(event)["child: person.sex"] == "女"
    assert event.relations == (
        Relation("child", "joins_household_of", "mother"),
        Relation("child", "mother_is", "mother"),
        Relation("child", "father_is", "father"),
    )


def test_two_newborns_of_one_day_get_two_numbers(world: World) -> None:
    numbers = {reported(world, "register-birth").subject("child").identifiers[0].value for _ in range(2)}
    assert len(numbers) == 2


def test_a_hospitals_child_is_known_by_its_certificate(world: World) -> None:
    child = reported(world, "certify-birth").subject("child")
    assert [identifier.scheme for identifier in child.identifiers] == ["birth_certificate"]


def test_a_death_has_its_day_and_a_second_source_is_told_apart(world: World) -> None:
    first, second = reported(world, "register-death"), reported(world, "record-cremation")
    assert facts(first) == facts(second)
    assert (first.source, second.source) == ("public_security", "civil_affairs")


def test_a_withdrawn_death_leaves_nothing_of_it(world: World) -> None:
    event = reported(world, "withdraw-death")
    assert facts(event) == {"person: person.is_deceased": False, "person: person.death_date": None}
    assert {change.valid_from for change in event.changes} == {None}


def test_a_hire_is_an_item_of_the_firm_about_a_person(world: World) -> None:
    event = reported(world, "record-hire", category="20")
    assert facts(event)["hire: hire.is_poverty_alleviated"] is True
    assert facts(event)["employee: person.employment_status"] == "企业在职"
    assert event.relations == (
        Relation("hire", "belongs_to", "firm"),
        Relation("hire", "employee_is", "employee"),
    )


def test_a_veterans_hire_without_its_day_of_discharge_is_refused(world: World) -> None:
    with pytest.raises(UnmappableError, match="aac0b5"):
        reported(world, "record-hire", category="30")


@pytest.mark.parametrize(("rate", "per_mille"), [("5.5", 55), ("5.51", 56), ("0", 0), ("100", 1000)])
def test_a_layoff_rate_just_above_the_limit_stays_above_it(world: World, rate: str, per_mille: int) -> None:
    event = reported(world, "report-layoffs", layoff_rate=rate)
    assert facts(event)["firm: firm.layoff_rate_last_year"] == per_mille


def test_more_layoffs_than_staff_are_refused(world: World) -> None:
    with pytest.raises(UnmappableError, match="ajb110"):
        reported(world, "report-layoffs", layoff_rate="100.01")


def test_premiums_become_fen(world: World) -> None:
    event = reported(world, "settle-firm-premium", premium_paid="28800.05")
    assert facts(event)["firm: firm.ui_premium_paid_last_year"] == 2_880_005


def test_first_and_renewed_recognition_are_told_apart(world: World) -> None:
    first = reported(world, "recognise-hi-tech")
    again = reported(world, "recognise-hi-tech", times_recognised="2")
    assert facts(first)["firm: firm.hitech_recognition"] == "首次"
    assert facts(again)["firm: firm.hitech_recognition"] == "重新"


def test_an_overdue_loan_says_so(world: World) -> None:
    found = facts(reported(world, "settle-interest", loan_status="3", interest_paid="2325"))
    assert found["loan: loan.is_overdue"] is True
    assert found["loan: loan.interest_settled_this_quarter"] == 232_500


def test_settled_interest_is_of_the_loan_that_was_booked(world: World) -> None:
    booked, settled = reported(world, "book-loan"), reported(world, "settle-interest")
    assert booked.subject("loan").identifiers[0].scheme == settled.subject("loan").identifiers[0].scheme
    assert settled.subject("borrower").identifiers[0].value == FIRM


def test_a_new_legal_representative_changes_no_fact_but_who_may_act(world: World) -> None:
    event = reported(world, "change-representative")
    assert event.changes == ()
    assert Relation("firm", "represented_by", "representative") in event.relations
    assert Relation("firm", "no_longer_represented_by", "former") in event.relations


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("cjdj", "5", "cjdj"),
        ("cjlb", "9", "cjlb"),
        ("cjdj", "2", "cjrzh"),
        ("fzrq", "20261301", "fzrq"),
        ("cjrzh", "12345", r"\$\.cjrzh"),
        ("xm", None, r"\$\.xm"),
        ("unheard_of", "x", "unheard_of"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_field(field: str, value: Any, told: str) -> None:
    body = envelope("certificate_issued", certificate() | {field: value})
    with pytest.raises((UnmappableError, msgspec.ValidationError), match=told):
        read_event(DEPARTMENTS["disabled_federation"], msgspec.json.decode(body, type=Envelope))


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    body = envelope("certificate_polished", certificate())
    with pytest.raises(UnmappableError, match="certificate_cancelled, certificate_issued"):
        read_event(DEPARTMENTS["disabled_federation"], msgspec.json.decode(body, type=Envelope))


def test_a_mistyped_id_number_is_refused() -> None:
    wrong = PERSON[:16] + ("1" if PERSON[16] != "1" else "2") + PERSON[17]
    body = envelope("certificate_issued", certificate() | {"cjrzh": f"{wrong}41"})
    with pytest.raises(UnmappableError, match="check character"):
        read_event(DEPARTMENTS["disabled_federation"], msgspec.json.decode(body, type=Envelope))


def test_a_birth_needs_a_parent() -> None:
    data = {
        "gmsfhm": id_number("99020120261101101"),
        "xm": "周小雨",
        "xbdm": "2",
        "csrq": "20261101",
        "mqgmsfhm": None,
        "mqxm": None,
        "fqgmsfhm": None,
        "fqxm": None,
        "cszmbh": None,
        "hh": None,
        "hjxzqh": "420202006",
        "hklbdm": "1",
        "fhfdsy": None,
        "djrq": "20261110",
    }
    with pytest.raises(UnmappableError, match="at least one parent"):
        read_event(
            DEPARTMENTS["public_security"],
            msgspec.json.decode(envelope("birth_registered", data), type=Envelope),
        )
