"""Money that comes back to a year whose books were closed: it never stays there.

What is still somebody's (银行退票: the payee has not had it) is a promise of the old year and goes on in the next one, as
the closing carried the others (结转). What was asked back and repaid is nobody's any more: it is surplus of its year (结余)
and goes where the two seats that closed it sent the surplus: remitted to the treasury, which is the rule for fiscal money
that an earlier year had spent (以前年度支出收回,上缴国库,不得自行留用), or into the next year's money, which is the rule
for an insurance fund, whose surplus stays in the fund (社会保险法 Art. 69: 不得违规…用于平衡其他政府预算). Both are
movements of their own kinds, so that the closing's report can say what came after it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from policy_engine.delivery.ledger import repository
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import Budget

#: Out of the closed year to the treasury, or to the next year; and into the next year.
WITHDRAWN: Final = "late_withdraw"
CARRIED_OUT: Final = "late_carry_out"
CARRIED_IN: Final = "late_carry_in"


def carry_promises(
    session: Session, budget_id: uuid.UUID, returned: Sequence[ledger.Movement], *, now: datetime
) -> uuid.UUID:
    """What is set aside again goes into the year that is open now; its budget, the same one where it was not closed."""
    budget = session.get_one(Budget, budget_id)
    target = repository.open_successor(session, budget)
    if target.id == budget.id or not returned:
        return budget.id
    _move(session, budget, CARRIED_OUT, ("reserved", "appropriation"), returned, now=now)
    _move(session, target, CARRIED_IN, ("appropriation", "reserved"), returned, now=now)
    return target.id


def settle(session: Session, budget_id: uuid.UUID, repaid: ledger.Movement, *, now: datetime) -> None:
    """What became available goes the way of the year's surplus; whoever waits where it ends up is served."""
    budget = session.get_one(Budget, budget_id)
    closing = repository.last_closing(session, budget.division, budget.fund_source, budget.year)
    target = repository.open_successor(session, budget)
    if target.id != budget.id and closing is not None and closing.state == "done":
        if closing.surplus == "withdraw":
            _move(session, budget, WITHDRAWN, ("available", "appropriation"), [repaid], now=now)
            return
        _move(session, budget, CARRIED_OUT, ("available", "appropriation"), [repaid], now=now)
        _move(session, target, CARRIED_IN, ("appropriation", "available"), [repaid], now=now)
    ledger.ask_to_serve_waiting(session, target.id, now=now)


def _move(
    session: Session,
    budget: Budget,
    kind: str,
    way: tuple[ledger.Pocket, ledger.Pocket],
    moves: Sequence[ledger.Movement],
    *,
    now: datetime,
) -> None:
    """``late_carry_out`` and ``late_carry_in`` of one movement each have a reference of their own."""
    named = [one._replace(reference=f"{one.reference}:{kind.removeprefix('late_')}") for one in moves]
    if ledger.move_many(session, budget.id, kind, *way, named, now=now).short:
        raise ledger.ShortOfFunds(f"budget {budget.id} holds less than came back to it")
