"""Terms as the documents of the library give them, and people as the registry and the profiles know them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from identity.registry.schemas import RelationshipRow, SubjectRow
from identity.registry.service import load_relationships, load_rows
from kernel.clock import FixedClock
from kernel.errors import NotFound
from kernel.house import House
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.delivery import service, views
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.published import PublishedTerms, caps_of, terms_of
from policy_engine.policies.loading import load_document_file
from policy_engine.profiles.schemas import FactChange, SubjectAdded
from policy_engine.profiles.service import apply_changes
from tests.policy_engine.delivery.city import Office, person
from tests.policy_engine.matching.works import Works

LIBRARY = Path(__file__).parents[3] / "policy_engine" / "library"
DOCUMENTS = sorted(path for path in LIBRARY.rglob("*.yaml") if not path.name.endswith(".cases.yaml"))
TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MOTHER, BABY, TEEN, HOUSEHOLD, FIRM, HOME = 11, 12, 13, 21, 31, 41


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_document_of_the_library_can_be_delivered(path: Path) -> None:
    document = load_document_file(path).document
    terms = terms_of(document, rollout_permille=1000, is_demonstration=False)
    assert (terms.policy_id, terms.title) == (document.id, document.title)
    assert [stage.outcome for stage in terms.stages].count("decide") == 1
    assert terms.stages[-1].outcome == "decide"
    assert (terms.period == "none") == (document.benefit is None)
    assert terms.legal_basis
    assert terms.phone


def test_an_unpublished_policy_has_no_terms(house: House) -> None:
    with house.database.read() as session, pytest.raises(NotFound):
        PublishedTerms()(session, "nothing")


@pytest.fixture
def family(house: House) -> House:
    """A mother with a baby and a teenager who is of age next month, and a firm."""
    rows = [
        SubjectRow(subject_id=MOTHER, kind="person", name="王一", identifier_kind=None, identifier=None),
        SubjectRow(subject_id=BABY, kind="person", name="王二", identifier_kind=None, identifier=None),
        SubjectRow(subject_id=TEEN, kind="person", name="王三", identifier_kind=None, identifier=None),
        SubjectRow(
            subject_id=HOUSEHOLD, kind="household", name="王一家", identifier_kind=None, identifier=None
        ),
        SubjectRow(subject_id=FIRM, kind="firm", name="某厂", identifier_kind=None, identifier=None),
    ]
    births = {MOTHER: "1990-01-01", BABY: "2026-05-05", TEEN: "2008-12-24"}
    with house.database.write() as session:
        load_rows(session, rows, vault=house.vault, now=NOON)
        load_relationships(
            session,
            [
                RelationshipRow(
                    kind="parent",
                    from_subject=MOTHER,
                    to_subject=child,
                    source="公安",
                    from_on=date(2008, 1, 1),
                    until_on=None,
                )
                for child in (BABY, TEEN)
            ],
        )
        apply_changes(
            session,
            [
                _added(HOUSEHOLD, "household", HOUSEHOLD),
                _added(FIRM, "firm", FIRM),
                *(_added(number, "person", HOUSEHOLD) for number in births),
                *(
                    FactChange(
                        subject_id=number,
                        attribute="person.birth_date",
                        value=born,
                        source="public_security",
                        event_id=f"birth-{number}",
                        observed_at=NOON,
                    )
                    for number, born in births.items()
                ),
            ],
            now=NOON,
        )
    return house


def _added(subject_id: int, kind: EntityKind, owner_id: int) -> SubjectAdded:
    return SubjectAdded(
        subject_id=subject_id,
        kind=kind,
        owner_id=owner_id,
        division="420203007",
        source="public_security",
        event_id=f"added-{subject_id}",
        observed_at=NOON,
    )


def test_a_mother_acts_for_her_children_and_her_household(family: House) -> None:
    people = RegisteredPeople(family.vault)
    with family.database.read() as session:
        assert people.wards_of(session, MOTHER, TODAY) == {BABY, TEEN, HOUSEHOLD}
        assert people.guardians_of(session, BABY, TODAY) == {MOTHER}
        assert people.guardians_of(session, HOUSEHOLD, TODAY) == {MOTHER}
        assert people.guardians_of(session, FIRM, TODAY) == frozenset()


def test_a_person_may_ask_for_their_children_and_a_firm_for_what_is_its_own(family: House) -> None:
    people = RegisteredPeople(family.vault)
    with family.database.read() as session:
        assert people.units_of(session, MOTHER, TODAY) == {BABY, TEEN}
        assert people.units_of(session, BABY, TODAY) == frozenset()
        assert people.units_of(session, FIRM, TODAY) == frozenset()


def test_a_household_asks_for_its_home_and_its_persons_share_its_cap(family: House) -> None:
    people = RegisteredPeople(family.vault)
    with family.database.write() as session:
        apply_changes(session, [_added(HOME, "home", HOUSEHOLD)], now=NOON)
    with family.database.read() as session:
        assert people.units_of(session, HOUSEHOLD, TODAY) == {HOME}
        assert people.family_of(session, MOTHER, TODAY) == frozenset()
        for member in (MOTHER, HOUSEHOLD):
            home = people.household_of(session, member)
            assert (home.id, home.subject_ids) == (HOUSEHOLD, {HOUSEHOLD, MOTHER, BABY, TEEN})
        assert people.household_of(session, FIRM).subject_ids == {FIRM}
        assert people.household_of(session, 999).subject_ids == {999}


def test_a_cap_that_one_document_states_bounds_the_other_it_names(house: House, clock: FixedClock) -> None:
    named = {path.stem: load_document_file(path).document for path in DOCUMENTS}
    silent = msgspec.structs.replace(named["temporary-relief-spending"], yearly_caps=())
    works = Works(house, clock)
    for document in (named["temporary-relief-emergency"], silent):
        works.publish(document)
    with house.database.read() as session:
        (cap,) = PublishedTerms()(session, "temporary-relief-spending").yearly_caps
    assert (cap.amount_fen, cap.scope) == (5_000_000, "household")
    assert (cap,) == caps_of(named["temporary-relief-emergency"])
    assert (cap,) == caps_of(
        named["temporary-relief-spending"]
    )  # in the library both say so, and it is one sum


def test_at_eighteen_a_child_acts_alone(family: House) -> None:
    people = RegisteredPeople(family.vault)
    birthday = date(2026, 12, 24)
    with family.database.read() as session:
        assert people.wards_of(session, MOTHER, birthday) == {BABY, HOUSEHOLD}
        assert people.guardians_of(session, TEEN, birthday) == frozenset()
        assert people.guardians_of(session, HOUSEHOLD, birthday) == {MOTHER, TEEN}


def test_a_minors_affairs_are_told_to_the_guardians(family: House) -> None:
    people = RegisteredPeople(family.vault)
    with family.database.read() as session:
        assert people.recipients_of(session, [BABY, MOTHER, FIRM], TODAY) == {
            BABY: {MOTHER},
            MOTHER: {MOTHER},
            FIRM: {FIRM},
        }


def test_pinned_facts_hold_the_subjects_own_and_no_other_members(family: House) -> None:
    with family.database.read() as session:
        facts = known_facts(session, BABY, BABY)
        people = RegisteredPeople(family.vault)
        assert facts.values == {"person.birth_date": "2026-05-05"}
        assert people.name_of(session, BABY) == "王二"
        assert people.division_of(session, BABY) == "420203007"


def test_a_death_among_changed_facts_stops_that_persons_awards(family: House, clock: FixedClock) -> None:
    office = Office(family, clock)
    office.budget(1_000_000)
    office.grant(office.claimed(subject_id=MOTHER))
    stop: dict[str, Any] = {"subject_ids": (MOTHER, BABY), "now": NOON}
    with family.database.write() as session:
        assert service.stop_for_deaths(session, office.ports, **stop) == 0
        dead = FactChange(
            subject_id=MOTHER,
            attribute="person.is_deceased",
            value=True,
            source="public_security",
            event_id="death-11",
            observed_at=NOON,
        )
        apply_changes(session, [dead], now=NOON)
        assert service.stop_for_deaths(session, office.ports, **stop) == 1
        assert service.stop_for_deaths(session, office.ports, **stop) == 0
    with family.database.read() as session:
        (award,) = views.my_awards(session, office.ports, person(MOTHER), now=NOON)
    assert (award.state, award.payments[0].is_held) == ("suspended", True)
