"""Orders to a treasury that loses questions, loses answers, is down, and is asked again."""

from datetime import timedelta
from typing import Literal

import msgspec
import pytest

from kernel import notices
from kernel.outbox import Worker, dead_letters, enqueue
from policy_engine.delivery import service, views
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.jobs import BETWEEN_LOOKS
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import AwardState, PaymentState
from policy_engine.delivery.terms import Limit
from tests.policy_engine.delivery.city import FIRM, GRANDMOTHER, HIRING, Office, agent, decider, person


def worker_of(office: Office) -> Worker:
    handlers = dict(
        service.build_handlers(
            office.database, office.clock, office.house.vault, office.ports, office.treasury
        )
    )
    return Worker(office.database, office.clock, handlers)


def work(office: Office, rounds: int = 1, step: timedelta = BETWEEN_LOOKS) -> None:
    """Let the worker do what is due, ``rounds`` times, time passing in between."""
    worker = worker_of(office)
    for _ in range(rounds):
        worker.run_until_idle()
        office.clock.move(step)


def instructed(office: Office) -> Claim:
    claim = office.grant(office.claimed())
    office.approve()
    return claim


def payment_of(office: Office, claim: Claim) -> Payment:
    with office.database.read() as session:
        return session.query(Payment).filter_by(claim_id=claim.id).one()


def test_an_order_reaches_the_account_and_the_person_is_told(office: Office) -> None:
    budget = office.budget(1_000_000)
    claim = instructed(office)
    work(office, 2)
    assert payment_of(office, claim).state == PaymentState.TREASURY_ACCEPTED
    office.treasury.settle("sent_to_bank")
    work(office, 2)
    assert payment_of(office, claim).state == PaymentState.BANK_SENT
    office.treasury.settle("paid")
    work(office, 2)
    assert payment_of(office, claim).state == PaymentState.PAID
    with office.database.read() as session:
        letter = notices.inbox(session, GRANDMOTHER)[0]
        assert ("已到账" in letter.title, "100元" in letter.body) == (True, True)
        assert balances(session, budget.id)["paid"] == office.treasury.paid_fen() == 10_000
        assert service.defects(session) == []


@pytest.mark.parametrize("trouble", ["lost", "answer_lost", "down"])
def test_one_order_is_paid_once_whatever_is_lost(
    office: Office, trouble: Literal["lost", "answer_lost", "down"]
) -> None:
    office.budget(1_000_000)
    office.treasury.troubles = [trouble, trouble]
    claim = instructed(office)
    work(office, 6)
    office.treasury.settle("paid")
    work(office, 3)
    assert payment_of(office, claim).state == PaymentState.PAID
    assert (len(office.treasury.orders), office.treasury.paid_fen()) == (1, 10_000)


def test_after_a_lost_answer_the_treasury_is_asked_and_not_sent_again(office: Office) -> None:
    office.budget(1_000_000)
    office.treasury.troubles = ["answer_lost"]
    claim = instructed(office)
    work(office)
    assert office.treasury.submits == 1
    assert payment_of(office, claim).state == PaymentState.TREASURY_ACCEPTED


def test_a_crash_after_sending_asks_before_it_sends_again(office: Office) -> None:
    """The try is counted before the call, so that even a process that died in between asks by key first."""
    office.budget(1_000_000)
    claim = instructed(office)
    office.treasury.troubles = ["died"]
    work(office)
    work(office, 3)
    assert office.treasury.submits == 1
    assert payment_of(office, claim).state == PaymentState.TREASURY_ACCEPTED


def test_a_returned_payment_is_paid_again_under_a_new_key(office: Office) -> None:
    budget = office.budget(1_000_000)
    claim = instructed(office)
    work(office, 2)
    office.treasury.settle("returned")
    work(office, 2)
    returned = payment_of(office, claim)
    assert returned.state == PaymentState.RETURNED
    with office.database.read() as session:
        assert balances(session, budget.id)["reserved"] == 10_000
    other = office.account(GRANDMOTHER, "6222020999888877776")
    with office.database.write() as session:
        service.name_account(
            session,
            office.ports,
            award_id=returned.award_id,
            principal=person(GRANDMOTHER),
            account_id=other,
            now=office.now,
        )
    office.approve()
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    paid = payment_of(office, claim)
    assert (paid.state, paid.instruction_id) == ("paid", f"{paid.id.hex}-2")
    with office.database.read() as session:
        assert balances(session, budget.id)["paid"] == 10_000
        assert service.defects(session) == []


def test_an_old_answer_moves_nothing_back(office: Office) -> None:
    office.budget(1_000_000)
    claim = instructed(office)
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    for key in office.treasury.states:
        office.treasury.states[key] = "accepted"
    with office.database.write() as session:
        service.ask_soon(session, [payment_of(office, claim).instruction_id or ""], now=office.now)
    work(office, 2)
    assert payment_of(office, claim).state == PaymentState.PAID


def test_a_callback_makes_us_look_at_once(office: Office) -> None:
    office.budget(1_000_000)
    claim = instructed(office)
    worker_of(office).run_until_idle()
    office.treasury.settle("paid")
    with office.database.write() as session:
        service.ask_soon(session, [payment_of(office, claim).instruction_id or ""], now=office.now)
    worker_of(office).run_until_idle()
    assert payment_of(office, claim).state == PaymentState.PAID


def test_a_one_off_benefit_ends_with_its_payment_and_is_not_offered_again(office: Office) -> None:
    office.budget(1_000_000, "hiring", "quota")
    office.reconcile(office.effect("hiring", FIRM, 302))
    claim = office.confirm(office.offer("hiring", FIRM, 302), office.account(FIRM), agent(304, FIRM))
    office.act(claim, decider(), "grant")
    office.approve()
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    with office.database.read() as session:
        award = session.query(Award).filter_by(claim_id=claim.id).one()
        assert (award.state, award.end_reason) == (AwardState.ENDED, "completed")
    office.reconcile(office.effect("hiring", FIRM, 302, sequence=99))
    assert office.offer("hiring", FIRM, 302).state == "confirmed"
    office.reconcile(office.effect("hiring", 303, 302, sequence=99))
    with office.database.read() as session:
        rows = views.inbox_offers(session, office.ports, agent(1, 303), now=office.now)
    assert rows == []


def test_a_yearly_one_off_benefit_comes_again_next_year(office: Office) -> None:
    office.town.policies["hiring"] = msgspec.structs.replace(HIRING, limits=(Limit(per="year"),))
    office.budget(1_000_000, "hiring", "quota")
    office.reconcile(office.effect("hiring", FIRM))
    claim = office.confirm(office.offer("hiring", FIRM), office.account(FIRM), agent(304, FIRM))
    office.act(claim, decider(), "grant")
    office.approve()
    work(office, 2)
    office.treasury.settle("paid")
    work(office, 2)
    office.reconcile(office.effect("hiring", FIRM, sequence=50))
    assert office.offer("hiring", FIRM).state == "confirmed"
    office.clock.set(office.now.replace(year=2027, month=1))
    office.reconcile(office.effect("hiring", FIRM, sequence=51))
    assert office.offer("hiring", FIRM).state == "offered"


def test_money_that_arrives_later_serves_those_who_wait(office: Office) -> None:
    claim = office.grant(office.claimed())
    assert payment_of(office, claim).state == PaymentState.AWAITING_FUNDS
    office.budget(1_000_000)
    work(office)
    assert payment_of(office, claim).state == PaymentState.RESERVED


def test_the_calendar_makes_next_months_payment(office: Office) -> None:
    office.budget(1_000_000)
    office.grant(office.claimed())
    office.clock.set(office.now.replace(month=12, day=1))
    worker = worker_of(office)
    for _ in range(2):
        with office.database.write() as session:
            enqueue(session, "payment.due", "schedule:payment.due", {}, now=office.now)
        worker.run_until_idle()
    with office.database.read() as session:
        periods = [one.period for one in session.query(Payment).order_by(Payment.period)]
        assert dead_letters(session) == []
    assert periods == ["2026-11", "2026-12"]
