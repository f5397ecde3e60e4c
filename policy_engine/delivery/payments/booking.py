"""The books beside the lives of payments: each step that moves money is booked once, many payments at a time.

A budget's pockets are locked by whoever books in it until its transaction ends: book last, and the budgets of several
in one order for everybody.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from policy_engine.delivery.ledger import late
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.payments.models import Payment

Step = Literal["reserve", "instruct", "pay", "return", "return_paid", "release"]
_MOVES: dict[Step, tuple[ledger.Pocket, ledger.Pocket]] = {
    "reserve": ("available", "reserved"),
    "instruct": ("reserved", "instructed"),
    "pay": ("instructed", "paid"),
    "return": ("instructed", "reserved"),
    "return_paid": ("paid", "reserved"),
    "release": ("reserved", "available"),
}


def book(session: Session, payments: Sequence[Payment], step: Step, *, now: datetime) -> None:
    """Book one step of each, whatever budget it is in. Raises ``ShortOfFunds`` where there is less than was set aside."""
    by_budget: defaultdict[uuid.UUID, list[Payment]] = defaultdict(list)
    for payment in payments:
        if payment.budget_id is None:
            raise RuntimeError(f"payment {payment.id} has no budget to book {step} in")
        by_budget[payment.budget_id].append(payment)
    for budget_id in sorted(by_budget):
        if book_in(session, budget_id, by_budget[budget_id], step, now=now):
            raise ledger.ShortOfFunds(f"budget {budget_id} holds less than was set aside in it")


def book_steps(session: Session, steps: Mapping[Step, Sequence[Payment]], *, now: datetime) -> None:
    """Several steps in one transaction: a return wants the pocket that an order holds while it waits for that of the paid."""
    if len(steps) > 1:
        budgets = {
            one.budget_id for payments in steps.values() for one in payments if one.budget_id is not None
        }
        ledger_rows.lock_pockets(session, budgets, {pocket for step in steps for pocket in _MOVES[step]})
    for step in sorted(steps):
        book(session, steps[step], step, now=now)


def book_in(
    session: Session,
    budget_id: uuid.UUID,
    payments: Sequence[Payment],
    step: Step,
    *,
    is_in_order: bool = False,
    now: datetime,
) -> frozenset[str]:
    """The same within one budget; gives the references for which there was no money."""
    source, target = _MOVES[step]
    moves = [
        ledger.Movement(reference(one, step), one.amount_fen, one.id, one.account_id) for one in payments
    ]
    moved = ledger.move_many(
        session, budget_id, step, source, target, moves, is_in_order=is_in_order, now=now
    )
    return moved.short


def carry_over(session: Session, returned: Sequence[Payment], *, now: datetime) -> None:
    """What came back to a year that was closed meanwhile is set aside in the year that is open."""
    by_budget: defaultdict[uuid.UUID, list[Payment]] = defaultdict(list)
    for payment in returned:
        if payment.budget_id is not None:
            by_budget[payment.budget_id].append(payment)
    for budget_id in sorted(by_budget):
        moves = [
            ledger.Movement(f"{one.instruction_id}:late", one.amount_fen, one.id, one.account_id)
            for one in by_budget[budget_id]
        ]
        target = late.carry_promises(session, budget_id, moves, now=now)
        for payment in by_budget[budget_id]:
            payment.budget_id = target


def reference(payment: Payment, step: Step) -> str:
    """Once per payment (reserve, release) or per order (the rest)."""
    scope = payment.id.hex if step in ("reserve", "release") else payment.instruction_id
    return f"{scope}:{step}"
