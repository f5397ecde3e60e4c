"""Two at once where a rule counts rows: on a database where many write side by side, the second waits and then sees."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.accounts.assurance import assurance_of
from identity.accounts.schemas import Visitor
from identity.capacity.service import options_for
from identity.delegation import enterprises, mandates
from identity.delegation.models import Assignment
from identity.passkeys import service as passkeys
from identity.passkeys.ceremonies import NewPasskey
from identity.passkeys.models import Passkey
from identity.recovery import service as recovery
from identity.recovery.models import RecoveryRequest
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from kernel.errors import Conflict, DongchuError, NotFound
from kernel.house import House
from kernel.notices.models import Notice
from tests.identity.conftest import People, settle
from tests.identity.test_ending_at_once import Meanwhile

pytestmark = pytest.mark.postgres
YEAR = timedelta(days=365)
HERE = Visitor(address="203.0.113.7", device="Edge · Windows")


@pytest.fixture
def people(postgres_house: House) -> People:
    return settle(postgres_house)


def at_once(
    house: House, first: Callable[[Session], Any], second: Callable[[Session], Any]
) -> BaseException | None:
    """``second`` begins while ``first`` is not committed, and must wait for it; what it raised."""
    with house.database.write() as session:
        first(session)
        meanwhile = Meanwhile(house, second)
        assert meanwhile.wait_for_lock(), "the second went through beside the first"
    meanwhile.thread.join()
    return meanwhile.failure[0] if meanwhile.failure else None


def test_a_new_phone_is_asked_for_once_and_one_phone_wins(postgres_house: House, people: People) -> None:
    house, now = postgres_house, postgres_house.clock.now()
    subject, assurance = people.mother, assurance_of(house)

    def ask(phone: str) -> Callable[[Session], None]:
        return lambda session: recovery.ask(
            session, subject, phone, HERE, assurance=assurance, vault=house.vault, now=now
        )

    def finish(phone: str) -> Callable[[Session], object]:
        def finished(session: Session) -> object:
            request = recovery.ready_request(session, subject, phone, vault=house.vault, now=later)
            assert request is not None
            return recovery.finish(session, request, phone, vault=house.vault, now=later)

        return finished

    assert at_once(house, ask("13900009001"), ask("13900009001")) is None
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(RecoveryRequest)) == 1
        told = sa.select(sa.func.count()).select_from(Notice).where(Notice.kind == "account.recovery")
        assert session.scalar(told) == 1
    with house.database.write() as session:
        ask("13900009002")(session)
    later = now + timedelta(hours=assurance.recovery_hours, minutes=1)
    assert isinstance(at_once(house, finish("13900009001"), finish("13900009002")), NotFound)
    with house.database.read() as session:
        states = session.scalars(sa.select(RecoveryRequest.state).order_by(RecoveryRequest.state)).all()
        assert states == ["finished", "lapsed"]


def test_the_eleventh_passkey_is_refused_and_two_first_ones_are_one_persons(
    postgres_house: House, people: People
) -> None:
    house, now = postgres_house, postgres_house.clock.now()

    def add(number: int) -> Callable[[Session], None]:
        made = NewPasskey(
            credential_id=bytes([number]) * 32,
            public_key=b"key",
            sign_count=0,
            transports=[],
            is_synced=False,
        )

        def added(session: Session) -> None:
            passkeys.add_passkey(
                session, people.mother, bytes([number]) * 64, made, name=f"{number}", now=now
            )

        return added

    assert at_once(house, add(1), add(2)) is None
    with house.database.write() as session:
        for number in range(3, passkeys.MOST):
            add(number)(session)
    assert isinstance(at_once(house, add(10), add(11)), Conflict)
    with house.database.read() as session:
        rows = session.scalars(sa.select(Passkey)).all()
        assert len(rows) == passkeys.MOST
        assert len({one.user_handle for one in rows}) == 1


@pytest.mark.parametrize("ends", ["the mandate", "the worker's membership", "the order of the agency"])
def test_nobody_is_put_to_work_that_is_ending(postgres_house: House, people: People, ends: str) -> None:
    house, now = postgres_house, postgres_house.clock.now()
    agency, mandate_id, membership_id = accountancy(house, people)

    def end(session: Session) -> None:
        if ends == "the mandate":
            mandates.end_mandate_by(session, mandate_id=mandate_id, by_subject=people.daughter, now=now)
        elif ends == "the worker's membership":
            enterprises.revoke_membership(
                session, membership_id=membership_id, by_subject=people.official, now=now
            )
        else:
            enterprises.change_legal_representative(
                session, firm_id=agency, new_subject_id=people.baby, source="test", on=now.date(), now=now
            )

    def assign(session: Session) -> uuid.UUID:
        return mandates.assign(
            session, mandate_id=mandate_id, subject_id=people.mother, assigned_by=people.official, now=now
        )

    assert isinstance(at_once(house, end, assign), DongchuError)
    agency, mandate_id, membership_id = accountancy(house, people, USCC_OF_ANOTHER)
    assert at_once(house, assign, end) is None
    with house.database.read() as session:
        rows = session.scalars(sa.select(Assignment)).all()
        assert [one.revoked_at is None for one in rows] == [False]
        options = options_for(session, people.mother, capacities=("enterprise",), vault=house.vault, now=now)
        assert not [one for one in options if one.basis.startswith("assignment:")]


USCC_OF_ANOTHER = "91429900MA4DEM52X5"


def accountancy(
    house: House, people: People, uscc: str = "91429900MA4DEM92X7"
) -> tuple[int, uuid.UUID, uuid.UUID]:
    """An agency headed by the official, its clerk the mother, and the firm's mandate for it."""
    now = house.clock.now()
    with house.database.write() as session:
        agency = registry.ensure(
            session,
            kind="firm",
            name="东方山代账有限公司",
            identifier_kind="uscc",
            identifier=uscc,
            vault=house.vault,
            now=now,
        )
        registry.load_relationships(
            session,
            [
                RelationshipRow(
                    kind="legal_representative",
                    from_subject=people.official,
                    to_subject=agency,
                    source="test",
                    from_on=date(2026, 1, 1),
                    until_on=None,
                )
            ],
        )
        membership_id = enterprises.register_member(
            session,
            firm_id=agency,
            subject_id=people.mother,
            role="agent",
            appointed_by=people.official,
            scopes=["rongtong"],
            until_at=now + YEAR,
            now=now,
        )
        mandate_id = mandates.grant_mandate(
            session,
            firm_id=people.firm,
            agency_id=agency,
            granted_by=people.daughter,
            scopes=["rongtong"],
            until_at=now + YEAR,
            now=now,
        )
    return agency, mandate_id, membership_id
