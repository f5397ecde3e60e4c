"""Who finds no money waits in a line that outlives the year: additions and the next year's budget serve it in order."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from kernel import notices
from kernel.clock import SHANGHAI
from kernel.outbox import Worker, enqueue
from policy_engine.delivery import service, views
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.ledger.repository import balances, open_alarms
from policy_engine.delivery.payments.models import Payment
from tests.policy_engine.delivery.city import Office, person
from tests.policy_engine.delivery.stories import award_of, payments_of

NEW_YEAR = datetime(2027, 1, 1, 6, tzinfo=SHANGHAI)


def waiting(office: Office, *subjects: int) -> list[Claim]:
    """Granted one after the other, an hour apart, with no money for any."""
    claims = []
    for subject_id in subjects:
        claims.append(office.grant(office.claimed(subject_id=subject_id)))
        office.clock.set(office.now + timedelta(hours=1))
    return claims


def work(office: Office) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(office.database, office.clock, handlers).run_until_idle()


def new_year(office: Office) -> None:
    """What the clock does by itself: the next periods fall due."""
    office.clock.set(NEW_YEAR)
    with office.database.write() as session:
        enqueue(session, "payment.due", "schedule:payment.due", {}, now=office.now)
    work(office)


def add(office: Office, budget: Budget, amount_fen: int, reference: str) -> None:
    with office.database.write() as session:
        service.appropriate(session, budget.id, amount_fen, reference=reference, now=office.now)
    work(office)


def states(office: Office, claims: list[Claim]) -> list[str]:
    """Of the first month of each."""
    return [payments_of(office, claim)[0].state for claim in claims]


def year_paid_from(office: Office, claim: Claim) -> int | None:
    with office.database.read() as session:
        return session.scalar(
            sa.select(Budget.year)
            .join(Payment, Payment.budget_id == Budget.id)
            .where(Payment.id == payments_of(office, claim)[0].id)
        )


def test_an_addition_serves_the_line_in_the_order_of_waiting(any_office: Office) -> None:
    budget = any_office.budget(1)
    claims = waiting(any_office, 3_001, 3_002, 3_003)
    assert states(any_office, claims) == ["awaiting_funds"] * 3
    add(any_office, budget, 20_000, "add-1")
    assert states(any_office, claims) == ["reserved", "reserved", "awaiting_funds"]
    with any_office.database.read() as session:
        assert open_alarms(session), "one still waits"
    add(any_office, budget, 10_000, "add-2")
    assert states(any_office, claims) == ["reserved"] * 3
    with any_office.database.read() as session:
        assert open_alarms(session) == []
        assert service.defects(session) == []


def test_next_years_money_serves_last_years_line_from_its_first_day(any_office: Office) -> None:
    any_office.budget(1)
    claims = waiting(any_office, 3_001, 3_002)
    any_office.budget(30_000, year=2027)
    work(any_office)
    assert states(any_office, claims) == ["awaiting_funds"] * 2, "its year has not begun"
    new_year(any_office)
    assert states(any_office, claims) == ["reserved"] * 2
    assert [year_paid_from(any_office, one) for one in claims] == [2027, 2027]
    later = [payment.state for claim in claims for payment in payments_of(any_office, claim)[1:]]
    assert sorted(later) == ["awaiting_funds"] * 3 + ["reserved"], "who waited came before what fell due then"
    with any_office.database.read() as session:
        assert service.defects(session) == []
        (budget,) = session.scalars(sa.select(Budget).where(Budget.year == 2027))
        assert balances(session, budget.id)["reserved"] == 30_000


def test_a_budget_opened_in_the_new_year_serves_whoever_never_had_one(any_office: Office) -> None:
    claims = waiting(any_office, 3_001, 3_002)
    any_office.clock.set(NEW_YEAR)
    any_office.budget(10_000, year=2027)
    work(any_office)
    assert states(any_office, claims) == ["reserved", "awaiting_funds"]


def test_another_authoritys_money_does_not_serve_the_line(office: Office) -> None:
    """A county pays its own debts: the city's new budget is not spent on who waits for the county's."""
    claims = waiting(office, 3_001)
    with office.database.write() as session:
        payment = session.scalars(sa.select(Payment)).one()
        payment.division = "420281001"
        county = service.open_budget(
            session,
            policy_id="nursing",
            division="420281",
            year=2026,
            appropriation="daye",
            kind="entitlement",
            amount_fen=1,
            now=office.now,
        )
    work(office)
    office.clock.set(NEW_YEAR)
    office.budget(50_000, year=2027)
    work(office)
    assert states(office, claims) == ["awaiting_funds"]
    add(office, county, 10_000, "late-2026")
    assert states(office, claims) == ["reserved"]


def test_nobody_is_decided_again_or_overtaken(any_office: Office) -> None:
    budget = any_office.budget(5_000)
    (first,) = waiting(any_office, 3_001)
    any_office.town.amounts["nursing"] = 4_000
    (second,) = waiting(any_office, 3_002)
    assert states(any_office, [first, second]) == ["awaiting_funds"] * 2, "a small sum does not overtake"
    decided = award_of(any_office, first).recognised_at
    add(any_office, budget, 9_000, "add-1")
    assert states(any_office, [first, second]) == ["reserved"] * 2
    assert award_of(any_office, first).recognised_at == decided


def test_people_read_since_when_they_wait_and_are_told_when_it_ends(office: Office) -> None:
    budget = office.budget(1)
    claims = waiting(office, 3_001, 3_002)
    with office.database.read() as session:
        seen = views.claim_detail(session, office.ports, claims[1].id, person(3_002), now=office.now)
        assert seen.award is not None
        (payment,) = seen.award.payments
        assert (payment.waiting_position, payment.waiting_since_at) == (
            2,
            payments_of(office, claims[1])[0].created_at,
        )
        kinds = [one.kind for one in notices.inbox(session, 3_002)]
    assert "payment.waits_for_funds" in kinds
    add(office, budget, 20_000, "add-1")
    with office.database.read() as session:
        kinds = [one.kind for one in notices.inbox(session, 3_002)]
        seen = views.claim_detail(session, office.ports, claims[1].id, person(3_002), now=office.now)
    assert "payment.funded" in kinds
    assert seen.award is not None
    assert seen.award.payments[0].waiting_since_at is None
