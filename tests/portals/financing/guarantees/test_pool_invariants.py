"""Whatever is done in whatever order, the pool's books balance to the fen, and no cap is passed; also at once."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

import portals.tables
from kernel.database import Base
from kernel.errors import DongchuError
from kernel.house import House
from portals.financing.guarantees.pool import books, caps, compensation, repository
from portals.financing.guarantees.pool.models import Compensation, PoolTransaction
from tests.portals.financing.guarantees.stories import (
    BANK,
    GUARANTEE,
    GUARANTOR,
    NOW,
    OFFICER,
    PAPERS,
    compensated,
    overdue,
    pool_with,
)

assert portals.tables.METADATA is not None
WALKS = int(os.environ.get("DONGCHU_WALKS", "1"))


class PoolMachine(RuleBasedStateMachine):
    """Institutions and officer do what they like, as often as they like, also at once; refusals are fine, defects are not.

    One store serves all runs, its pool's tables empty at each beginning.
    """

    house: House
    losses = Bundle("losses")

    def __init__(self) -> None:
        super().__init__()
        with self.house.database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name.startswith(("financing_pool", "financing_comp")):
                    session.execute(sa.delete(table))
            self.pool = pool_with(session, 3_000_000, covered_fen=40_000_000)
        self.receipts = 0

    def attempt(self, act: Callable[[Session], object]) -> None:
        """In a transaction of its own; a refusal leaves nothing."""
        with suppress(DongchuError), self.house.database.write(timeout=60) as session:
            act(session)

    def twice_at_once(self, first: Callable[[Session], object], second: Callable[[Session], object]) -> None:
        barrier = Barrier(2)

        def one(act: Callable[[Session], object]) -> None:
            barrier.wait()
            self.attempt(act)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, (first, second)))

    @rule(target=losses, owed=st.integers(1, 5_000_000), guaranteed=st.booleans(), is_claimed=st.booleans())
    def request(self, owed: int, guaranteed: bool, is_claimed: bool) -> Compensation:
        """Half of them are claimed in the same breath, so that runs reach the money."""
        loan = overdue(owed, guarantor=GUARANTOR if guaranteed else None)
        with self.house.database.write() as session:
            one = compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
        if is_claimed:
            self.attempt(lambda session: compensation.compensate(session, one.id, by=GUARANTEE, now=NOW))
            self.attempt(self._claim(one))
        return one

    @rule(one=losses)
    def compensate(self, one: Compensation) -> None:
        self.attempt(lambda session: compensation.compensate(session, one.id, by=GUARANTEE, now=NOW))

    def _claim(self, one: Compensation) -> Callable[[Session], object]:
        by = GUARANTEE if one.guarantor_code else BANK
        return lambda session: compensation.claim(session, one.id, by=by, now=NOW)

    def _pay(self, one: Compensation) -> Callable[[Session], object]:
        return lambda session: compensation.pay(session, one.id, by=OFFICER, now=NOW)

    @rule(one=losses)
    def claim(self, one: Compensation) -> None:
        self.attempt(self._claim(one))

    @rule(one=losses, other=losses)
    def claim_at_once(self, one: Compensation, other: Compensation) -> None:
        self.twice_at_once(self._claim(one), self._claim(other))

    @rule(one=losses, other=losses)
    def pay_at_once(self, one: Compensation, other: Compensation) -> None:
        self.twice_at_once(self._pay(one), self._pay(other))

    @rule(one=losses)
    def refuse_claim(self, one: Compensation) -> None:
        self.attempt(
            lambda session: compensation.refuse_claim(session, one.id, "材料不齐全", by=OFFICER, now=NOW)
        )

    @rule(one=losses)
    def pay(self, one: Compensation) -> None:
        self.attempt(self._pay(one))

    @rule(
        one=losses, amount=st.integers(-5, 5_000_000), is_old_receipt=st.booleans(), is_at_once=st.booleans()
    )
    def recover(self, one: Compensation, amount: int, is_old_receipt: bool, is_at_once: bool) -> None:
        self.receipts += not is_old_receipt
        by, receipt = GUARANTEE if one.guarantor_code else BANK, f"HK-{self.receipts}"

        def give(session: Session) -> None:
            compensation.recover(session, one.id, amount, receipt, by=by, now=NOW)

        if is_at_once:
            self.twice_at_once(give, give)
        else:
            self.attempt(give)

    @rule(one=losses)
    def write_off(self, one: Compensation) -> None:
        self.attempt(
            lambda session: compensation.write_off(session, one.id, "无可供执行财产", by=OFFICER, now=NOW)
        )

    @rule(amount=st.integers(1, 1_000_000), turn=st.integers(1, 3))
    def put_in(self, amount: int, turn: int) -> None:
        self.attempt(
            lambda session: caps.put_in(session, self.pool, amount, f"PZ-{turn}", by=OFFICER, now=NOW)
        )

    @rule(covered=st.integers(1, 60_000_000))
    def approve(self, covered: int) -> None:
        self.attempt(
            lambda session: caps.approve(
                session, self.pool, "dongchu-bank", 2026, covered, by=OFFICER, now=NOW
            )
        )

    @invariant()
    def everything_promised_of_it_holds(self) -> None:
        with self.house.database.read() as session:
            rows = repository.compensations(session)
            balances = repository.balances(session, self.pool.id)
            assert books.defects(session) == []
            self.nothing_is_lost_or_made(rows, balances)
            self.no_cap_is_passed(session, balances)
            self.nothing_is_paid_twice(session)

    def nothing_is_lost_or_made(self, rows: Sequence[Compensation], balances: Mapping[str, int]) -> None:
        borne = [one for one in rows if one.state in ("paid", "recovery", "shared")]
        parties = ("bank", "guarantor", "pool", "city")
        assert sum(sum(one.borne.values()) for one in borne) == sum(
            balances[f"borne_{party}"] for party in parties
        )
        assert all(sum(one.borne.values()) + one.recovered_fen == one.loss_fen for one in borne)

    def no_cap_is_passed(self, session: Session, balances: Mapping[str, int]) -> None:
        (cap,) = repository.caps(session)
        assert cap.used_fen == balances["claimed"] + balances["paid"] + balances["spent"]
        assert cap.used_fen <= cap.cap_fen

    def nothing_is_paid_twice(self, session: Session) -> None:
        found = session.scalars(
            sa.select(PoolTransaction.object_id).where(PoolTransaction.kind == "pay")
        ).all()
        assert len(found) == len(set(found))


@pytest.mark.timeout(600 * WALKS)
def test_whatever_is_done_the_books_hold(any_house: House) -> None:
    machine = type("Here", (PoolMachine,), {"house": any_house, "__test__": False})
    examples = 6 if any_house.database.is_sqlite else 3
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples * WALKS, stateful_step_count=25, deadline=None)
    )


@pytest.fixture
def stocked(any_house: House) -> tuple[House, list[Compensation]]:
    """A cap for the pool's part of three of eight losses that wait to be claimed."""
    with any_house.database.write() as session:
        pool_with(session, 10_000_000_00, covered_fen=12_000_000_00)
        waiting = [compensated(session, overdue(1_000_000_00)) for _ in range(8)]
    return any_house, waiting


def test_claims_at_once_never_pass_the_cap(stocked: tuple[House, list[Compensation]]) -> None:
    house, waiting = stocked
    barrier = Barrier(len(waiting))

    def claim(one: Compensation) -> str:
        barrier.wait()
        with house.database.write(timeout=60) as session:
            return compensation.claim(session, one.id, by=GUARANTEE, now=NOW)

    with ThreadPoolExecutor(len(waiting)) as workers:
        outcomes = list(workers.map(claim, waiting))
    assert sorted(outcomes) == ["cap_reached"] * 5 + ["claimed"] * 3
    with house.database.read() as session:
        (cap,) = repository.caps(session)
        assert cap.used_fen == cap.cap_fen == 600_000_00
        assert books.defects(session) == []


def test_one_claim_is_paid_once_however_many_pay(stocked: tuple[House, list[Compensation]]) -> None:
    house, (one, *_) = stocked
    with house.database.write() as session:
        compensation.claim(session, one.id, by=GUARANTEE, now=NOW)
    barrier = Barrier(6)

    def pay(_turn: int) -> bool:
        barrier.wait()
        with suppress(DongchuError), house.database.write(timeout=60) as session:
            compensation.pay(session, one.id, by=OFFICER, now=NOW)
            return True
        return False

    with ThreadPoolExecutor(6) as workers:
        assert sum(workers.map(pay, range(6))) == 1
    with house.database.read() as session:
        pool = repository.pools(session)[0]
        assert repository.balances(session, pool.id)["paid"] == 200_000_00
        assert books.defects(session) == []
