"""Whatever is done in whatever order, the pool's books balance to the fen, and no cap is passed; also at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
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
_TABLES = [
    table
    for name, table in Base.metadata.tables.items()
    if name.startswith(("financing_pool", "financing_comp"))
]
_TABLES += [
    Base.metadata.tables[name]
    for name in ("number_series", "audit_event", "department", "division", "seat", "seat_holding")
]


class PoolMachine(RuleBasedStateMachine):
    """Institutions and officer do what they like, as often as they like; refusals are fine, defects are not."""

    losses = Bundle("losses")

    def __init__(self) -> None:
        super().__init__()
        self.engine = sa.create_engine("sqlite://")
        Base.metadata.create_all(self.engine, tables=_TABLES)
        self.session = Session(self.engine, expire_on_commit=False)
        self.pool = pool_with(self.session, 3_000_000, covered_fen=40_000_000)
        self.receipts = 0

    def teardown(self) -> None:
        self.session.close()
        self.engine.dispose()

    def attempt(self, act: Callable[[], object]) -> None:
        with suppress(DongchuError), self.session.begin_nested():
            act()

    @rule(target=losses, owed=st.integers(1, 5_000_000), guaranteed=st.booleans())
    def request(self, owed: int, guaranteed: bool) -> Compensation:
        loan = overdue(owed, guarantor=GUARANTOR if guaranteed else None)
        return compensation.request(self.session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)

    @rule(one=losses)
    def compensate(self, one: Compensation) -> None:
        self.attempt(lambda: compensation.compensate(self.session, one.id, by=GUARANTEE, now=NOW))

    @rule(one=losses)
    def claim(self, one: Compensation) -> None:
        by = GUARANTEE if one.guarantor_code else BANK
        self.attempt(lambda: compensation.claim(self.session, one.id, by=by, now=NOW))

    @rule(one=losses)
    def refuse_claim(self, one: Compensation) -> None:
        self.attempt(
            lambda: compensation.refuse_claim(self.session, one.id, "材料不齐全", by=OFFICER, now=NOW)
        )

    @rule(one=losses)
    def pay(self, one: Compensation) -> None:
        self.attempt(lambda: compensation.pay(self.session, one.id, by=OFFICER, now=NOW))

    @rule(one=losses, amount=st.integers(-5, 5_000_000), is_old_receipt=st.booleans())
    def recover(self, one: Compensation, amount: int, is_old_receipt: bool) -> None:
        self.receipts += not is_old_receipt
        by, receipt = GUARANTEE if one.guarantor_code else BANK, f"HK-{self.receipts}"
        self.attempt(lambda: compensation.recover(self.session, one.id, amount, receipt, by=by, now=NOW))

    @rule(one=losses)
    def write_off(self, one: Compensation) -> None:
        self.attempt(
            lambda: compensation.write_off(self.session, one.id, "无可供执行财产", by=OFFICER, now=NOW)
        )

    @rule(amount=st.integers(1, 1_000_000), turn=st.integers(1, 3))
    def put_in(self, amount: int, turn: int) -> None:
        self.attempt(lambda: caps.put_in(self.session, self.pool, amount, f"PZ-{turn}", by=OFFICER, now=NOW))

    @rule(covered=st.integers(1, 60_000_000))
    def approve(self, covered: int) -> None:
        self.attempt(
            lambda: caps.approve(self.session, self.pool, "dongchu-bank", 2026, covered, by=OFFICER, now=NOW)
        )

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        assert books.defects(self.session) == []
        rows = repository.compensations(self.session)
        balances = repository.balances(self.session, self.pool.id)
        borne = sum(sum(one.borne.values()) for one in rows if one.state in ("paid", "recovery", "shared"))
        assert borne == sum(balances[f"borne_{party}"] for party in ("bank", "guarantor", "pool", "city"))
        assert all(
            sum(one.borne.values()) + one.recovered_fen == one.loss_fen
            for one in rows
            if one.state in ("paid", "recovery", "shared")
        )

    @invariant()
    def no_cap_is_passed(self) -> None:
        (cap,) = repository.caps(self.session)
        balances = repository.balances(self.session, self.pool.id)
        assert cap.used_fen == balances["claimed"] + balances["paid"] + balances["spent"]
        assert cap.used_fen <= cap.cap_fen

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        paid = sa.select(PoolTransaction.object_id).where(PoolTransaction.kind == "pay")
        found = self.session.scalars(paid).all()
        assert len(found) == len(set(found))


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)


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
