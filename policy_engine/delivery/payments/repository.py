"""All SQL of payments and batches."""

import uuid
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.catalogue.divisions import prefix_of
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.states import NOT_YET_INSTRUCTED, PaymentState


def lock_payment(session: Session, payment_id: uuid.UUID) -> Payment | None:
    return session.get(Payment, payment_id, with_for_update=True, populate_existing=True)


def get_payment(session: Session, payment_id: uuid.UUID) -> Payment | None:
    return session.get(Payment, payment_id)


def find_by_instruction(session: Session, instruction_id: str) -> Payment | None:
    return session.scalar(sa.select(Payment).where(Payment.instruction_id == instruction_id))


def is_covered(session: Session, policy_id: str, unit_id: int, period: str) -> bool:
    """Whether the period of this unit has a payment already, under whichever award."""
    statement = sa.select(
        sa.exists().where(
            Payment.policy_id == policy_id,
            Payment.unit_id == unit_id,
            Payment.period == period,
            Payment.kind == "regular",
            Payment.state != PaymentState.CANCELLED,
        )
    )
    return session.scalar(statement) or False


def count_top_ups(session: Session, policy_id: str, unit_id: int, period: str) -> int:
    statement = sa.select(sa.func.count()).where(
        Payment.policy_id == policy_id,
        Payment.unit_id == unit_id,
        Payment.period == period,
        Payment.kind.startswith("top_up"),
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


def payments_of_award(session: Session, award_id: uuid.UUID) -> list[Payment]:
    """The newest period first."""
    statement = sa.select(Payment).where(Payment.award_id == award_id)
    return list(session.scalars(statement.order_by(Payment.due_on.desc(), Payment.id.desc())))


def payments_of(session: Session, subject_ids: Iterable[int]) -> list[Payment]:
    statement = sa.select(Payment).where(Payment.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Payment.due_on.desc(), Payment.id.desc())))


def lock_not_instructed(session: Session, award_id: uuid.UUID) -> list[Payment]:
    """What can still be stopped: nothing that has left the house."""
    statement = sa.select(Payment).where(Payment.award_id == award_id, Payment.state.in_(NOT_YET_INSTRUCTED))
    return list(session.scalars(statement.order_by(Payment.id).with_for_update()))


def lock_ready(
    session: Session,
    division: str,
    *,
    payment_ids: Iterable[uuid.UUID] | None,
    period: str | None,
    limit: int,
) -> list[Payment]:
    """Reserved payments of a division that nobody holds, in the order of their ids."""
    statement = sa.select(Payment).where(
        Payment.state == PaymentState.RESERVED,
        Payment.is_held.is_(False),
        Payment.division.startswith(prefix_of(division), autoescape=True),
    )
    if payment_ids is not None:
        statement = statement.where(Payment.id.in_(list(payment_ids)))
    if period is not None:
        statement = statement.where(Payment.period == period)
    return list(session.scalars(statement.order_by(Payment.id).limit(limit).with_for_update()))


def in_division(session: Session, division: str, states: Iterable[str], limit: int) -> list[Payment]:
    statement = sa.select(Payment).where(
        Payment.state.in_(list(states)),
        Payment.division.startswith(prefix_of(division), autoescape=True),
    )
    return list(session.scalars(statement.order_by(Payment.due_on, Payment.id).limit(limit)))


def has_waiting(session: Session, budget_id: uuid.UUID, *, besides: uuid.UUID) -> bool:
    """Whether somebody stands in a quota's line already."""
    statement = sa.select(
        sa.exists().where(
            Payment.budget_id == budget_id, Payment.state == PaymentState.WAITLISTED, Payment.id != besides
        )
    )
    return session.scalar(statement) or False


def lock_waiting(session: Session, budget: Budget, limit: int) -> list[Payment]:
    """Who waits for this budget's money (or for any budget, in its place and year), in the order of decision."""
    statement = sa.select(Payment).where(
        Payment.policy_id == budget.policy_id,
        Payment.state.in_((PaymentState.AWAITING_FUNDS, PaymentState.WAITLISTED, PaymentState.DUE)),
        Payment.division.startswith(prefix_of(budget.division), autoescape=True),
        sa.extract("year", Payment.due_on) == budget.year,
        sa.or_(Payment.budget_id.is_(None), Payment.budget_id == budget.id),
    )
    ordered = statement.order_by(Payment.decided_at, Payment.due_on, Payment.id).limit(limit)
    return list(session.scalars(ordered.with_for_update()))


def waiting_position(session: Session, payment: Payment) -> int:
    """How many stand before this one in its quota's line, itself included."""
    statement = sa.select(sa.func.count()).where(
        Payment.budget_id == payment.budget_id,
        Payment.state == PaymentState.WAITLISTED,
        sa.tuple_(Payment.decided_at, Payment.due_on, Payment.id)
        <= sa.tuple_(payment.decided_at, payment.due_on, payment.id),
    )
    return session.scalar(statement) or 0


def get_batch(session: Session, batch_id: uuid.UUID) -> PaymentBatch | None:
    return session.get(PaymentBatch, batch_id)


def batches(session: Session, division: str, limit: int) -> list[PaymentBatch]:
    """The newest first."""
    statement = sa.select(PaymentBatch).where(
        PaymentBatch.division.startswith(prefix_of(division), autoescape=True)
    )
    ordered = statement.order_by(PaymentBatch.approved_at.desc(), PaymentBatch.id.desc())
    return list(session.scalars(ordered.limit(limit)))


def payments_of_batch(session: Session, batch_id: uuid.UUID) -> list[Payment]:
    statement = sa.select(Payment).where(Payment.batch_id == batch_id)
    return list(session.scalars(statement.order_by(Payment.id)))
