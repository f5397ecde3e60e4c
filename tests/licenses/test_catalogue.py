"""The catalogue of types: whole, consistent, and speaking of facts that the engine can take."""

import uuid
from datetime import date
from typing import Any

import msgspec
import pytest

from kernel.errors import Forbidden, InvalidInput
from licenses.catalogue import LicenceType, licence_type, licence_types
from licenses.trust import Mandate, TrustList, require_may_issue, trust_list
from licenses.writing import facts_payload
from policy_engine.catalogue import catalogue
from policy_engine.profiles.jobs import LicenceFacts
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.validation import require_valid
from tests.conftest import NOON
from tests.licenses.samples import FIELDS

TYPES = sorted(licence_types().values(), key=lambda kind: kind.id)
each_type = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.id)


def test_the_fourteen_types_of_a_city_are_there() -> None:
    assert licence_types().keys() == FIELDS.keys()
    assert len({kind.code for kind in TYPES}) == len(TYPES) == 14


@each_type
def test_a_type_has_a_national_code_a_trusted_issuer_and_fields_for_each_purpose(kind: LicenceType) -> None:
    assert len(kind.code) == 21
    assert trust_list().is_trusted(kind.issuer, kind.id, date(2026, 11, 23))
    names = {field.id for field in kind.fields}
    assert {name for shown in kind.disclosures.values() for name in shown} <= names
    assert set(kind.facts.values()) | kind.facts_when.keys() <= names
    assert set(kind.disclosures) == {"anyone", "counter", "police"}


@each_type
def test_what_anyone_sees_is_never_of_the_highest_class(kind: LicenceType) -> None:
    classes = {field.id: field.sensitivity for field in kind.fields}
    assert "highest" not in {classes[name] for shown in kind.disclosures.values() for name in shown}


@each_type
def test_what_it_states_are_facts_that_the_engine_takes(kind: LicenceType) -> None:
    kind.check_fields(FIELDS[kind.id])
    told = kind.stated(FIELDS[kind.id], "DB-1")
    assert told
    for values in (told, kind.stated(None, "DB-1")):
        changes: list[Any] = [
            FactChange(
                subject_id=1,
                attribute=name,
                value=value,
                source=kind.department,
                event_id="e",
                observed_at=NOON,
            )
            for name, value in values.items()
        ]
        require_valid(changes, catalogue())


def test_the_payload_is_what_the_engine_reads() -> None:
    payload = facts_payload(
        licence_type("disability-certificate"),
        act_id=msgspec.convert("0198c2d0-0000-7000-8000-000000000001", type=uuid.UUID),
        holder_id=1,
        valid_until=date(2036, 11, 23),
        fields=FIELDS["disability-certificate"],
        number="1",
        now=NOON,
    )
    assert msgspec.convert(payload, LicenceFacts).valid_until == date(2036, 11, 23)


def test_only_a_home_that_was_bought_is_a_purchase() -> None:
    kind, fields = licence_type("real-estate-certificate"), FIELDS["real-estate-certificate"]
    assert kind.stated(fields, "1") == {"household.bought_on": "2026-03-01", "household.bought_area": 89}
    assert kind.stated(fields | {"acquired_by": "继承"}, "1") == {}


def test_a_licence_keeps_the_fields_of_its_day() -> None:
    kind = licence_type("food-permit")
    assert kind.version == 2
    assert "items" not in {field.id for field in kind.fields_of(1)}


def test_a_mandate_counts_on_its_days_only() -> None:
    [authority] = [one for one in trust_list().authorities if one.code == "13420200DEMO00001A"]
    ended = {"disability-certificate": Mandate(date(2020, 1, 1), date(2026, 6, 30))}
    listed = TrustList((msgspec.structs.replace(authority, types=ended),))
    answers = [
        listed.is_trusted(authority.code, "disability-certificate", day)
        for day in (date(2019, 12, 31), date(2020, 1, 1), date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert answers == [False, True, True, False]
    assert not listed.is_trusted(authority.code, "business-licence", date(2026, 1, 1))


def test_a_connector_speaks_for_its_own_department_only() -> None:
    kind = licence_type("disability-certificate")
    require_may_issue("connector:disabled_federation", kind, kind.issuer, date(2026, 11, 23))
    with pytest.raises(Forbidden):
        require_may_issue("connector:technology", kind, kind.issuer, date(2026, 11, 23))


def test_a_field_may_be_left_out_only_where_the_type_says_so() -> None:
    kind = licence_type("driving-licence")
    kind.check_fields(FIELDS["driving-licence"])
    with pytest.raises(InvalidInput):
        kind.check_fields({"class": "C1"})
