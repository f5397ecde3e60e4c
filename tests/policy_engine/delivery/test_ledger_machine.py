"""The books under random movements, many at a time and again and again, against a ledger of plain sums; on both databases."""

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kernel.house import House
from kernel.transparency.models import LogEntry
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import LedgerTransaction
from policy_engine.delivery.ledger.repository import balances

WAYS: tuple[tuple[ledger.Pocket, ledger.Pocket], ...] = (
    ("appropriation", "available"),
    ("available", "appropriation"),
    ("available", "reserved"),
    ("reserved", "available"),
    ("reserved", "instructed"),
    ("instructed", "reserved"),
    ("instructed", "paid"),
    ("paid", "reserved"),
    ("paid", "available"),
)


class Books(RuleBasedStateMachine):
    """``house`` is set by the test; each example has a budget of its own."""

    house: House

    @initialize(amount=st.integers(1, 500))
    def open(self, amount: int) -> None:
        self.model: Counter[str] = Counter({"appropriation": -amount, "available": amount})
        self.booked: set[str] = set()
        self.now = self.house.clock.now()
        with self.house.database.write() as session:
            budget = ledger.open_budget(
                session,
                policy_id=f"p-{uuid.uuid4().hex}",
                division="420200",
                year=2026,
                appropriation="A1",
                kind="entitlement",
                amount_fen=amount,
                now=self.now,
            )
            self.budget_id = budget.id

    @rule(
        way=st.sampled_from(WAYS),
        sums=st.lists(st.tuples(st.integers(0, 25), st.integers(1, 300)), min_size=1, max_size=6),
        is_in_order=st.booleans(),
        is_undone=st.booleans(),
    )
    def move(
        self,
        way: tuple[ledger.Pocket, ledger.Pocket],
        sums: list[tuple[int, int]],
        is_in_order: bool,
        is_undone: bool,
    ) -> None:
        """Many at once, some of them known; sometimes the transaction fails after the booking and leaves nothing."""
        source, target = way
        moves = [ledger.Movement(f"{self.budget_id.hex}:{number}", amount) for number, amount in sums]

        def book() -> ledger.Moved:
            with self.house.database.write() as session:
                moved = ledger.move_many(
                    session,
                    self.budget_id,
                    "any",
                    source,
                    target,
                    moves,
                    is_in_order=is_in_order,
                    now=self.now,
                )
                if is_undone:
                    raise ZeroDivisionError
                return moved

        self.now += timedelta(seconds=1)
        if is_undone:
            with pytest.raises(ZeroDivisionError):
                book()
            return
        new, short = self._expected(source, target, moves, is_in_order=is_in_order)
        assert book() == ledger.Moved(frozenset(new), frozenset(short))

    def _expected(
        self, source: str, target: str, moves: list[ledger.Movement], *, is_in_order: bool
    ) -> tuple[set[str], set[str]]:
        new: set[str] = set()
        short: set[str] = set()
        for one in moves:
            if one.reference in self.booked:
                continue
            lacks = source != "appropriation" and self.model[source] < one.amount_fen
            if lacks or (is_in_order and short):
                short.add(one.reference)
                continue
            self.model[source] -= one.amount_fen
            self.model[target] += one.amount_fen
            self.booked.add(one.reference)
            new.add(one.reference)
        return new, short

    @invariant()
    def the_pockets_hold_what_the_sums_say(self) -> None:
        if not hasattr(self, "budget_id"):
            return
        with self.house.database.read() as session:
            kept = balances(session, self.budget_id)
            moved = session.scalars(
                sa.select(LedgerTransaction.id).where(LedgerTransaction.budget_id == self.budget_id)
            ).all()
            logged = session.scalar(
                sa.select(sa.func.count()).where(LogEntry.record_id.in_(moved), LogEntry.kind == "payment")
            )
        assert kept == {pocket: self.model[pocket] for pocket in ledger.POCKETS}
        assert len(moved) == logged == len(self.booked) + 1
        assert all(amount >= 0 for pocket, amount in kept.items() if pocket != "appropriation")


def test_the_books_hold_on_both_databases(any_house: House) -> None:
    class Here(Books):
        house = any_house

        def teardown(self) -> None:
            """What each pocket holds is the sum of its entries, whatever came before."""
            with any_house.database.read() as session:
                found = ledger.repository.entry_sums(session, self.budget_id)
                assert found == balances(session, self.budget_id)

    found: Any = Here
    run_state_machine_as_test(
        found, settings=settings(max_examples=12, stateful_step_count=12, deadline=None)
    )
