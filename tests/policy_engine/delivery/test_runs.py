"""A run of payments: a pause first, then parts; it stops by itself, is resumed by a person, and survives a kill."""

import uuid
from datetime import timedelta

import pytest

from kernel.errors import Conflict, Forbidden, InvalidInput
from kernel.outbox import Worker
from policy_engine.delivery import service
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments import runs
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from tests.policy_engine.delivery.city import CLERK, Office, clerk, finance, official

PERIOD = "2026-11"


def rights(office: Office, count: int) -> list[Claim]:
    """So many rights with November reserved; one in a hundred of them is one."""
    office.budget(100_000_000)
    return [office.grant(office.claimed(subject_id=3_001 + number)) for number in range(count)]


@pytest.fixture
def people(office: Office) -> list[Claim]:
    return rights(office, 4)


def planned(office: Office, window: timedelta = timedelta()) -> PaymentBatch:
    with office.database.write() as session:
        return service.plan_run(
            session,
            office.ports,
            principal=finance(),
            policy_id="nursing",
            period=PERIOD,
            window=window,
            now=office.now,
        )


def work(office: Office) -> None:
    """Everything that is due, and a little later."""
    handlers = service.build_handlers(
        office.database, office.clock, office.house.vault, office.ports, office.treasury
    )
    Worker(office.database, office.clock, handlers).run_until_idle()
    office.clock.move(timedelta(seconds=6))


def batch_of(office: Office, batch: PaymentBatch) -> PaymentBatch:
    with office.database.read() as session:
        return session.get_one(PaymentBatch, batch.id)


def states(office: Office) -> dict[str, int]:
    with office.database.read() as session:
        found = [one.state for one in session.query(Payment)]
    return {state: found.count(state) for state in sorted(set(found))}


def settle_until_over(office: Office, batch: PaymentBatch) -> PaymentBatch:
    for _ in range(20):
        office.treasury.settle("paid")
        work(office)
        if (now := batch_of(office, batch)).state != "sending":
            return now
    raise AssertionError("the run never ended")


def test_one_goes_first_then_a_tenth_then_all(office: Office) -> None:
    rights(office, 12)
    batch = planned(office)
    work(office)
    assert states(office) == {"reserved": 11, "treasury_accepted": 1}
    work(office)
    assert states(office)["reserved"] == 11, "the second part waits for the first to settle"
    office.treasury.settle("paid")
    work(office)
    work(office)
    assert states(office) == {"paid": 1, "reserved": 10, "treasury_accepted": 1}
    done = settle_until_over(office, batch)
    assert (done.state, done.payment_count, states(office)) == ("done", 12, {"paid": 12})
    assert office.treasury.paid_fen() == 12 * 10_000
    with office.database.read() as session:
        assert service.defects(session) == []


def test_nothing_leaves_while_it_can_be_corrected(office: Office, people: list[Claim]) -> None:
    batch = planned(office, timedelta(minutes=30))
    work(office)
    assert states(office) == {"reserved": 4}
    with office.database.read() as session:
        wrong = session.query(Payment).first()
        assert wrong is not None
    with office.database.write() as session:
        service.take_out_of_run(
            session,
            batch_id=batch.id,
            payment_id=wrong.id,
            principal=finance(),
            reason="账户待核实",
            now=office.now,
        )
    office.clock.move(timedelta(minutes=31))
    work(office)
    done = settle_until_over(office, batch)
    assert (done.planned_count, done.payment_count) == (3, 3)
    assert states(office) == {"paid": 3, "reserved": 1}


def test_it_stops_when_too_much_comes_back_and_a_person_lets_it_go_on(
    office: Office, people: list[Claim]
) -> None:
    batch = planned(office)
    for _ in range(12):
        work(office)
        office.treasury.settle("returned")
        if batch_of(office, batch).state == "stopped":
            break
    stopped = batch_of(office, batch)
    assert "退回" in (stopped.stop_reason or "")
    before = len(office.treasury.orders)
    work(office)
    assert len(office.treasury.orders) == before
    with office.database.write() as session:
        service.resume_run(
            session, batch_id=batch.id, principal=finance(), reason="银行已修复", now=office.now
        )
    done = settle_until_over(office, batch)
    assert (done.state, done.payment_count) == ("done", 4)


def test_what_has_not_left_can_be_withdrawn_and_planned_again(office: Office, people: list[Claim]) -> None:
    first = planned(office, timedelta(minutes=30))
    with pytest.raises(Conflict, match="没有可以整批发放"):
        planned(office)
    with office.database.write() as session:
        service.withdraw_run(
            session, batch_id=first.id, principal=finance(), reason="金额有误", now=office.now
        )
    office.clock.move(timedelta(hours=1))
    work(office)
    assert states(office) == {"reserved": 4}
    assert planned(office).planned_count == 4


def test_who_decided_does_not_pay(office: Office, people: list[Claim]) -> None:
    both = official(CLERK, "payment.approve")
    with pytest.raises(Conflict, match="都由您审核过"), office.database.write() as session:
        service.plan_run(
            session, office.ports, principal=both, policy_id="nursing", period=PERIOD, now=office.now
        )
    with pytest.raises(Forbidden), office.database.write() as session:
        service.plan_run(
            session, office.ports, principal=clerk(), policy_id="nursing", period=PERIOD, now=office.now
        )


def test_a_lost_right_is_held_and_not_paid(office: Office, people: list[Claim]) -> None:
    office.town.lose("nursing", people[0].unit_id)
    batch = planned(office)
    done = settle_until_over(office, batch)
    assert (done.payment_count, done.held_count) == (3, 1)


def test_what_is_in_a_run_cannot_be_ticked_besides(office: Office, people: list[Claim]) -> None:
    planned(office, timedelta(minutes=30))
    with pytest.raises(Conflict):
        office.approve()


def test_an_unanswered_part_stops_it(office: Office, people: list[Claim]) -> None:
    batch = planned(office)
    work(office)
    office.clock.move(runs.PATIENCE + timedelta(minutes=1))
    work(office)
    assert "没有结果" in (batch_of(office, batch).stop_reason or "")


def test_a_killed_worker_goes_on_and_gives_no_order_twice(office: Office, people: list[Claim]) -> None:
    batch = planned(office)
    with office.database.write() as session:
        assert runs.advance(session, office.ports, batch.id, now=office.now) == "more"
    ordered = list(office.treasury.orders)
    done = settle_until_over(office, batch)
    assert done.state == "done"
    assert len(office.treasury.orders) == 4
    assert len({order.holder_id for order in office.treasury.orders.values()}) == 4
    assert ordered == []


@pytest.mark.parametrize("window", [timedelta(seconds=-1), timedelta(days=4)])
def test_an_absurd_window_is_refused(office: Office, people: list[Claim], window: timedelta) -> None:
    with pytest.raises(InvalidInput, match="更正时间"):
        planned(office, window)


def test_the_money_of_a_withdrawn_run_is_still_reserved(office: Office, people: list[Claim]) -> None:
    batch = planned(office, timedelta(minutes=30))
    with office.database.write() as session:
        service.withdraw_run(session, batch_id=batch.id, principal=finance(), reason="x", now=office.now)
        payment = session.query(Payment).first()
        assert payment is not None
        assert isinstance(payment.budget_id, uuid.UUID)
        assert balances(session, payment.budget_id)["reserved"] == 40_000
