"""The same moment, many hands: on SQLite and on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from kernel.errors import DongchuError
from policy_engine.delivery import service
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ledger.repository import balances
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from tests.policy_engine.delivery.city import (
    BABY,
    FATHER,
    FIRM,
    MOTHER,
    Office,
    agent,
    decider,
    finance,
    official,
)

HANDS = 8
Result = TypeVar("Result")


def together(work: Callable[[int], Result], hands: int = HANDS) -> list[Result | DongchuError]:
    """Run ``work`` in many threads that start at one moment; a refusal is a result."""
    barrier = Barrier(hands)

    def one(number: int) -> Result | DongchuError:
        barrier.wait()
        try:
            return work(number)
        except DongchuError as refusal:
            return refusal

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, range(hands)))


def test_eight_taps_on_one_offer_make_one_claim(any_office: Office) -> None:
    any_office.reconcile(any_office.effect())
    account_id = any_office.account()
    offer = any_office.offer()
    results = together(lambda _: any_office.confirm(offer, account_id).id)
    assert len(set(results)) == 1
    with any_office.database.read() as session:
        assert session.query(Claim).count() == 1


def test_both_parents_at_one_moment_make_one_claim(any_office: Office) -> None:
    for parent in (MOTHER, FATHER):
        any_office.reconcile(any_office.effect("childcare", parent, BABY))
    accounts = {
        parent: any_office.account(parent, f"6222020111222{parent:06d}") for parent in (MOTHER, FATHER)
    }
    with any_office.database.read() as session:
        found = {parent: offers.find_offer(session, "childcare", parent, BABY) for parent in (MOTHER, FATHER)}

    def tap(number: int) -> Claim:
        parent = (MOTHER, FATHER)[number % 2]
        offer = found[parent]
        assert offer is not None
        return any_office.confirm(offer, accounts[parent])

    results = together(tap)
    claims = {result.id for result in results if isinstance(result, Claim)}
    assert len(claims) == 1
    with any_office.database.read() as session:
        assert session.query(Claim).count() == 1


def test_racing_decisions_never_overspend_a_quota(any_office: Office) -> None:
    budget = any_office.budget(350_000, "hiring", "quota")
    account_id = any_office.account(FIRM)
    claims = []
    for unit_id in range(1001, 1001 + HANDS):
        any_office.reconcile(any_office.effect("hiring", FIRM, unit_id))
        claims.append(
            any_office.confirm(any_office.offer("hiring", FIRM, unit_id), account_id, agent(304, FIRM))
        )
    results = together(lambda number: any_office.act(claims[number], decider(), "grant").state)
    assert results == ["granted"] * HANDS
    with any_office.database.read() as session:
        states = sorted(payment.state for payment in session.query(Payment))
        assert states == ["reserved"] * 3 + ["waitlisted"] * 5
        assert balances(session, budget.id)["reserved"] == 300_000
        assert service.defects(session) == []


def test_the_same_decision_at_one_moment_is_made_once(any_office: Office) -> None:
    any_office.budget(1_000_000, "hiring", "quota")
    any_office.reconcile(any_office.effect("hiring", FIRM, 302))
    claim = any_office.confirm(
        any_office.offer("hiring", FIRM, 302), any_office.account(FIRM), agent(304, FIRM)
    )
    results = together(lambda number: any_office.act(claim, decider(800 + number), "grant"))
    assert sum(isinstance(result, Claim) for result in results) == 1
    with any_office.database.read() as session:
        assert session.query(Payment).count() == 1


def test_two_finance_officers_at_one_moment_instruct_each_payment_once(any_office: Office) -> None:
    budget = any_office.budget(1_000_000)
    any_office.grant(any_office.claimed())

    def approve(number: int) -> int:
        principal = finance() if number % 2 else official(850, "payment.approve")
        with any_office.database.write() as session:
            return service.approve_batch(
                session, any_office.ports, principal=principal, now=any_office.now
            ).payment_count

    results = together(approve)
    assert sum(result for result in results if isinstance(result, int)) == 1
    with any_office.database.read() as session:
        assert balances(session, budget.id)["instructed"] == 10_000
        assert service.defects(session) == []


def test_monthly_payments_made_by_many_workers_are_made_once(any_office: Office) -> None:
    any_office.budget(1_000_000)
    for subject_id in range(701, 705):
        any_office.grant(any_office.claimed(subject_id=subject_id))
    any_office.clock.set(any_office.now.replace(month=12, day=1))

    def run(_: int) -> int:
        with any_office.database.write() as session:
            return service.create_due_payments(
                session, any_office.ports, until=any_office.clock.today(), now=any_office.now
            )

    assert not [result for result in together(run, 4) if isinstance(result, DongchuError)]
    with any_office.database.read() as session:
        assert session.query(Payment).filter_by(period="2026-12").count() == 4
        assert service.defects(session) == []


@pytest.mark.parametrize("times", [2, 6])
def test_the_same_matches_at_one_moment_make_one_offer(any_office: Office, times: int) -> None:
    any_office.reconcile(any_office.effect(sequence=1))
    together(lambda number: any_office.reconcile(any_office.effect(sequence=10 + number)), times)
    assert any_office.offer().sequence == 9 + times
