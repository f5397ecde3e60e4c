"""For a child, a ward, an inmate, a client firm: who may act by which paper, until when, and who is told."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from identity.capacity.service import options_for
from identity.clients.portals import ensure_portals
from identity.delegation import enterprises, mandates, proxies, street
from identity.delegation.claiming import RegisteredFirm, claim_enterprise
from identity.delegation.ending import end_with_person
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from identity.seats import service as seats
from kernel.audit import recent
from kernel.clock import FixedClock
from kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.ids import new_id
from kernel.notices.repository import inbox
from kernel.web.principal import Principal
from tests.identity.conftest import DAUGHTER_ID, People, id_number, settle
from tests.identity.test_delegation import (
    YEAR,
    appoint,
    bases,
    has_ended,
    live_grant,
    somebody,
)

FIRM = "磁湖演示科技有限公司"
BRANCH = "91429900MA4DEM22X6"


@pytest.fixture
def people(house: House) -> People:
    with house.database.write() as session:
        ensure_portals(session, house=house)
    return settle(house)


@pytest.fixture
def session(house: House, people: People) -> Iterator[Session]:
    with house.database.write() as opened:
        yield opened


def test_a_child_of_fourteen_shows_its_own_papers(
    session: Session, house: House, people: People, clock: FixedClock
) -> None:
    teenager = registry.ensure(
        session,
        kind="person",
        name="周小立",
        identifier_kind="id_number",
        identifier=id_number("42990020121201107"),
        vault=house.vault,
        now=clock.now(),
    )
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="parent",
                from_subject=people.daughter,
                to_subject=teenager,
                source="test",
                from_on=date(2012, 12, 1),
                until_on=None,
            )
        ],
    )
    before = option(session, house, people.daughter, "周小立")
    assert before.scopes is None
    assert before.until_at is not None
    assert before.until_at.date() == date(2026, 11, 30)  # midnight of 1 December in Huangshi
    clock.move(timedelta(days=20))
    after = option(session, house, people.daughter, "周小立")
    assert after.scopes == {"tong"}
    clock.move(timedelta(days=4 * 366))
    assert "周小立" not in bases(session, house, people.daughter)


def option(session: Session, house: House, subject_id: int, name: str):  # type: ignore[no-untyped-def]
    found = options_for(
        session, subject_id, capacities=("person", "enterprise"), vault=house.vault, now=house.clock.now()
    )
    return next(one for one in found if one.name == name)


def test_a_guardian_is_appointed_and_dismissed_by_paper_alone(
    session: Session, house: House, people: People
) -> None:
    def appointed(document: str):  # type: ignore[no-untyped-def]
        return proxies.appoint_guardian(
            session,
            ward_id=people.mother,
            guardian_id=people.daughter,
            document=document,
            scopes=["tong"],
            until_at=house.clock.now() + 2 * YEAR,
            recorded_by=people.official,
            vault=house.vault,
            now=house.clock.now(),
        )

    with pytest.raises(InvalidInput):
        appointed("")
    guardianship = appointed("（2026）鄂0203民特12号")
    assert "监护人" in inbox(session, people.mother)[0].title
    grant = live_grant(session, house, people.daughter, "陈桂英")
    for who in (people.mother, people.daughter):
        with pytest.raises(Forbidden):
            proxies.revoke_proxy(session, proxy_id=guardianship, by_subject=who, now=house.clock.now())
    with pytest.raises(InvalidInput):
        proxies.revoke_at_counter(
            session, proxy_id=guardianship, document="", recorded_by=people.official, now=house.clock.now()
        )
    proxies.revoke_at_counter(
        session,
        proxy_id=guardianship,
        document="（2027）鄂0203民特3号",
        recorded_by=people.official,
        now=house.clock.now(),
    )
    assert has_ended(session, grant)
    row = recent(session, action="identity.proxy.revoke")[0]
    assert (row.actor_id, row.detail["document"]) == (people.official, "（2027）鄂0203民特3号")


def test_a_paper_needs_a_number_and_a_child_acts_for_nobody(
    session: Session, house: House, people: People
) -> None:
    def given(agent: int, document: str | None) -> None:
        proxies.grant_proxy(
            session,
            principal_id=people.mother,
            agent_id=agent,
            relation="奶奶",
            scopes=["tong"],
            until_at=house.clock.now() + YEAR,
            given_by="paper",
            document=document,
            recorded_by=people.official,
            vault=house.vault,
            now=house.clock.now(),
        )

    for agent, document in ((people.daughter, None), (people.baby, "2026-1"), (people.firm, "2026-1")):
        with pytest.raises(InvalidInput):
            given(agent, document)
    given(people.daughter, "2026-1")
    assert "陈桂英" in bases(session, house, people.daughter)


def test_death_ends_what_one_did_and_what_others_did_for_one(
    session: Session, house: House, people: People
) -> None:
    for principal, agent in ((people.mother, people.daughter), (people.daughter, people.official)):
        proxies.grant_proxy(
            session,
            principal_id=principal,
            agent_id=agent,
            relation="亲属",
            scopes=["tong"],
            until_at=house.clock.now() + YEAR,
            given_by="phone",
            vault=house.vault,
            now=house.clock.now(),
        )
    acting = live_grant(session, house, people.official, "周小兰")
    own = live_grant(session, house, people.daughter, "周小兰")
    end_with_person(session, people.daughter, reason="died", now=house.clock.now())
    assert has_ended(session, acting)
    assert has_ended(session, own)
    assert "周小兰" not in bases(session, house, people.official)


def seated(people: People, house: House, session: Session) -> Principal:
    seat = seats.create_seat(
        session, division_code="420203", department="民政办", title="街道帮办席", duties=["counter.assist"]
    )
    return Principal(
        subject_id=people.official,
        name="柯建国",
        capacity="seat",
        acting_for=people.official,
        acting_for_name="柯建国",
        seat=seats.describe_seat(session, seat),
        scopes=frozenset({"zhengtong"}),
        acr="L3",
        client_id="zhengtong",
        grant_id=new_id(),
    )


def test_a_street_acts_by_a_paper_on_file_that_the_resident_takes_back(
    session: Session, house: House, people: People
) -> None:
    official, now = seated(people, house, session), house.clock.now()
    filed = street.file_authorisation(
        session,
        principal_id=people.mother,
        official=official,
        document_kind="signed_form",
        document="民政办2026-17",
        until_at=now + YEAR,
        now=now,
    )
    assert official.seat is not None
    on_file = street.authorisations_on_file(
        session, principal_id=people.mother, seat_id=official.seat.id, now=now
    )
    assert [one.authorisation_id for one in on_file] == [filed]
    assert "街道" in inbox(session, people.mother)[0].title
    with pytest.raises(NotFound):
        street.withdraw_authorisation(session, authorisation_id=filed, by=people.daughter, now=now)
    street.withdraw_authorisation(session, authorisation_id=filed, by=people.mother, now=now)
    assert street.authorisations_on_file(session, principal_id=people.mother, now=now) == []


def test_an_institution_acts_through_those_it_names(session: Session, house: House, people: People) -> None:
    now = house.clock.now()
    home = registry.ensure(
        session,
        kind="institution",
        name="西塞山区社会福利院",
        identifier_kind="other",
        identifier="home-1",
        vault=house.vault,
        now=now,
    )
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="legal_representative",
                from_subject=people.official,
                to_subject=home,
                source="test",
                from_on=date(2026, 1, 1),
                until_on=None,
            )
        ],
    )
    mandate = mandates.record_institution(
        session,
        person_id=people.mother,
        institution_id=home,
        scopes=["tong"],
        document="入院协议2026-3",
        until_at=now + YEAR,
        recorded_by=people.official,
        now=now,
    )
    assert "机构" in inbox(session, people.mother)[0].title
    assert "陈桂英" not in bases(session, house, people.official)
    mandates.assign(
        session, mandate_id=mandate, subject_id=people.official, assigned_by=people.official, now=now
    )
    acting = option(session, house, people.official, "陈桂英")
    assert (acting.capacity, acting.note) == ("person", "西塞山区社会福利院")
    grant = live_grant(session, house, people.official, "陈桂英")
    mandates.end_mandate_by(session, mandate_id=mandate, by_subject=people.mother, now=now)
    assert has_ended(session, grant)


@pytest.fixture
def agency(session: Session, house: House, people: People) -> tuple[int, int]:
    """An accountancy, and its head."""
    firm, head = somebody(session, house, 7, "firm"), somebody(session, house, 8)
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="legal_representative",
                from_subject=head,
                to_subject=firm,
                source="test",
                from_on=date(2026, 1, 1),
                until_on=None,
            )
        ],
    )
    return firm, head


def test_an_accountancys_clerk_works_for_its_clients_until_any_link_breaks(
    session: Session, house: House, people: People, agency: tuple[int, int]
) -> None:
    firm, head = agency
    now = house.clock.now()

    def begin() -> tuple[object, object]:
        mandate = mandates.grant_mandate(
            session,
            firm_id=people.firm,
            agency_id=firm,
            granted_by=people.daughter,
            scopes=["rongtong"],
            until_at=now + YEAR,
            now=now,
        )
        clerk = enterprises.register_member(
            session,
            firm_id=firm,
            subject_id=people.official,
            role="agent",
            appointed_by=head,
            scopes=["rongtong"],
            until_at=now + YEAR,
            now=now,
        )
        mandates.assign(session, mandate_id=mandate, subject_id=people.official, assigned_by=head, now=now)
        return mandate, clerk

    def work() -> object:
        return live_grant(session, house, people.official, FIRM)

    mandate, clerk = begin()
    with pytest.raises(NotFound):  # the clerk gives nobody work
        mandates.assign(
            session,
            mandate_id=mandate,  # type: ignore[arg-type]
            subject_id=head,
            assigned_by=people.official,
            now=now,
        )
    grant = work()
    enterprises.revoke_membership(session, membership_id=clerk, by_subject=head, now=now)  # type: ignore[arg-type]
    assert has_ended(session, grant)  # type: ignore[arg-type]
    mandates.end_mandate_by(session, mandate_id=mandate, by_subject=head, now=now)  # type: ignore[arg-type]

    begin()
    grant = work()
    enterprises.change_legal_representative(
        session,
        firm_id=people.firm,
        new_subject_id=people.mother,
        source="test",
        on=house.clock.today(),
        now=now,
    )
    assert has_ended(session, grant)  # type: ignore[arg-type]
    assert FIRM not in bases(session, house, people.official)


class Register:
    """The register of firms, as one test wants it."""

    def __init__(self, firm: RegisteredFirm | None, head: str) -> None:
        self.firm, self.head = firm, head

    def find_firm(self, uscc: str) -> RegisteredFirm | None:
        return self.firm if self.firm is not None and self.firm.uscc == uscc else None

    def is_legal_representative(self, uscc: str, id_number: str) -> bool:
        return id_number == self.head and self.find_firm(uscc) is not None


def registered(uscc: str = BRANCH, **changes: object) -> RegisteredFirm:
    return RegisteredFirm(
        **{  # type: ignore[arg-type]
            "uscc": uscc,
            "name": "磁湖演示科技大冶分公司",
            "form": "branch",
            "is_dissolved": False,
            "head_office_uscc": "91429900MA4DEM12X3",
            **changes,
        }
    )


def test_a_branch_is_claimed_by_its_head_and_goes_with_its_company(house: House, people: People) -> None:
    claimed = claim_enterprise(
        Register(registered(), DAUGHTER_ID), house=house, subject_id=people.daughter, uscc=BRANCH.lower()
    )
    now = house.clock.now()
    with house.database.write() as session:
        assert option(session, house, people.daughter, "磁湖演示科技大冶分公司").note == "负责人"
        enterprises.dissolve_enterprise(session, firm_id=people.firm, on=house.clock.today(), now=now)
        assert registry.is_dissolved(session, claimed, house.clock.today())
        assert "磁湖演示科技大冶分公司" not in bases(session, house, people.daughter)


def test_claiming_ends_the_order_of_whoever_represented_the_firm_before(house: House, people: People) -> None:
    uscc = "91429900MA4DEM12X3"
    with house.database.write() as session:
        enterprises.change_legal_representative(
            session,
            firm_id=people.firm,
            new_subject_id=people.mother,
            source="test",
            on=house.clock.today(),
            now=house.clock.now(),
        )
        appoint(session, house, people, people.official, "agent", people.mother)
        grant = live_grant(session, house, people.official, FIRM)
    firm = registered(uscc, name=FIRM, form="enterprise", head_office_uscc=None)
    again = claim_enterprise(Register(firm, DAUGHTER_ID), house=house, subject_id=people.daughter, uscc=uscc)
    assert again == people.firm
    with house.database.read() as session:
        assert has_ended(session, grant)
        assert FIRM in bases(session, house, people.daughter)
        assert FIRM not in bases(session, house, people.mother)


def test_a_firm_is_not_anothers_to_claim(house: House, people: People) -> None:
    def claim(register: Register, subject_id: int = people.daughter, uscc: str = BRANCH) -> None:
        claim_enterprise(register, house=house, subject_id=subject_id, uscc=uscc)

    told = set()
    for register in (Register(registered(), "somebody else"), Register(None, DAUGHTER_ID)):
        with pytest.raises(InvalidInput) as refused:
            claim(register)
        told.add(refused.value.errors[0].what)
    assert len(told) == 1  # an unknown firm and another's look the same
    with pytest.raises(Conflict):
        claim(Register(registered(is_dissolved=True), DAUGHTER_ID))
    with pytest.raises(Forbidden, match="实名"):
        claim(Register(registered(), DAUGHTER_ID), people.mother)
    with pytest.raises(InvalidInput):
        claim(Register(registered(), DAUGHTER_ID), uscc="not a code")
