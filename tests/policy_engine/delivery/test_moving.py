"""Somebody moves: an open claim goes to the office now responsible, payments follow, and the old seats see it no more."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from msgspec import structs

from kernel import notices
from kernel.errors import NotFound
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims import repository
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.opinions import ask_opinion
from policy_engine.delivery.claims.separation import require_claim_for_seat
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.moving import PLACES, move_affairs
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.terms import Signatory
from policy_engine.profiles.schemas import FactChange, SubjectAdded
from policy_engine.profiles.service import FACTS_CHANGED, apply_changes
from tests.policy_engine.delivery.city import (
    CLERK,
    FEDERATION,
    GRANDMOTHER,
    STREET,
    THREE_STAGES,
    Office,
    clerk,
    decider,
    federation,
    official,
)
from tests.policy_engine.delivery.household import claim_at_home, opened
from tests.policy_engine.delivery.test_overlaps import work_off

#: Another street of the same district, and a street of another one.
NEXT_STREET, FAR_STREET = "420203008", "420204001"
NEW_CLERK, FAR_FEDERATION, ASKED = 961, 963, 964


def new_clerk(street: str = NEXT_STREET) -> Principal:
    return official(NEW_CLERK, "claim.accept", division=street, department="街道办事处")


def far_federation() -> Principal:
    return official(FAR_FEDERATION, "claim.joint_review", division="420204", department="残联")


def move(office: Office, to: str, who: int = GRANDMOTHER) -> int:
    office.town.divisions[who] = to
    with office.database.write() as session:
        return move_affairs(session, office.ports, subject_ids=[who], now=office.now)


def known(office: Office, claim: Claim) -> Claim:
    with office.database.read() as session:
        return session.get_one(Claim, claim.id)


def sees(office: Office, claim: Claim, principal: Principal) -> bool:
    with office.database.write() as session:
        try:
            require_claim_for_seat(session, claim.id, principal)
        except NotFound:
            return False
    return True


def titles(office: Office, who: int) -> list[str]:
    with office.database.read() as session:
        return [one.title for one in notices.inbox(session, who)]


def test_an_open_claim_goes_to_the_street_of_the_new_address_with_its_clock(any_office: Office) -> None:
    office = any_office
    office.town.officials = [clerk(), new_clerk(), decider()]
    claim = office.claimed()
    due = known(office, claim).stage_due_on
    office.clock.move(timedelta(days=2))
    assert (sees(office, claim, clerk()), sees(office, claim, new_clerk())) == (True, False)
    assert move(office, NEXT_STREET) == 1
    assert move(office, NEXT_STREET) == 0, "twice is once"
    assert (sees(office, claim, clerk()), sees(office, claim, new_clerk())) == (False, True)
    assert known(office, claim).stage_due_on == due, "the clock runs on"
    assert "重度残疾人护理补贴：转到西塞山区" in "".join(titles(office, GRANDMOTHER))
    number = known(office, claim).case_number
    assert f"转入的申请：{number}" in titles(office, NEW_CLERK)
    assert f"转出的申请：{number}" in titles(office, CLERK)
    with office.database.read() as session:
        event = session.scalars(sa.select(CaseEvent).where(CaseEvent.kind == "claim.moved")).one()
    assert (event.detail["from"], event.detail["to"], event.is_public) == (STREET, NEXT_STREET, True)
    office.act(claim, new_clerk(), "accept")
    office.act(claim, federation(), "recommend")
    office.act(claim, decider(), "grant")
    assert known(office, claim).state == "granted"


def test_the_same_place_told_less_exactly_is_no_move(office: Office) -> None:
    claim = office.claimed()
    assert move(office, "420203") == 0
    assert known(office, claim).division == STREET
    assert {
        "person.hukou_division",
        "person.residence_division",
        "household.hukou_division",
        "firm.registered_division",
    } == PLACES


def test_what_another_districts_seats_signed_or_were_asked_counts_no_more(office: Office) -> None:
    joint = structs.replace(
        THREE_STAGES[1],
        department="",
        joint=(Signatory(title="残联", department="残联"), Signatory(title="民政", department="民政局")),
    )
    office.town.policies["nursing"] = structs.replace(
        office.town.policies["nursing"], stages=(THREE_STAGES[0], joint, THREE_STAGES[2])
    )
    asked = official(ASKED, "claim.accept", division=STREET)
    office.town.officials = [clerk(), asked, federation(), far_federation(), decider()]
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    with office.database.write() as session:
        ask_opinion(
            session,
            office.ports,
            claim_id=claim.id,
            principal=federation(),
            seat_id=ASKED * 10,
            question="家里几口人？",
            working_days=3,
            now=office.now,
        )
    with office.database.write() as session:
        row = session.get_one(Claim, claim.id)
        row.assignments = {"残联": {"seat_id": FEDERATION * 10, "name": "残联·专责岗"}}
    assert move(office, FAR_STREET) == 1
    moved = known(office, claim)
    assert moved.assignments == {}
    with office.database.read() as session:
        assert repository.open_opinions(session, claim.id) == []
    assert not sees(office, claim, asked), "who was only asked sees it no more either"
    office.act(claim, far_federation(), "recommend")


def test_a_means_check_under_way_goes_along(office: Office) -> None:
    claim = claim_at_home(office)
    check = opened(office, claim)
    move(office, NEXT_STREET)
    with office.database.read() as session:
        assert checks.in_division(session, STREET, 10) == []
        assert [one.id for one in checks.in_division(session, NEXT_STREET, 10)] == [check.id]


def test_the_office_of_the_day_of_application_finishes_where_the_policy_says_so(office: Office) -> None:
    office.town.policies["nursing"] = structs.replace(office.town.policies["nursing"], on_move="finish")
    claim = office.claimed()
    assert (move(office, FAR_STREET), move(office, FAR_STREET)) == (0, 0)
    assert known(office, claim).division == STREET
    told = [one for one in titles(office, GRANDMOTHER) if "仍由" in one]
    assert len(told) == 1, "told once"
    office.grant(claim)
    with office.database.read() as session:
        assert {one.division for one in session.scalars(sa.select(Award))} == {FAR_STREET}
        assert {one.division for one in session.scalars(sa.select(Payment))} == {FAR_STREET}


def test_a_place_that_the_policy_does_not_reach_takes_no_file(office: Office) -> None:
    office.town.policies["nursing"] = structs.replace(office.town.policies["nursing"], division="420203")
    claim = office.claimed()
    assert move(office, FAR_STREET) == 0
    assert known(office, claim).division == STREET
    assert any("仍由" in one for one in titles(office, GRANDMOTHER))


def test_a_decision_that_is_out_is_seen_through_by_whoever_made_it(office: Office) -> None:
    claim = office.claimed()
    office.act(claim, clerk(), "accept")
    office.act(claim, federation(), "recommend")
    office.act(claim, decider(), "refuse", "不符合条件")
    assert move(office, FAR_STREET) == 0
    assert known(office, claim).division == STREET


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_a_right_is_paid_where_it_began_until_the_move_and_where_they_live_after(
    office: Office, state: str
) -> None:
    claim = office.claimed()
    office.grant(claim)
    with office.database.write() as session:
        session.scalars(sa.select(Award)).one().state = state
    office.clock.move(timedelta(days=40))
    assert move(office, FAR_STREET) == 1
    assert move(office, FAR_STREET) == 0
    with office.database.read() as session:
        award = session.scalars(sa.select(Award)).one()
        paid = session.scalars(sa.select(Payment).order_by(Payment.period_starts_on)).all()
    assert award.division == FAR_STREET
    assert {one.division for one in paid} == {STREET}, "what has begun is the old place's"
    assert len(paid) == (3 if state == "active" else 1), "nothing is made due of a right that stands still"
    assert any("以后由" in one for one in titles(office, GRANDMOTHER))
    if state == "active":
        office.clock.move(timedelta(days=31))
        with office.database.write() as session:
            delivery.create_due_payments(
                session, office.ports, until=office.clock.today(), now=office.now, limit=10
            )
        with office.database.read() as session:
            last = session.scalars(sa.select(Payment).order_by(Payment.period_starts_on.desc())).first()
        assert last is not None
        assert last.division == FAR_STREET


def test_what_is_only_offered_goes_along(office: Office) -> None:
    office.reconcile(office.effect())
    move(office, NEXT_STREET)
    with office.database.read() as session:
        found = offers.find_offer(session, "nursing", GRANDMOTHER, GRANDMOTHER)
    assert found is not None
    assert found.division == NEXT_STREET


def test_an_address_that_the_register_tells_moves_the_claim(office: Office) -> None:
    claim = office.claimed()
    came = SubjectAdded(
        subject_id=GRANDMOTHER,
        kind="person",
        owner_id=GRANDMOTHER,
        division=STREET,
        source="public_security",
        event_id="register/1",
        observed_at=office.now,
    )
    address = FactChange(
        subject_id=GRANDMOTHER,
        attribute="person.hukou_division",
        value=NEXT_STREET,
        source="public_security",
        event_id="register/2",
        observed_at=office.now,
    )
    office.town.divisions[GRANDMOTHER] = NEXT_STREET
    with office.database.write() as session:
        apply_changes(session, [came, address], now=office.now)
    assert work_off(office, FACTS_CHANGED) >= 1
    assert known(office, claim).division == NEXT_STREET
