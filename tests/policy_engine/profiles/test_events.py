"""What departments report becomes facts about the right people, whole or not at all."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
import sqlalchemy as sa

from connectors.events.departments import DEPARTMENTS
from connectors.events.forms import AttributeChange, DepartmentEvent, Identifier, Relation, SubjectRef
from connectors.events.service import accept
from identity.registry import service as registry
from identity.registry.identifiers import id_check_character
from kernel.clock import FixedClock
from kernel.house import House
from kernel.outbox import Message, OutboxMessage
from kernel.outbox.repository import claim
from policy_engine.profiles import repository
from policy_engine.profiles.jobs import handlers
from policy_engine.profiles.schemas import Applied, Family
from policy_engine.profiles.service import apply_changes, load_family
from policy_engine.profiles.taking import take, take_all
from tests.policy_engine.profiles.conftest import NOON, fact

FAR_AWAY = "42999919500101999"


@pytest.fixture
def registered(city: Path) -> pl.DataFrame:
    return pl.read_parquet(city / "registry.parquet")


@pytest.fixture
def couple(city: Path, registered: pl.DataFrame) -> dict[str, Any]:
    """A married mother and her husband, with their numbers."""
    persons = pl.read_parquet(city / "persons.parquet")
    numbers = registered.select("subject_id", "identifier", "name")
    wives = persons.filter(sex="女", relation_to_head="配偶").join(numbers, on="subject_id")
    return wives.join(numbers, left_on="spouse_id", right_on="subject_id", suffix="_husband").row(
        0, named=True
    )


def person(role: str, number: str, name: str = "演示人") -> SubjectRef:
    return SubjectRef(role, "person", (Identifier("id_number", number),), name)


def event(
    *subjects: SubjectRef,
    changes: tuple[AttributeChange, ...] = (),
    relations: tuple[Relation, ...] = (),
    source: str = "public_security",
    event_id: str = "e-1",
) -> DepartmentEvent:
    return DepartmentEvent(source, event_id, NOON, "test", subjects, changes, relations)


def took(house: House, reported: DepartmentEvent) -> Applied | None:
    with house.database.write() as session:
        return take(session, house.vault, reported, now=NOON)


def family_of(house: House, subject_id: int) -> Family:
    with house.database.read() as session:
        return load_family(session, subject_id)


def rejection(house: House, source: str, event_id: str) -> str | None:
    with house.database.read() as session:
        noted = repository.find_event(session, source, event_id)
    assert noted is not None
    assert noted.outcome == "rejected"
    return noted.reason


def newborn(couple: dict[str, Any], *, mother: str | None = None) -> DepartmentEvent:
    body = "429999" + "20261120" + "991"
    child = body + id_check_character(body)
    mother_number = mother or couple["identifier"]
    return event(
        person("child", child, "演小宝"),
        person("mother", mother_number),
        person("father", couple["identifier_husband"]),
        changes=(
            AttributeChange("child", "person.birth_date", "2026-11-20"),
            AttributeChange("child", "person.hukou_division", "420222100001"),
        ),
        relations=(
            Relation("child", "joins_household_of", "mother"),
            Relation("child", "mother_is", "mother"),
            Relation("child", "father_is", "father"),
        ),
    )


def certified_birth(couple: dict[str, Any], certificate: str = "Z420000001") -> DepartmentEvent:
    """What the hospital reports: no name yet, no citizen's number."""
    return event(
        SubjectRef("child", "person", (Identifier("birth_certificate", certificate),), None),
        person("mother", couple["identifier"]),
        changes=(AttributeChange("child", "person.birth_date", "2026-11-20"),),
        relations=(
            Relation("child", "joins_household_of", "mother"),
            Relation("child", "mother_is", "mother"),
        ),
        source="health",
        event_id="birth-1",
    )


def registered_birth(couple: dict[str, Any], certificate: str = "Z420000001") -> DepartmentEvent:
    """The household register names the same child by both its numbers."""
    later = newborn(couple)
    child, *parents = later.subjects
    both = (*child.identifiers, Identifier("birth_certificate", certificate))
    child = msgspec.structs.replace(child, identifiers=both)
    return msgspec.structs.replace(later, subjects=(child, *parents), event_id="register-1")


def children_born(house: House, couple: dict[str, Any]) -> list[int]:
    found = family_of(house, couple["subject_id"]).members
    return [one.subject_id for one in found if one.values().get("person.birth_date") == "2026-11-20"]


def test_a_newborn_is_known_by_its_certificate_until_it_has_a_number_and_a_name(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    assert took(any_loaded, certified_birth(couple)) is not None
    (child,) = children_born(any_loaded, couple)
    assert took(any_loaded, registered_birth(couple)) is not None
    assert children_born(any_loaded, couple) == [child]
    with any_loaded.database.read() as session:
        shown = registry.describe(session, [child], vault=any_loaded.vault)[child]
        number = registry.identifier_of(session, child, vault=any_loaded.vault)
        by_certificate = registry.find_by_identifier(
            session, "birth_certificate", "Z420000001", vault=any_loaded.vault
        )
        by_number = registry.find_by_identifier(session, "id_number", number, vault=any_loaded.vault)
        parents = registry.related_to(session, "parent", child, date(2026, 11, 24))
    assert (shown.name, number[:14]) == ("演小宝", "42999920261120")
    assert by_certificate == by_number == child
    assert sorted(parents) == sorted([couple["subject_id"], couple["spouse_id"]])


def test_a_certificate_that_comes_after_the_registration_makes_no_second_child(
    loaded: House, couple: dict[str, Any]
) -> None:
    assert took(loaded, registered_birth(couple)) is not None
    (child,) = children_born(loaded, couple)
    assert took(loaded, certified_birth(couple)) is not None
    assert children_born(loaded, couple) == [child]


def test_two_numbers_of_two_people_are_refused_and_kept_for_an_official(
    loaded: House, couple: dict[str, Any]
) -> None:
    assert took(loaded, certified_birth(couple)) is not None
    assert took(loaded, newborn(couple)) is not None  # without its certificate: nobody can tell
    assert len(children_born(loaded, couple)) == 2
    assert took(loaded, registered_birth(couple)) is None
    assert "属于不同的人" in (rejection(loaded, "public_security", "register-1") or "")
    assert len(children_born(loaded, couple)) == 2


def test_a_newborn_joins_its_mothers_household_and_has_parents(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    before = family_of(any_loaded, couple["subject_id"])
    assert took(any_loaded, newborn(couple)) is not None
    after = family_of(any_loaded, couple["subject_id"])
    known = {one.subject_id for one in before.members}
    (child,) = [one for one in after.members if one.subject_id not in known]
    assert child.values() == {"person.birth_date": "2026-11-20", "person.hukou_division": "420222100"}
    assert child.division == "420222100"
    with any_loaded.database.read() as session:
        parents = registry.related_to(session, "parent", child.subject_id, date(2026, 11, 24))
    assert sorted(parents) == sorted([couple["subject_id"], couple["spouse_id"]])


def test_a_child_whose_mother_is_registered_elsewhere_is_entered_with_its_father(
    loaded: House, couple: dict[str, Any]
) -> None:
    reported = newborn(couple, mother=FAR_AWAY + id_check_character(FAR_AWAY))
    assert took(loaded, reported) is not None
    born = [one for one in family_of(loaded, couple["spouse_id"]).members if len(one.facts) == 2]
    assert len(born) == 1


def test_the_same_event_twice_makes_one_child(loaded: House, couple: dict[str, Any]) -> None:
    took(loaded, newborn(couple))
    size = len(family_of(loaded, couple["subject_id"]).members)
    assert took(loaded, newborn(couple)) is None
    assert len(family_of(loaded, couple["subject_id"]).members) == size


def test_an_event_about_a_stranger_is_noted_and_changes_nothing(loaded: House) -> None:
    stranger = person("person", FAR_AWAY + id_check_character(FAR_AWAY))
    reported = event(stranger, changes=(AttributeChange("person", "person.is_deceased", True),))
    with loaded.database.read() as session:
        before = repository.current_sequence(session)
    assert took(loaded, reported) is None
    assert "不在登记库中" in (rejection(loaded, "public_security", "e-1") or "")
    with loaded.database.read() as session:
        assert repository.current_sequence(session) == before


def test_an_event_with_one_impossible_value_is_refused_whole(loaded: House, couple: dict[str, Any]) -> None:
    reported = event(
        person("person", couple["identifier"]),
        changes=(
            AttributeChange("person", "person.is_deceased", True),
            AttributeChange("person", "person.disability_level", 7),
        ),
    )
    assert took(loaded, reported) is None
    assert "person.disability_level" in (rejection(loaded, "public_security", "e-1") or "")
    mother = family_of(loaded, couple["subject_id"]).subject(couple["subject_id"])
    assert mother.values()["person.is_deceased"] is False


def test_a_refused_newborn_leaves_nobody_in_the_register(any_loaded: House, couple: dict[str, Any]) -> None:
    bad = newborn(couple)
    bad = msgspec.structs.replace(bad, changes=(*bad.changes, AttributeChange("child", "person.sex", "?")))
    assert took(any_loaded, bad) is None
    child = bad.subject("child").identifiers[0].value
    with any_loaded.database.read() as session:
        assert registry.find_by_identifier(session, "id_number", child, vault=any_loaded.vault) is None


def hired(
    registered: pl.DataFrame, couple: dict[str, Any], record: str, event_id: str = "e-1"
) -> DepartmentEvent:
    firm = registered.filter(kind="firm").row(0, named=True)
    return event(
        SubjectRef("firm", "firm", (Identifier("uscc", firm["identifier"]),), firm["name"]),
        SubjectRef("hire", "hire", (Identifier("hire_record", record),)),
        person("employee", couple["identifier"]),
        changes=(
            AttributeChange("hire", "hire.hired_on", "2026-11-01"),
            AttributeChange("hire", "hire.is_poverty_alleviated", True, source="rural"),
        ),
        relations=(Relation("hire", "belongs_to", "firm"), Relation("hire", "employee_is", "employee")),
        source="human_resources",
        event_id=event_id,
    )


def test_a_hire_is_a_new_item_of_its_firm_about_one_person(
    loaded: House, registered: pl.DataFrame, couple: dict[str, Any]
) -> None:
    applied = took(loaded, hired(registered, couple, "JY-new-1"))
    assert applied is not None
    firm_id = registered.filter(kind="firm")["subject_id"][0]
    assert applied.owners == (couple["owner_id"], firm_id)  # it is an employment of hers, too
    with loaded.database.read() as session:
        (mine,) = [
            one for one in repository.members_about(session, couple["subject_id"]) if len(one.facts) == 2
        ]
        assert repository.find_contract(session, "hire_record", "JY-new-1") == mine.subject_id
    assert mine.owner_id == firm_id
    assert mine.facts["is_poverty_alleviated"].source == "rural"


def test_a_known_contract_number_means_the_same_hire(
    loaded: House, registered: pl.DataFrame, couple: dict[str, Any]
) -> None:
    record = registered.filter(kind="hire").row(0, named=True)
    owner = family_of(loaded, record["subject_id"]).owner.subject_id
    count = len(family_of(loaded, owner).members)
    took(loaded, hired(registered, couple, record["identifier"]))
    assert len(family_of(loaded, owner).members) == count


def test_two_new_hires_get_two_numbers(
    any_loaded: House, registered: pl.DataFrame, couple: dict[str, Any]
) -> None:
    took(any_loaded, hired(registered, couple, "JY-new-1"))
    took(any_loaded, hired(registered, couple, "JY-new-2", event_id="e-2"))
    with any_loaded.database.read() as session:
        numbers = {repository.find_contract(session, "hire_record", one) for one in ("JY-new-1", "JY-new-2")}
    assert len(numbers) == 2


def test_a_household_is_found_through_the_person_who_lives_in_it(
    loaded: House, couple: dict[str, Any]
) -> None:
    reported = event(
        person("applicant", couple["identifier"]),
        SubjectRef("household", "household", ()),
        changes=(AttributeChange("household", "household.is_dibao_marginal", True),),
        relations=(Relation("household", "household_of", "applicant"),),
        source="civil_affairs",
    )
    applied = took(loaded, reported)
    assert applied is not None
    assert applied.owners == (couple["owner_id"],)


def test_a_new_legal_representative_replaces_the_former_one(
    loaded: House, registered: pl.DataFrame, couple: dict[str, Any]
) -> None:
    firm = registered.filter(kind="firm").row(0, named=True)
    reported = event(
        SubjectRef("firm", "firm", (Identifier("uscc", firm["identifier"]),), firm["name"]),
        person("representative", couple["identifier"]),
        relations=(Relation("firm", "represented_by", "representative"),),
        source="market_regulation",
    )
    took(loaded, reported)
    with loaded.database.read() as session:
        now = registry.related_to(session, "legal_representative", firm["subject_id"], date(2026, 11, 24))
    assert now == [couple["subject_id"]]


def _run_all(house: House, now: datetime) -> list[str]:
    """What the worker would do with every message due, one at a time."""
    by_topic = handlers(house)
    done = []
    while True:
        with house.database.write() as session:
            messages = claim(session, now=now, lease_for=timedelta(minutes=1), limit=50)
        mine = [one for one in messages if one.topic in by_topic]
        for message in mine:
            by_topic[message.topic](message)
            done.append(message.topic)
        if not mine:
            return done


def test_a_signed_event_of_the_federation_reaches_the_person(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    body = {
        "event_id": "certificate-1",
        "event_type": "certificate_issued",
        "occurred_at": "2026-11-23T03:00:00Z",
        "data": {
            "cjrzh": couple["identifier"] + "41",
            "xm": couple["name"],
            "cjlb": "4",
            "cjdj": "1",
            "fzrq": "20261120",
            "yxqz": "20361119",
        },
    }
    department = DEPARTMENTS["disabled_federation"]
    with any_loaded.database.write() as session:
        accept(session, any_loaded.vault, department, msgspec.json.encode(body), came_by="push", now=NOON)
    assert _run_all(any_loaded, NOON) == ["department.event"]
    known = family_of(any_loaded, couple["subject_id"]).subject(couple["subject_id"])
    assert known.values()["person.disability_level"] == 1
    assert known.facts["disability_level"].valid_until == date(2036, 11, 19)


def test_what_begins_next_month_begins_on_the_first(loaded: House, clock: FixedClock, city: Path) -> None:
    relief = pl.read_parquet(city / "households.parquet").filter("is_dibao").row(0, named=True)
    end = fact(
        relief["subject_id"],
        "household.is_dibao",
        False,
        source="civil_affairs",
        event_id="end",
        observed_at=NOON,
        valid_from=date(2026, 12, 1),
    )
    with loaded.database.write() as session:
        apply_changes(session, [end], now=NOON)
    assert _run_all(loaded, NOON) == []
    clock.set(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))  # midnight in Huangshi
    assert _run_all(loaded, clock.now()) == ["facts.scheduled"]
    household = family_of(loaded, relief["subject_id"]).owner
    assert household.values()["household.is_dibao"] is False


def test_a_checked_income_is_unknown_again_after_the_authorisation(
    loaded: House, clock: FixedClock, couple: dict[str, Any]
) -> None:
    income = fact(
        couple["owner_id"],
        "household.monthly_income",
        300_000,
        source="means_test",
        valid_until=date(2026, 11, 30),
    )
    with loaded.database.write() as session:
        apply_changes(session, [income], now=NOON)
    assert family_of(loaded, couple["owner_id"]).owner.values()["household.monthly_income"] == 300_000
    clock.set(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert _run_all(loaded, clock.now()) == ["facts.scheduled"]
    assert "household.monthly_income" not in family_of(loaded, couple["owner_id"]).owner.values()
    with loaded.database.read() as session:
        told = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.topic == "facts.changed")).all()
    assert [one.key for one in told] == [f"household:{couple['owner_id']}"] * 2


def test_all_facts_of_one_event_end_on_their_day_however_their_messages_are_taken(
    loaded: House, clock: FixedClock, couple: dict[str, Any]
) -> None:
    told = [
        fact(
            couple["owner_id"],
            f"household.{name}",
            100,
            source="means_test",
            event_id="check",
            valid_until=date(2026, 11, 30),
        )
        for name in ("monthly_income", "assets")
    ]
    with loaded.database.write() as session:
        apply_changes(session, told, now=NOON)
    clock.set(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert _run_all(loaded, clock.now()) == ["facts.scheduled"] * 2
    known = family_of(loaded, couple["owner_id"]).owner.values()
    assert not known.keys() & {"household.monthly_income", "household.assets"}


def test_what_a_licence_says_of_its_holder_becomes_facts(loaded: House, couple: dict[str, Any]) -> None:
    message = Message(
        number=1,
        message_id=msgspec.convert(
            "0198c2d0-0000-7000-8000-000000000001", Message.__annotations__["message_id"]
        ),
        topic="licence.facts",
        key="subject:1",
        payload={
            "subject_id": couple["subject_id"],
            "source": "disabled_federation",
            "event_id": "licence:1:issued:1",
            "observed_at": "2026-11-23T04:00:00+00:00",
            "values": {"person.disability_level": 2, "person.disability_category": "肢体"},
        },
        attempts=1,
        lease=msgspec.convert("0198c2d0-0000-7000-8000-000000000002", Message.__annotations__["lease"]),
    )
    handlers(loaded)["licence.facts"](message)
    known = family_of(loaded, couple["subject_id"]).subject(couple["subject_id"]).values()
    assert (known["person.disability_level"], known["person.disability_category"]) == (2, "肢体")


def told_of(number: str, event_id: str, level: object) -> DepartmentEvent:
    """What the federation says of somebody's disability."""
    return event(
        person("person", number),
        changes=(AttributeChange("person", "person.disability_level", level),),  # type: ignore[arg-type]
        source="disabled_federation",
        event_id=event_id,
    )


def taken(house: House, *events: DepartmentEvent) -> None:
    with house.database.write() as session:
        take_all(session, house.vault, events, now=NOON)


def levels_of(house: House, *subject_ids: int) -> list[object]:
    with house.database.read() as session:
        known = repository.load_subjects(session, subject_ids)
    return [known[one].values().get("person.disability_level") for one in subject_ids]


def test_many_events_come_to_the_same_as_one_after_the_other(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    wife, husband = couple["identifier"], couple["identifier_husband"]
    stranger = FAR_AWAY + id_check_character(FAR_AWAY)
    taken(
        any_loaded,
        told_of(wife, "e-1", 2),
        told_of(husband, "e-2", 3),
        told_of(stranger, "e-3", 1),
        told_of(wife, "e-4", 1),
        told_of(husband, "e-5", 9),  # there is no such level
        told_of(wife, "e-1", 4),  # said before under this number
    )
    assert levels_of(any_loaded, couple["subject_id"], couple["spouse_id"]) == [1, 3]
    assert "不在登记库中" in (rejection(any_loaded, "disabled_federation", "e-3") or "")
    assert "person.disability_level" in (rejection(any_loaded, "disabled_federation", "e-5") or "")


def test_events_in_a_row_about_people_known_are_written_under_one_number(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    wife, husband = couple["identifier"], couple["identifier_husband"]
    with any_loaded.database.read() as session:
        before = repository.current_sequence(session)
    taken(any_loaded, told_of(wife, "e-1", 2), told_of(husband, "e-2", 3), told_of(wife, "e-3", 1))
    taken(any_loaded, told_of(wife, "e-1", 4), told_of(husband, "e-2", 4))  # again: nothing
    assert levels_of(any_loaded, couple["subject_id"], couple["spouse_id"]) == [1, 3]
    with any_loaded.database.read() as session:
        assert repository.current_sequence(session) == before + 1
        replaced = repository.replaced_at(session, [before + 1], [couple["subject_id"]])[before + 1]
        told = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.topic == "facts.changed")).all()
    assert [old for _, _, old in replaced][-1] == [2]
    assert [one.key for one in told] == [f"household:{couple['owner_id']}"]


def test_what_joins_families_keeps_its_place_among_the_others(
    any_loaded: House, couple: dict[str, Any]
) -> None:
    """The child is known to whatever comes after its birth, and to nothing before."""
    born = newborn(couple)
    child = born.subject("child").identifiers[0].value
    taken(
        any_loaded,
        told_of(child, "too-early", 1),
        told_of(couple["identifier"], "e-2", 2),
        msgspec.structs.replace(born, event_id="birth"),
        told_of(child, "in-time", 3),
        told_of(couple["identifier_husband"], "e-5", 4),
    )
    (born_one,) = children_born(any_loaded, couple)
    assert levels_of(any_loaded, born_one, couple["subject_id"], couple["spouse_id"]) == [3, 2, 4]
    assert "不在登记库中" in (rejection(any_loaded, "disabled_federation", "too-early") or "")
