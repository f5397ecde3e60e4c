"""Acting for others: who may, until when, and that it ends at once."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy.orm import Session

from identity import service
from identity.capacity.service import options_for
from identity.clients.portals import ensure_portals
from identity.clients.service import required
from identity.delegation import enterprises, proxies
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.oauth.granting import Allowed, open_grant, stands
from identity.oauth.requests import EndUser
from identity.registry import service as registry
from identity.seats import service as seats
from identity.sessions.models import IdentitySession
from identity.sessions.service import open_session
from kernel.audit import recent
from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.ids import new_id
from kernel.notices.repository import inbox
from tests.identity.conftest import People, settle

YEAR = timedelta(days=365)
ALL = ("self", "person", "enterprise", "seat")


@pytest.fixture
def people(house: House) -> People:
    with house.database.write() as session:
        ensure_portals(session, house=house)
    return settle(house)


@pytest.fixture
def session(house: House, people: People) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def bases(session: Session, house: House, subject_id: int) -> list[str]:
    found = options_for(session, subject_id, capacities=ALL, vault=house.vault, now=house.clock.now())
    return [option.name for option in found]


def live_grant(session: Session, house: House, subject_id: int, name: str) -> uuid.UUID:
    """A grant in the capacity that bears this name."""
    now = house.clock.now()
    option = next(
        one
        for one in options_for(session, subject_id, capacities=ALL, vault=house.vault, now=now)
        if one.name == name
    )
    sid = open_session(
        session, subject_id=subject_id, address="127.0.0.1", device="", vault=house.vault, now=now
    )
    grant = grant_rows.add(
        session,
        OAuthGrant(
            grant_id=new_id(),
            epoch=1,
            sid=sid,
            client_id="tong",
            subject_id=subject_id,
            capacity=option.capacity,
            acting_for=option.acting_for,
            seat_id=option.seat.id if option.seat else None,
            basis=option.basis,
            scope="openid",
            acr="L1",
            auth_at=now,
            created_at=now,
            expires_at=now + YEAR,
        ),
    )
    return grant.grant_id


def has_ended(session: Session, grant_id: uuid.UUID) -> bool:
    grant = grant_rows.get(session, grant_id)
    return grant is not None and grant.ended_at is not None


def test_a_person_sees_themselves_their_child_and_their_firm(
    session: Session, house: House, people: People
) -> None:
    assert bases(session, house, people.daughter) == ["周小兰", "周小满", "磁湖演示科技有限公司"]
    assert bases(session, house, people.official) == ["柯建国", "待遇审核岗"]


def test_a_child_who_comes_of_age_acts_alone(
    session: Session, house: House, people: People, clock: FixedClock
) -> None:
    clock.move(timedelta(days=18 * 366))
    assert "周小满" not in bases(session, house, people.daughter)


def test_a_proxy_is_told_bounded_and_revocable_at_once(
    session: Session, house: House, people: People
) -> None:
    until = house.clock.now() + YEAR
    proxy = service.grant_proxy(
        session,
        house=house,
        principal_id=people.mother,
        agent_id=people.daughter,
        relation="母亲",
        until_at=until,
    )
    assert len(inbox(session, people.mother)) == 1
    grant = live_grant(session, house, people.daughter, "陈桂英")
    with pytest.raises(NotFound):
        proxies.revoke_proxy(session, proxy_id=proxy, by_subject=people.official, now=house.clock.now())
    proxies.revoke_proxy(session, proxy_id=proxy, by_subject=people.mother, now=house.clock.now())
    assert has_ended(session, grant)
    assert "陈桂英" not in bases(session, house, people.daughter)


def test_an_expired_proxy_is_no_option(
    session: Session, house: House, people: People, clock: FixedClock
) -> None:
    service.grant_proxy(
        session,
        house=house,
        principal_id=people.mother,
        agent_id=people.daughter,
        relation="母亲",
        until_at=clock.now() + timedelta(days=30),
    )
    clock.move(timedelta(days=31))
    assert "陈桂英" not in bases(session, house, people.daughter)


def test_a_proxy_for_more_than_a_year_or_for_oneself_is_refused(
    session: Session, house: House, people: People
) -> None:
    for agent, until in ((people.daughter, YEAR * 2), (people.mother, YEAR), (people.daughter, -YEAR)):
        with pytest.raises(InvalidInput):
            service.grant_proxy(
                session,
                house=house,
                principal_id=people.mother,
                agent_id=agent,
                relation="母亲",
                until_at=house.clock.now() + until,
            )


def somebody(session: Session, house: House, number: int, kind: Literal["person", "firm"] = "person") -> int:
    """One more person or firm of the registry."""
    return registry.ensure(
        session,
        kind=kind,
        name=f"第{number}",
        identifier_kind="other",
        identifier=f"{kind}-{number}",
        vault=house.vault,
        now=house.clock.now(),
    )


def appoint(session: Session, house: House, people: People, subject: int, role: str, by: int) -> uuid.UUID:
    return service.register_enterprise_member(
        session,
        house=house,
        firm_id=people.firm,
        subject_id=subject,
        role=role,  # type: ignore[arg-type]
        appointed_by=by,
        until_at=house.clock.now() + YEAR,
    )


def test_a_grant_ends_with_the_term_of_the_right_it_rests_on(
    session: Session, house: House, people: People, clock: FixedClock
) -> None:
    """An agent appointed until this afternoon: the sign-in of this morning does not outlast it."""
    until = clock.now() + timedelta(hours=3)
    service.register_enterprise_member(
        session,
        house=house,
        firm_id=people.firm,
        subject_id=people.mother,
        role="agent",
        appointed_by=people.daughter,
        until_at=until,
    )
    ensure_portals(session, house=house)
    now = clock.now()
    (option,) = options_for(session, people.mother, capacities=("enterprise",), vault=house.vault, now=now)
    sid = open_session(
        session, subject_id=people.mother, address="127.0.0.1", device="", vault=house.vault, now=now
    )
    user = EndUser(session.get_one(IdentitySession, sid), option)
    grant = open_grant(session, user, required(session, "rongtong"), Allowed("openid rongtong"), now=now)
    assert stands(grant, until - timedelta(seconds=1))
    assert not stands(grant, until)


def test_revoking_an_administrator_takes_down_whom_they_appointed(
    session: Session, house: House, people: People
) -> None:
    administrator = appoint(session, house, people, people.mother, "administrator", people.daughter)
    appoint(session, house, people, people.official, "agent", people.mother)
    grant = live_grant(session, house, people.official, "磁湖演示科技有限公司")
    enterprises.revoke_membership(
        session, membership_id=administrator, by_subject=people.daughter, now=house.clock.now()
    )
    assert has_ended(session, grant)
    assert bases(session, house, people.official) == ["柯建国", "待遇审核岗"]


def test_an_agent_appoints_nobody_and_a_stranger_neither(
    session: Session, house: House, people: People
) -> None:
    appoint(session, house, people, people.official, "agent", people.daughter)
    for by, role in ((people.official, "agent"), (people.mother, "administrator")):
        with pytest.raises(Forbidden):
            appoint(session, house, people, people.mother, role, by)


def test_a_sixth_administrator_is_refused(session: Session, house: House, people: People) -> None:
    for number in range(5):
        appoint(session, house, people, somebody(session, house, number), "administrator", people.daughter)
    with pytest.raises(Conflict, match="最多5名"):
        appoint(session, house, people, people.mother, "administrator", people.daughter)


def test_nobody_is_appointed_twice_or_by_themselves(session: Session, house: House, people: People) -> None:
    appoint(session, house, people, people.mother, "administrator", people.daughter)
    with pytest.raises(Conflict, match="已经是"):
        appoint(session, house, people, people.mother, "administrator", people.daughter)
    with pytest.raises(InvalidInput):
        appoint(session, house, people, people.mother, "agent", people.mother)


def test_a_new_legal_representative_ends_every_right_of_the_old_order(
    session: Session, house: House, people: People
) -> None:
    appoint(session, house, people, people.official, "agent", people.daughter)
    ended = [
        live_grant(session, house, people.daughter, "磁湖演示科技有限公司"),
        live_grant(session, house, people.official, "磁湖演示科技有限公司"),
    ]
    enterprises.change_legal_representative(
        session,
        firm_id=people.firm,
        new_subject_id=people.mother,
        source="market regulation",
        on=house.clock.today(),
        now=house.clock.now(),
    )
    assert all(has_ended(session, grant) for grant in ended)
    assert "磁湖演示科技有限公司" not in bases(session, house, people.daughter)
    assert "磁湖演示科技有限公司" in bases(session, house, people.mother)


def test_nobody_acts_for_a_dissolved_enterprise(session: Session, house: House, people: People) -> None:
    grant = live_grant(session, house, people.daughter, "磁湖演示科技有限公司")
    enterprises.dissolve_enterprise(
        session, firm_id=people.firm, on=house.clock.today(), now=house.clock.now()
    )
    assert has_ended(session, grant)
    assert "磁湖演示科技有限公司" not in bases(session, house, people.daughter)
    with pytest.raises(Conflict):
        appoint(session, house, people, people.mother, "administrator", people.daughter)


def test_a_seat_given_to_another_ends_the_formers_grants(
    session: Session, house: House, people: People
) -> None:
    grant = live_grant(session, house, people.official, "待遇审核岗")
    seats.assign_seat(session, seat_id=people.seat, subject_id=people.mother, now=house.clock.now())
    assert has_ended(session, grant)
    now = house.clock.now()
    assert [one.seat.title for one in seats.seats_of(session, people.mother, now)] == ["待遇审核岗"]
    assert seats.seats_of(session, people.official, now) == []


def test_every_change_of_rights_is_in_the_audit_trail(session: Session, house: House, people: People) -> None:
    appoint(session, house, people, people.official, "agent", people.daughter)
    seats.vacate_seat(session, people.seat, now=house.clock.now())
    events = recent(session, action="identity.")
    assert [event.action for event in events[:2]] == ["identity.seat.vacate", "identity.membership.grant"]
    granted = events[1]
    assert (granted.actor_id, granted.acting_for, granted.capacity) == (
        people.daughter,
        people.firm,
        "enterprise",
    )
