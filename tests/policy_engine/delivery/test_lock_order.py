"""Two who need the same rows, stopped where each holds what the other wants next: nobody is ever thrown out for it.

PostgreSQL only: SQLite has one writer at a time. The order of locks is written down in docs/architecture.md.
"""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event, current_thread
from typing import Any

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.errors import DongchuError, Unavailable
from kernel.house import House
from policy_engine.delivery import service
from policy_engine.delivery.ledger import closing
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import runs
from policy_engine.delivery.payments.answers import apply_answers
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.ports import TreasuryAnswer
from tests.policy_engine.delivery.city import DISTRICT, Office, clerk, decider, federation, finance, official

pytestmark = pytest.mark.postgres

Act = Callable[[Any], object]
#: A statement that holds rows of a table from now on.
Held = tuple[str, str]
AWARD, PAYMENT, CLAIM, BUDGET = (
    (f"FROM {table} ", "FOR ") for table in ("award", "payment", "claim", "budget")
)
POCKET: Held = ("FROM ledger_account", "FOR UPDATE")
SERIES: Held = ("INTO number_series", "")
#: The other may be waiting for us already, behind what we hold: then it never comes to where we expect it.
PATIENCE = 0.4


@pytest.fixture
def office(postgres_house: House, clock: FixedClock) -> Office:
    return Office(postgres_house, clock)


def both(office: Office, one: tuple[Held, Act], other: tuple[Held, Act]) -> None:
    """Each in its own transaction, stopped behind its first such statement until the other is behind its own."""
    arrived = (Event(), Event())

    def stop(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        name = current_thread().name
        if not name.startswith("side"):
            return
        number = int(name[-1])
        (table, how), _ = (one, other)[number]
        words = " ".join(statement.split())
        if table in words and how in words and not arrived[number].is_set():
            arrived[number].set()
            arrived[1 - number].wait(PATIENCE)

    def give(number: int) -> None:
        current_thread().name = f"side{number}"
        try:
            with office.database.write() as session:
                (one, other)[number][1](session)
        except Unavailable:
            raise
        except DongchuError:  # whoever came second may be told that it is done
            return

    sa.event.listen(office.database.engine, "after_cursor_execute", stop)
    try:
        with ThreadPoolExecutor(2) as pool:
            for ended in [pool.submit(give, number) for number in (0, 1)]:
                ended.result()
    finally:
        sa.event.remove(office.database.engine, "after_cursor_execute", stop)
    assert arrived[0].is_set() or arrived[1].is_set()
    with office.database.read() as session:
        assert service.defects(session) == []


def approve(office: Office) -> Act:
    return lambda session: service.approve_batch(session, office.ports, principal=finance(), now=office.now)


def end(office: Office, subject_id: int = 3001) -> Act:
    """From November on: what was set aside for it is given up."""
    with office.database.read() as session:
        (award_id,) = session.execute(
            sa.text("SELECT id FROM award WHERE subject_id = :who"), {"who": subject_id}
        ).scalars()
    return lambda session: service.end_award(
        session,
        office.ports,
        award_id=award_id,
        principal=decider(),
        from_month=date(2026, 11, 1),
        reason="不再符合条件",
        now=office.now,
    )


def rights(office: Office, *subjects: int) -> None:
    office.budget(10_000_000)
    for subject_id in subjects:
        office.grant(office.claimed(subject_id=subject_id))


def test_a_batch_is_approved_while_a_right_in_it_ends(office: Office) -> None:
    rights(office, 3001, 3002)
    office.town.lose("nursing", 3001)
    both(office, (PAYMENT, approve(office)), (AWARD, end(office)))


def test_a_run_goes_on_while_a_right_in_it_ends(office: Office) -> None:
    rights(office, 3001, 3002)
    office.town.lose("nursing", 3001)
    with office.database.write() as session:
        run = service.plan_run(
            session,
            office.ports,
            principal=finance(),
            policy_id="nursing",
            period="2026-11",
            window=timedelta(),
            now=office.now,
        ).id
    advance: Act = lambda session: runs.advance(session, office.ports, run, now=office.now)  # noqa: E731
    both(office, (PAYMENT, advance), (AWARD, end(office)))


def test_two_plan_the_same_run_and_one_of_them_has_it(office: Office) -> None:
    rights(office, 3001, 3002)

    def plan(number: int) -> Act:
        return lambda session: service.plan_run(
            session,
            office.ports,
            principal=official(number, "payment.approve"),
            policy_id="nursing",
            period="2026-11",
            now=office.now,
        )

    both(office, (PAYMENT, plan(906)), (PAYMENT, plan(907)))
    with office.database.read() as session:
        planned = session.execute(
            sa.select(PaymentBatch.planned_count, sa.func.count(Payment.id))
            .outerjoin(Payment, Payment.batch_id == PaymentBatch.id)
            .group_by(PaymentBatch.id)
        ).all()
    assert [tuple(one) for one in planned] == [(2, 2)]


def test_whoever_waited_for_payments_that_moved_on_takes_the_next(office: Office) -> None:
    rights(office, 3001, 3002, 3003)
    has_chosen = Event()

    def take(session: Any) -> list[Payment]:
        return payment_rows.lock_ready(session, DISTRICT, payment_ids=None, period=None, limit=2)

    def take_after_another() -> list[uuid.UUID]:
        with office.database.write() as session:
            has_chosen.set()
            return [one.id for one in take(session)]

    with ThreadPoolExecutor(1) as pool:
        with office.database.write() as session:
            first = take(session)
            waiting = pool.submit(take_after_another)
            assert has_chosen.wait(60)
            wait_until_somebody_waits(office)
            for one in first:
                one.state = "instructed"
        second = waiting.result(60)
    with office.database.read() as session:
        left = set(session.scalars(sa.select(Payment.id).where(Payment.state == "reserved")))
    assert set(second) == left
    assert len(left) == 1


def wait_until_somebody_waits(office: Office) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with office.database.read() as session:
            if session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_a_run_is_planned_while_another_approves_a_batch(office: Office) -> None:
    rights(office, 3001)

    def plan(session: Any) -> None:
        service.plan_run(
            session,
            office.ports,
            principal=official(906, "payment.approve"),
            policy_id="nursing",
            period="2026-11",
            now=office.now,
        )

    both(office, (SERIES, plan), (PAYMENT, approve(office)))


def test_a_hundred_are_decided_at_once_while_another_decides_one_of_them(office: Office) -> None:
    office.budget(10_000_000)
    claims = sorted((office.claimed(subject_id=one) for one in (3001, 3002)), key=lambda one: one.id)
    for claim in claims:
        office.act(claim, clerk(), "accept")
        office.act(claim, federation(), "recommend")

    def decide(session: Any) -> None:
        service.decide_batch(
            session,
            office.ports,
            claim_ids=[one.id for one in claims],
            principal=decider(),
            action="grant",
            reason="",
            now=office.now,
        )

    def decide_the_last(session: Any) -> None:
        service.act_on_claim(
            session,
            office.ports,
            claim_id=claims[-1].id,
            principal=decider(904),
            action="grant",
            reason="",
            now=office.now,
        )

    both(office, (SERIES, decide), (CLAIM, decide_the_last))


def test_money_is_paid_and_sent_back_in_one_answer_while_other_orders_leave(office: Office) -> None:
    rights(office, 3001, 3002)
    office.approve()
    office.grant(office.claimed(subject_id=3003))

    def answer(session: Any) -> None:
        orders = session.scalars(
            sa.select(Payment).where(Payment.state == "instructed").order_by(Payment.id).with_for_update()
        ).all()
        said = (TreasuryAnswer(status="paid"), TreasuryAnswer(status="returned", reason="户名不符"))
        assert apply_answers(session, office.ports, list(zip(orders, said, strict=True)), now=office.now) == 2

    both(office, (POCKET, answer), (POCKET, approve(office)))


def test_a_year_is_closed_while_a_right_ends(office: Office) -> None:
    rights(office, 3001)
    office.clock.set(office.now.replace(month=12, day=2))
    first, second = (
        official(number, "payment.approve", division="420200", department="财政局") for number in (951, 952)
    )
    with office.database.write() as session:
        proposed = service.propose_closing(
            session,
            principal=first,
            division="420200",
            fund_source="fiscal",
            year=2026,
            surplus="withdraw",
            now=office.now,
        ).id
    with office.database.write() as session:
        service.decide_closing(
            session, closing_id=proposed, principal=second, outcome="carry_out", now=office.now
        )
    advance: Act = lambda session: closing.advance(session, proposed, now=office.now)  # noqa: E731
    give_up = end(office)
    both(office, (BUDGET, advance), (PAYMENT, give_up))
