"""All SQL of payments and batches."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import among
from kernel.database import lock
from kernel.prepared import Prepared, PreparedObjects
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims.models import StageDecision
from policy_engine.delivery.payments.line import WAITING
from policy_engine.delivery.payments.locking import lock_chosen, lock_numbers
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.states import HOLDS_RESERVATION, IN_FLIGHT, NOT_YET_INSTRUCTED, PaymentState
from policy_engine.policies.document import LimitScope

#: A run in one of these keeps what is in it.
OPEN_RUN = ("planned", "sending", "stopped")
#: Due, and no money set aside yet.


# Built once: every order on its way asks them.
_ORDERS_AMONG = Prepared(
    sa.select(Payment.instruction_id)
    .where(
        Payment.instruction_id.in_(sa.bindparam("instruction_ids", expanding=True)),
        Payment.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(Payment.id)
)
_PRESENT = (
    sa.select(Payment)
    .where(
        Payment.id.in_(sa.bindparam("payment_ids", expanding=True)),
        Payment.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(Payment.id)
)
_ORDERS = PreparedObjects(_PRESENT)
_LOCKED_ORDERS = PreparedObjects(_PRESENT.with_for_update().execution_options(populate_existing=True))
_IS_COVERED = Prepared(
    sa.select(
        sa.exists().where(
            Payment.policy_id == sa.bindparam("policy_id"),
            Payment.unit_id == sa.bindparam("unit_id"),
            Payment.period == sa.bindparam("period"),
            Payment.kind == "regular",
            Payment.state != PaymentState.CANCELLED,
        )
    )
)


def lock_payment(session: Session, payment_id: uuid.UUID) -> Payment | None:
    return lock(session, Payment, payment_id)


def get_payment(session: Session, payment_id: uuid.UUID) -> Payment | None:
    return session.get(Payment, payment_id)


def by_instructions(session: Session, instruction_ids: Collection[str]) -> list[tuple[uuid.UUID, str]]:
    """(payment, instruction) of those that are present orders, by payment."""
    statement = sa.select(Payment.id, Payment.instruction_id).where(
        Payment.instruction_id.in_(sorted(instruction_ids))
    )
    found = session.execute(statement.order_by(Payment.id))
    return [(row.id, row.instruction_id) for row in found if row.instruction_id is not None]


def orders_among(
    session: Session, instruction_ids: Collection[str], states: Collection[PaymentState]
) -> list[str]:
    """The present orders among these whose payments are in one of ``states``."""
    found = _ORDERS_AMONG.scalars(
        session, {"instruction_ids": sorted(instruction_ids), "states": sorted(states)}
    )
    return [one for one in found if one is not None]


def orders_in(
    session: Session, orders: Mapping[uuid.UUID, str], states: Collection[PaymentState]
) -> list[Payment]:
    """The payments of which these are still the present orders, in one of ``states``."""
    return _present(session, _ORDERS, orders, states)


def lock_orders(
    session: Session, orders: Mapping[uuid.UUID, str], states: Collection[PaymentState]
) -> list[Payment]:
    """The same, locked in order."""
    return _present(session, _LOCKED_ORDERS, orders, states)


def _present(
    session: Session,
    statement: PreparedObjects[Payment],
    orders: Mapping[uuid.UUID, str],
    states: Collection[PaymentState],
) -> list[Payment]:
    rows = statement.all(session, {"payment_ids": list(orders), "states": list(states)})
    return [one for one in rows if one.instruction_id == orders[one.id]]


def covered_among(
    session: Session, policy_id: str, unit_ids: Collection[int], periods: Collection[str]
) -> set[tuple[int, str]]:
    """(unit, period) of those that have a payment already, under whichever award."""
    statement = sa.select(Payment.unit_id, Payment.period).where(
        Payment.policy_id == policy_id,
        Payment.unit_id.in_(sorted(unit_ids)),
        Payment.period.in_(sorted(periods)),
        Payment.kind == "regular",
        Payment.state != PaymentState.CANCELLED,
    )
    return {(row.unit_id, row.period) for row in session.execute(statement)}


def is_covered(session: Session, policy_id: str, unit_id: int, period: str) -> bool:
    """Whether the period of this unit has a payment already, under whichever award."""
    return bool(_IS_COVERED.scalar(session, {"policy_id": policy_id, "unit_id": unit_id, "period": period}))


def count_further(session: Session, policy_id: str, unit_id: int, period: str, kind: str) -> int:
    """How many payments of a kind (top_up, refund) a period has beside its regular one."""
    statement = sa.select(sa.func.count()).where(
        Payment.policy_id == policy_id,
        Payment.unit_id == unit_id,
        Payment.period == period,
        Payment.kind.startswith(kind, autoescape=True),
        Payment.state != PaymentState.CANCELLED,
    )
    return session.scalar(statement) or 0


def regular_payments_on(session: Session, policy_ids: Collection[str], unit_id: int) -> list[Payment]:
    """Payments to the unit under any of these policies that were not given up."""
    statement = sa.select(Payment).where(
        Payment.policy_id.in_(sorted(policy_ids)),
        Payment.unit_id == unit_id,
        Payment.kind == "regular",
        Payment.state != PaymentState.CANCELLED,
    )
    return list(session.scalars(statement.order_by(Payment.period_starts_on, Payment.id)))


def times_paid(
    session: Session,
    policy_id: str,
    scope: LimitScope,
    numbers: Collection[int],
    window: tuple[date, date],
) -> dict[int, int]:
    """How many periods of the window each unit or subject is paid for, whatever was given up aside."""
    number = Payment.unit_id if scope == "unit" else Payment.subject_id
    statement = (
        sa.select(number.label("number"), sa.func.count().label("times"))
        .where(
            Payment.policy_id == policy_id,
            among(session, number, numbers),
            Payment.kind == "regular",
            *_counts_within(window),
        )
        .group_by(number)
    )
    return {row.number: row.times for row in session.execute(statement)}


def paid_to_unit(
    session: Session, policy_ids: Collection[str], unit_id: int, window: tuple[date, date]
) -> int:
    """Fen for periods of the window under these policies, arrears included, paid or on their way."""
    return _paid(session, policy_ids, Payment.unit_id == unit_id, window)


def paid_to_subjects(
    session: Session, policy_ids: Collection[str], subject_ids: Collection[int], window: tuple[date, date]
) -> int:
    return _paid(session, policy_ids, Payment.subject_id.in_(sorted(subject_ids)), window)


def _paid(
    session: Session, policy_ids: Collection[str], whose: sa.ColumnElement[bool], window: tuple[date, date]
) -> int:
    statement = sa.select(sa.func.coalesce(sa.func.sum(Payment.amount_fen), 0)).where(
        Payment.policy_id.in_(sorted(policy_ids)),
        whose,
        # What was asked back and repaid still counts with its payment: its refund is not paid a second time.
        Payment.kind.not_like("refund%"),
        *_counts_within(window),
    )
    return int(session.scalar(statement) or 0)


def _counts_within(window: tuple[date, date]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Payment.state != PaymentState.CANCELLED,
        Payment.period_starts_on >= window[0],
        Payment.period_starts_on < window[1],
    )


def payments_of_award(session: Session, award_id: uuid.UUID) -> list[Payment]:
    """The newest period first."""
    statement = sa.select(Payment).where(Payment.award_id == award_id)
    return list(session.scalars(statement.order_by(Payment.due_on.desc(), Payment.id.desc())))


def payments_of_awards(session: Session, award_ids: Collection[uuid.UUID]) -> list[Payment]:
    """Those of many awards, the newest period first."""
    statement = sa.select(Payment).where(among(session, Payment.award_id, award_ids))
    return list(session.scalars(statement.order_by(Payment.due_on.desc(), Payment.id.desc())))


def payments_of(session: Session, subject_ids: Iterable[int]) -> list[Payment]:
    statement = sa.select(Payment).where(Payment.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Payment.due_on.desc(), Payment.id.desc())))


def lock_not_instructed(session: Session, award_id: uuid.UUID) -> list[Payment]:
    """What can still be stopped, as it is now: nothing that has left the house. The award's row is locked."""
    statement = sa.select(Payment).where(Payment.award_id == award_id, Payment.state.in_(NOT_YET_INSTRUCTED))
    locking = statement.order_by(Payment.id).with_for_update()
    return list(session.scalars(locking.execution_options(populate_existing=True)))


def lock_ready(
    session: Session,
    division: str,
    *,
    payment_ids: Iterable[uuid.UUID] | None,
    period: str | None,
    limit: int,
) -> list[Payment]:
    """Reserved payments of a division that nobody holds, in the order of their ids, and the awards behind them."""
    first, last = bounds_of(division)
    values: dict[str, object] = {"first": first, "last": last, "limit": limit}
    if payment_ids is not None:
        values["ids"] = list(payment_ids)
    if period is not None:
        values["period"] = period
    return lock_chosen(session, _ready(payment_ids is not None, period is not None), values)


@lru_cache
def _ready(is_named: bool, is_of_period: bool) -> sa.Select[Payment]:
    statement = sa.select(Payment).where(
        Payment.state == PaymentState.RESERVED,
        Payment.is_held.is_(False),
        Payment.division.between(sa.bindparam("first"), sa.bindparam("last")),
        _is_outside_runs(),
    )
    if is_named:
        statement = statement.where(Payment.id.in_(sa.bindparam("ids", expanding=True)))
    if is_of_period:
        statement = statement.where(Payment.period == sa.bindparam("period"))
    return statement.order_by(Payment.id).limit(sa.bindparam("limit", type_=sa.Integer))


def lock_held_in(session: Session, budget_id: uuid.UUID, limit: int) -> list[Payment]:
    """Payments for which money of a budget is set aside, the next few, and the awards behind them."""
    statement = sa.select(Payment).where(
        Payment.budget_id == budget_id, Payment.state.in_([*HOLDS_RESERVATION])
    )
    return lock_chosen(session, statement.order_by(Payment.id).limit(limit))


def count_held_and_waiting(session: Session, budget_id: uuid.UUID) -> tuple[int, int]:
    """How many payments hold money of a budget, and how many wait for it."""
    statement = sa.select(
        sa.func.count().filter(Payment.state.in_([*HOLDS_RESERVATION])),
        sa.func.count().filter(Payment.state.in_(WAITING)),
    ).where(Payment.budget_id == budget_id)
    row = session.execute(statement).one()
    return int(row[0]), int(row[1])


def lock_for_run(
    session: Session,
    division: str,
    policy_id: str,
    period: str,
    *,
    official_id: int,
    concerned: Collection[int],
) -> list[uuid.UUID]:
    """The numbers of every reserved payment that fits into a run.

    Without those an official acted on or is concerned in: who decides does not pay (公务员法 Art. 76).
    """
    acted_on = sa.exists().where(
        StageDecision.claim_id == Payment.claim_id, StageDecision.official_id == official_id
    )
    fits = sa.and_(
        Payment.state == PaymentState.RESERVED,
        Payment.is_held.is_(False),
        Payment.policy_id == policy_id,
        Payment.period == period,
        Payment.division.between(*bounds_of(division)),
        ~acted_on,
        Payment.subject_id.not_in(concerned),
        Payment.unit_id.not_in(concerned),
        sa.or_(Payment.payee_id.is_(None), Payment.payee_id.not_in(concerned)),
        _is_outside_runs(),
    )
    return lock_numbers(session, sa.select(Payment.id).where(fits))


def gather(session: Session, batch: PaymentBatch, payment_ids: Collection[uuid.UUID]) -> tuple[int, int]:
    """Put payments, which are locked, into a run, but for those that another took first; how many, and their sum."""
    these = sa.and_(among(session, Payment.id, payment_ids), _is_outside_runs())
    session.execute(sa.update(Payment).where(these).values(batch_id=batch.id))
    found = session.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Payment.amount_fen), 0)).where(
            Payment.batch_id == batch.id
        )
    ).one()
    return int(found[0]), int(found[1])


def let_go(session: Session, batch_id: uuid.UUID) -> int:
    """Take what has not left out of a run; how many that were."""
    waiting = sa.and_(Payment.batch_id == batch_id, Payment.state == PaymentState.RESERVED)
    found = lock_numbers(session, sa.select(Payment.id).where(waiting))
    session.execute(sa.update(Payment).where(among(session, Payment.id, found)).values(batch_id=None))
    return len(found)


def lock_batch(session: Session, batch_id: uuid.UUID) -> PaymentBatch | None:
    return lock(session, PaymentBatch, batch_id)


def lock_ready_of_batch(session: Session, batch_id: uuid.UUID, limit: int) -> list[Payment]:
    """The next of a run that have not left, and the awards behind them."""
    return lock_chosen(
        session, sa.select(Payment).where(_is_ready_in(batch_id)).order_by(Payment.id).limit(limit)
    )


def count_ready(session: Session, batch_id: uuid.UUID) -> int:
    return session.scalar(sa.select(sa.func.count()).where(_is_ready_in(batch_id))) or 0


def count_in_flight(session: Session, batch_id: uuid.UUID) -> int:
    statement = sa.select(sa.func.count()).where(
        Payment.batch_id == batch_id, Payment.state.in_([*IN_FLIGHT])
    )
    return session.scalar(statement) or 0


def oldest_in_flight(session: Session, batch_id: uuid.UUID) -> datetime | None:
    """When the oldest order of a run that has no answer yet was given."""
    statement = sa.select(sa.func.min(Payment.instructed_at)).where(
        Payment.batch_id == batch_id, Payment.state.in_([*IN_FLIGHT])
    )
    return session.scalar(statement)


def settled_of_batch(session: Session, batch_id: uuid.UUID) -> tuple[int, int]:
    """How many of a run ended, and how many of them came back."""
    statement = (
        sa.select(Payment.state, sa.func.count())
        .where(Payment.batch_id == batch_id, Payment.state.in_((PaymentState.PAID, PaymentState.RETURNED)))
        .group_by(Payment.state)
    )
    counts = {state: int(count) for state, count in session.execute(statement)}
    return sum(counts.values()), counts.get(PaymentState.RETURNED, 0)


def groups_ready(session: Session, division: str, limit: int) -> list[tuple[str, str, int, int]]:
    """(policy, period, how many, their sum) of what could be paid in one go, the largest first."""
    counted = sa.func.count()
    statement = (
        sa.select(Payment.policy_id, Payment.period, counted, sa.func.sum(Payment.amount_fen))
        .where(
            Payment.state == PaymentState.RESERVED,
            Payment.is_held.is_(False),
            Payment.division.between(*bounds_of(division)),
            _is_outside_runs(),
        )
        .group_by(Payment.policy_id, Payment.period)
        .order_by(counted.desc(), Payment.policy_id, Payment.period)
    )
    rows = session.execute(statement.limit(limit))
    return [(policy_id, period, int(count), int(total)) for policy_id, period, count, total in rows]


def _is_ready_in(batch_id: uuid.UUID) -> sa.ColumnElement[bool]:
    return sa.and_(
        Payment.batch_id == batch_id, Payment.state == PaymentState.RESERVED, Payment.is_held.is_(False)
    )


def _is_outside_runs() -> sa.ColumnElement[bool]:
    """Not waiting in a run that is planned, under way or stopped."""
    open_runs = sa.select(PaymentBatch.id).where(PaymentBatch.state.in_(OPEN_RUN))
    return sa.or_(Payment.batch_id.is_(None), Payment.batch_id.not_in(open_runs))


def get_batch(session: Session, batch_id: uuid.UUID) -> PaymentBatch | None:
    return session.get(PaymentBatch, batch_id)
