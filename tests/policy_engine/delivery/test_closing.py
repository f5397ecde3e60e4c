"""年终结转: two seats, nothing on its way, every promise carried, the rest withdrawn or carried; on both databases."""

import uuid
from datetime import datetime
from typing import Literal

import pytest
import sqlalchemy as sa

from kernel.clock import SHANGHAI
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.outbox import Worker
from kernel.web.principal import Principal
from policy_engine.delivery import service
from policy_engine.delivery.ledger.models import Budget, YearClosing
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments.models import Payment
from tests.policy_engine.delivery.city import Office, finance, official
from tests.policy_engine.delivery.stories import pay

YEAR_END = datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
CITY = "420200"


def city_seat(subject_id: int) -> Principal:
    return official(subject_id, "payment.approve", division=CITY, department="财政局")


FIRST, SECOND = city_seat(951), city_seat(952)


@pytest.fixture
def year(any_office: Office) -> Office:
    """November paid to one, reserved for another; December comes, for which there is money for one of two."""
    any_office.budget(35_000)
    pay(any_office, any_office.grant(any_office.claimed(subject_id=3_001)))
    any_office.grant(any_office.claimed(subject_id=3_002))
    any_office.clock.set(YEAR_END)
    with any_office.database.write() as session:
        service.create_due_payments(
            session, any_office.ports, until=any_office.clock.today(), now=any_office.now
        )
    return any_office


def propose(office: Office, surplus: str = "withdraw", principal: Principal = FIRST) -> uuid.UUID:
    with office.database.write() as session:
        return service.propose_closing(
            session,
            principal=principal,
            division=CITY,
            fund_source="fiscal",
            year=2026,
            surplus=surplus,
            now=office.now,
        ).id


def decide(
    office: Office,
    closing_id: uuid.UUID,
    principal: Principal = SECOND,
    outcome: Literal["carry_out", "dismiss"] = "carry_out",
) -> None:
    with office.database.write() as session:
        service.decide_closing(
            session, closing_id=closing_id, principal=principal, outcome=outcome, now=office.now
        )


def work(office: Office) -> None:
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(office.database, office.clock, handlers).run_until_idle()


def books(office: Office) -> dict[int, dict[str, int]]:
    with office.database.read() as session:
        assert service.defects(session) == []
        return {one.year: balances(session, one.id) for one in session.scalars(sa.select(Budget))}


def test_the_preview_says_what_becomes_of_each_budget(year: Office) -> None:
    with year.database.read() as session:
        seen = service.preview_closing(session, division=CITY, fund_source="fiscal", year=2026, now=year.now)
    (line,) = seen.lines
    assert (line.appropriated_fen, line.paid_fen, line.carried_fen, line.surplus_fen) == (
        35_000,
        10_000,
        20_000,
        5_000,
    )
    assert (line.carried_count, line.waiting_count, seen.obstacles) == (2, 1, ())


@pytest.mark.parametrize(("surplus", "available"), [("withdraw", 0), ("carry", 5_000)])
def test_promises_go_on_in_the_next_year_and_the_old_one_keeps_what_it_paid(
    year: Office, surplus: str, available: int
) -> None:
    decide(year, propose(year, surplus))
    work(year)
    found = books(year)
    assert found[2026] == {
        "appropriation": -10_000,
        "available": 0,
        "reserved": 0,
        "instructed": 0,
        "paid": 10_000,
    }
    assert (found[2027]["reserved"], found[2027]["available"]) == (20_000, available)
    with year.database.read() as session:
        closing = session.scalars(sa.select(YearClosing)).one()
        assert (closing.state, closing.carried_fen, closing.surplus_fen) == ("done", 20_000, 5_000)
        years = session.execute(
            sa.select(Budget.year)
            .join(Payment, Payment.budget_id == Budget.id)
            .where(Payment.state != "paid")
        )
        assert set(years.scalars()) == {2027}


def test_who_waited_waits_in_the_next_years_line_and_is_paid_from_it(year: Office) -> None:
    decide(year, propose(year))
    work(year)
    with year.database.write() as session:
        budget = session.scalars(sa.select(Budget).where(Budget.year == 2027)).one()
        service.appropriate(session, budget.id, 50_000, reference="2027-1", now=year.now)
    work(year)
    assert books(year)[2027]["reserved"] == 30_000
    year.approve()
    work(year)
    year.treasury.settle("paid")
    with year.database.write() as session:
        keys = list(year.treasury.orders)
        service.ask_soon(session, keys, now=year.now)
    work(year)
    assert books(year)[2027]["paid"] == 30_000


def test_nothing_is_closed_while_orders_are_on_their_way(year: Office) -> None:
    year.approve()
    with pytest.raises(Conflict, match="在途"):
        propose(year)


def test_the_second_seat_is_another_person_and_sees_the_same_sums(year: Office) -> None:
    closing = propose(year)
    with pytest.raises(Conflict, match="已经提出"):
        propose(year, principal=SECOND)
    with pytest.raises(Forbidden, match="不能自己办理"):
        decide(year, closing, FIRST)
    with pytest.raises(NotFound):
        decide(year, closing, finance())  # a district's seat does not close the city's books
    with pytest.raises(Forbidden):
        decide(year, closing, official(953, "claim.decide", division=CITY))
    with year.database.write() as session:
        budget = session.scalars(sa.select(Budget)).one()
        service.reduce_budget(session, budget.id, 1_000, reference="cut-1", now=year.now)
    with pytest.raises(Conflict, match="账目有变动"):
        decide(year, closing)
    decide(year, closing, outcome="dismiss")
    decide(year, propose(year))
    work(year)
    with pytest.raises(Conflict, match="已经结转"):
        propose(year)


def test_a_year_is_not_closed_before_december(any_office: Office) -> None:
    any_office.budget(10_000)
    with pytest.raises(Conflict, match="还没有结束"):
        propose(any_office)


def test_only_what_nobody_was_promised_can_be_taken_back(year: Office) -> None:
    with year.database.write() as session:
        budget = session.scalars(sa.select(Budget)).one()
        with pytest.raises(Conflict, match="资金不足"):
            service.reduce_budget(session, budget.id, 5_001, reference="cut-1", now=year.now)
        assert service.reduce_budget(session, budget.id, 5_000, reference="cut-2", now=year.now)
        assert not service.reduce_budget(session, budget.id, 5_000, reference="cut-2", now=year.now)
    assert books(year)[2026]["available"] == 0
