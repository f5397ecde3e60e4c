"""All SQL of overpayments."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import among
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.recovery.models import Instalment, OverpaidPeriod, Overpayment, Repayment
from policy_engine.delivery.states import OverpaymentState


def lock_overpayment(session: Session, overpayment_id: uuid.UUID) -> Overpayment | None:
    return session.get(Overpayment, overpayment_id, with_for_update=True, populate_existing=True)


def get_overpayment(session: Session, overpayment_id: uuid.UUID) -> Overpayment | None:
    return session.get(Overpayment, overpayment_id)


def overpayments_of(session: Session, subject_ids: Iterable[int]) -> list[Overpayment]:
    """The newest first."""
    statement = sa.select(Overpayment).where(Overpayment.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Overpayment.found_at.desc(), Overpayment.id.desc())))


def overpayments_of_award(session: Session, award_id: uuid.UUID) -> list[Overpayment]:
    statement = sa.select(Overpayment).where(Overpayment.award_id == award_id)
    return list(session.scalars(statement.order_by(Overpayment.found_at, Overpayment.id)))


def in_division(session: Session, division: str, states: Collection[str], limit: int) -> list[Overpayment]:
    """The oldest first."""
    statement = sa.select(Overpayment).where(
        Overpayment.state.in_(list(states)),
        Overpayment.division.between(*bounds_of(division)),
    )
    return list(session.scalars(statement.order_by(Overpayment.found_at, Overpayment.id).limit(limit)))


def periods_of(session: Session, overpayment_id: uuid.UUID) -> list[OverpaidPeriod]:
    statement = sa.select(OverpaidPeriod).where(OverpaidPeriod.overpayment_id == overpayment_id)
    return list(session.scalars(statement.order_by(OverpaidPeriod.payment_id)))


def claimed_back(session: Session, payment_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How much of each payment is the matter of an overpayment already; of a dropped one what came back all the same."""
    matter = sa.case(
        (Overpayment.state == OverpaymentState.DROPPED, OverpaidPeriod.repaid_fen),
        else_=OverpaidPeriod.amount_fen,
    )
    statement = (
        sa.select(OverpaidPeriod.payment_id, sa.func.sum(matter))
        .join(Overpayment, Overpayment.id == OverpaidPeriod.overpayment_id)
        .where(OverpaidPeriod.payment_id.in_(list(payment_ids)))
        .group_by(OverpaidPeriod.payment_id)
    )
    return {payment_id: int(total) for payment_id, total in session.execute(statement)}


def asked_back_among(session: Session, payment_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these payments that an overpayment is about which was not dropped."""
    if not payment_ids:
        return set()
    statement = (
        sa.select(OverpaidPeriod.payment_id)
        .join(Overpayment, Overpayment.id == OverpaidPeriod.overpayment_id)
        .where(
            among(session, OverpaidPeriod.payment_id, payment_ids),
            Overpayment.state != OverpaymentState.DROPPED,
        )
    )
    return set(session.scalars(statement))


def repaid_of_each(session: Session, payment_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """What came back of each of these payments; those of which nothing was to come back are left out."""
    if not payment_ids:
        return {}
    statement = sa.select(OverpaidPeriod.payment_id, sa.func.sum(OverpaidPeriod.repaid_fen))
    of_these = statement.where(among(session, OverpaidPeriod.payment_id, payment_ids))
    rows = session.execute(of_these.group_by(OverpaidPeriod.payment_id))
    return {payment_id: int(fen) for payment_id, fen in rows}


def instalments_of(session: Session, overpayment_id: uuid.UUID) -> list[Instalment]:
    statement = sa.select(Instalment).where(Instalment.overpayment_id == overpayment_id)
    return list(session.scalars(statement.order_by(Instalment.number)))


def find_repayment(session: Session, receipt: str) -> Repayment | None:
    return session.scalar(sa.select(Repayment).where(Repayment.receipt == receipt))


def repayments_of(session: Session, overpayment_id: uuid.UUID) -> list[Repayment]:
    statement = sa.select(Repayment).where(Repayment.overpayment_id == overpayment_id)
    return list(session.scalars(statement.order_by(Repayment.received_on, Repayment.id)))


def late(session: Session, today: date, limit: int) -> list[Overpayment]:
    """Owed beyond the day that was set; those in instalments are judged by their plan."""
    statement = sa.select(Overpayment).where(
        Overpayment.state == OverpaymentState.OWED, Overpayment.due_on < today
    )
    return list(session.scalars(statement.order_by(Overpayment.due_on, Overpayment.id).limit(limit)))
