"""All SQL of the line in which payments wait for money.

A line belongs to one authority's fund for one policy, whatever the year: whom this year's money did not reach is not
asked again, but served first by whatever money comes next, an addition to this year's budget or, from its first day on,
the budget of the next (预算法 Art. 18: a budget year runs from 1 January to 31 December, so next year's money is not
spent in this one). An entitlement's line is in the order of waiting, a quota's in the order of decision.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.bulk import among
from kernel.prepared import Prepared
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.ledger.models import Budget, LedgerAccount
from policy_engine.delivery.payments.locking import lock_chosen, lock_numbers
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import PaymentState

WAITING = (PaymentState.DUE, PaymentState.AWAITING_FUNDS, PaymentState.WAITLISTED)
#: Tried once already; what is only just due asks for the first time.
_STANDS = (PaymentState.AWAITING_FUNDS, PaymentState.WAITLISTED)
# Built once, and asked of whatever falls due: mostly nobody waits. The states are part of the statement and no values of
# it, or PostgreSQL, once it plans for any value, takes them for common ones and goes through all payments of the policy.
_PAYMENT = cast(sa.Table, Payment.__table__)
_IN_LINE = [sa.literal_column(f"'{state.value}'", sa.String()) for state in _STANDS]
_WAITS_AT_ALL = Prepared(
    sa.select(
        sa.exists().where(_PAYMENT.c.policy_id == sa.bindparam("policy_id"), _PAYMENT.c.state.in_(_IN_LINE))
    ),
    flushes=False,
)
_BY_DECISION = (Payment.decided_at, Payment.due_on, Payment.id)
#: A payment falls due, is tried and waits in one moment.
_BY_WAITING = (Payment.created_at, Payment.decided_at, Payment.due_on, Payment.id)


def lock_waiting(session: Session, budget: Budget, limit: int, *, today: date) -> list[Payment]:
    """Whose turn it is when a budget has money, in the order of its line, and the awards behind them."""
    statement = sa.select(Payment).where(_is_served_by(budget, today))
    return lock_chosen(session, statement.order_by(*_order(budget.kind)).limit(limit))


def has_waiting(session: Session, budget: Budget, *, today: date) -> bool:
    """Whether somebody stands in a budget's line already. What is only just due, and not written yet, does not."""
    if not _WAITS_AT_ALL.scalar(session, {"policy_id": budget.policy_id}):
        return False
    stands = sa.and_(Payment.state.in_(_STANDS), _is_served_by(budget, today))
    return session.scalar(sa.select(sa.exists().where(stands)).execution_options(autoflush=False)) or False


def still_waits(session: Session, policy_id: str, division: str, year: int) -> bool:
    """Whether anybody of exactly this place waits for what fell due in this year."""
    statement = sa.exists().where(
        Payment.state.in_(WAITING),
        Payment.policy_id == policy_id,
        Payment.division == division,
        Payment.due_on.between(*_days_of(year)),
    )
    return session.scalar(sa.select(statement)) or False


def move_waiting(session: Session, budget_id: uuid.UUID, to: uuid.UUID) -> int:
    """Who waits for a budget's money waits for another's from now on; how many that are."""
    waiting = sa.and_(Payment.budget_id == budget_id, Payment.state.in_(WAITING))
    found = lock_numbers(session, sa.select(Payment.id).where(waiting))
    session.execute(sa.update(Payment).where(among(session, Payment.id, found)).values(budget_id=to))
    return len(found)


def position(session: Session, payment: Payment) -> int | None:
    """Which place in its line a payment has, from 1; none where no authority has opened a budget yet."""
    return positions(session, [payment]).get(payment.id)


def positions(session: Session, payments: Iterable[Payment]) -> dict[uuid.UUID, int]:
    """The same for many: each line is counted through once, however many of it are asked about."""
    asked: defaultdict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for payment in payments:
        if payment.budget_id is not None and payment.state in WAITING:
            asked[payment.budget_id].append(payment.id)
    found: dict[uuid.UUID, int] = {}
    for budget_id, numbers in asked.items():
        budget = session.get_one(Budget, budget_id)
        place = sa.func.row_number().over(order_by=_order(budget.kind)).label("place")
        in_line = sa.select(Payment.id.label("id"), place).where(
            Payment.budget_id.in_(_of_the_line(budget)), Payment.state.in_(WAITING)
        )
        line = in_line.subquery()
        rows = session.execute(sa.select(line.c.id, line.c.place).where(line.c.id.in_(numbers)))
        found |= {row.id: int(row.place) for row in rows}
    return found


def budgets_begun_with_a_line(session: Session, year: int) -> list[uuid.UUID]:
    """Budgets of a year that have money while somebody still waits for the same policy since a year before."""
    has_money = sa.exists().where(
        LedgerAccount.budget_id == Budget.id, LedgerAccount.name == "available", LedgerAccount.balance_fen > 0
    )
    waits = sa.exists().where(
        Payment.state.in_(WAITING),
        Payment.policy_id == Budget.policy_id,
        Payment.due_on < _days_of(year)[0],
    )
    statement = sa.select(Budget.id).where(Budget.year == year, Budget.closed_at.is_(None), has_money, waits)
    return list(session.scalars(statement.order_by(Budget.id)))


def _is_served_by(budget: Budget, today: date) -> sa.ColumnElement[bool]:
    """Waits for this budget; or for any, in its place; or for an earlier one of the same line, once its year runs."""
    first, last = _days_of(budget.year)
    for_any = sa.and_(Payment.budget_id.is_(None), Payment.due_on <= last)
    whose = [Payment.budget_id == budget.id]
    if budget.year <= today.year:
        whose += [for_any, Payment.budget_id.in_(_of_the_line(budget, before=budget.year))]
    else:
        whose += [sa.and_(for_any, Payment.due_on >= first)]
    return sa.and_(
        Payment.policy_id == budget.policy_id,
        Payment.state.in_(WAITING),
        Payment.division.between(*bounds_of(budget.division)),
        sa.or_(*whose),
    )


def _of_the_line(budget: Budget, before: int | None = None) -> sa.Select[uuid.UUID]:
    statement = sa.select(Budget.id).where(
        Budget.policy_id == budget.policy_id,
        Budget.division == budget.division,
        Budget.fund_source == budget.fund_source,
    )
    return statement if before is None else statement.where(Budget.year < before)


def _order(kind: str) -> tuple[InstrumentedAttribute[Any], ...]:
    return _BY_DECISION if kind == "quota" else _BY_WAITING


def _days_of(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)
