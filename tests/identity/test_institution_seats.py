"""Seats of banks: a bank's post does a bank's work, in Rongtong, and opens no office of the city."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from identity.capacity.service import options_for
from identity.clients.portals import PORTALS
from identity.registry import repository as subjects
from identity.registry import service as registry
from identity.seats import service as seats
from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from tests.identity.conftest import People, settle

USCC = "91429999DCB0000179"
WORK, APPROVE = ("financing.work",), ("financing.approve",)


@pytest.fixture
def people(house: House) -> People:
    return settle(house)


@pytest.fixture
def session(house: House, people: People) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def bank(session: Session, house: House) -> int:
    return registry.ensure(
        session,
        kind="institution",
        name="东楚银行股份有限公司",
        identifier_kind="uscc",
        identifier=USCC,
        vault=house.vault,
        now=house.clock.now(),
    )


def post(
    session: Session, duties: tuple[str, ...], institution_id: int | None, name: str = "东楚银行"
) -> int:
    return seats.create_seat(
        session,
        division_code="420203",
        department=name,
        title="客户经理席",
        duties=duties,
        institution_id=institution_id,
    )


def options(session: Session, house: House, subject_id: int, portal: str) -> list[tuple[str, int]]:
    found = options_for(
        session, subject_id, capacities=PORTALS[portal][2], vault=house.vault, now=house.clock.now()
    )
    return [(one.capacity, one.acting_for) for one in found]


def test_a_banks_officer_acts_for_the_bank_in_rongtong_and_nowhere_else(
    session: Session, house: House, people: People
) -> None:
    lender = bank(session, house)
    seat = post(session, WORK, lender)
    seats.assign_seat(session, seat_id=seat, subject_id=people.mother, now=house.clock.now())
    assert ("seat", lender) in options(session, house, people.mother, "rongtong")
    assert not [one for one in options(session, house, people.mother, "zhengtong") if one[0] == "seat"]
    assert ("seat", lender) not in options(session, house, people.mother, "tong")


def test_a_seat_of_the_city_is_none_in_rongtong(session: Session, house: House, people: People) -> None:
    assert ("seat", people.official) in options(session, house, people.official, "zhengtong")
    assert not [one for one in options(session, house, people.official, "rongtong") if one[0] == "seat"]


def test_a_bank_that_is_no_more_seats_nobody(session: Session, house: House, people: People) -> None:
    lender = bank(session, house)
    seats.assign_seat(
        session,
        seat_id=post(session, WORK, lender),
        subject_id=people.mother,
        now=house.clock.now(),
    )
    found = subjects.get(session, lender)
    assert found is not None
    found.dissolved_on = house.clock.today()
    session.flush()
    assert not [one for one in options(session, house, people.mother, "rongtong") if one[0] == "seat"]


@pytest.mark.parametrize("duties", [("claim.decide",), ("financing.work", "audit.read"), ("admin.system",)])
def test_a_banks_post_has_no_duty_of_the_city(
    session: Session, house: House, duties: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput):
        post(session, duties, bank(session, house))


def test_a_post_of_the_city_decides_on_no_banks_loans(session: Session) -> None:
    with pytest.raises(InvalidInput):
        post(session, APPROVE, None)


def test_an_office_of_that_name_stays_whose_it_is(session: Session, house: House) -> None:
    with pytest.raises(Conflict):
        post(session, WORK, bank(session, house), name="民政局")
