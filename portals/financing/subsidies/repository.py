"""All SQL of quarters of subsidies."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment
from portals.financing.subsidies.models import QuarterSubsidy


def lock(session: Session, quarter_id: uuid.UUID) -> QuarterSubsidy | None:
    return session.scalar(
        sa.select(QuarterSubsidy)
        .where(QuarterSubsidy.id == quarter_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def of_quarter(session: Session, loan_id: uuid.UUID, quarter: str) -> QuarterSubsidy | None:
    return session.scalar(
        sa.select(QuarterSubsidy)
        .where(QuarterSubsidy.loan_id == loan_id, QuarterSubsidy.quarter == quarter)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def filed(session: Session, loan_ids: Sequence[uuid.UUID], quarter: str) -> set[uuid.UUID]:
    """Of these loans, those whose quarter is with the city, or over."""
    statement = sa.select(QuarterSubsidy.loan_id).where(
        QuarterSubsidy.quarter == quarter,
        QuarterSubsidy.loan_id.in_(loan_ids),
        QuarterSubsidy.state.in_(("filed", "closed")),
    )
    return set(session.scalars(statement))


def is_earlier_open(session: Session, loan_id: uuid.UUID, starts_on: date) -> bool:
    """Whether another quarter of the loan is calculated or under way that began before."""
    statement = sa.select(
        sa.exists().where(
            QuarterSubsidy.loan_id == loan_id,
            QuarterSubsidy.starts_on < starts_on,
            QuarterSubsidy.state.in_(("calculated", "filed")),
        )
    )
    return session.scalar(statement) or False


def is_another_filed(session: Session, loan_id: uuid.UUID) -> bool:
    """Whether a quarter of the loan is with the city now."""
    statement = sa.select(
        sa.exists().where(QuarterSubsidy.loan_id == loan_id, QuarterSubsidy.state == "filed")
    )
    return session.scalar(statement) or False


def opened_again(session: Session, *, limit: int = 500) -> Sequence[QuarterSubsidy]:
    """Quarters that are over though their claim is neither refused, withdrawn nor paid: an appeal opened it again."""
    paid = sa.exists().where(
        Payment.claim_id == QuarterSubsidy.claim_id, Payment.state.in_(("paid", "cancelled"))
    )
    statement = (
        sa.select(QuarterSubsidy)
        .join(Claim, Claim.id == QuarterSubsidy.claim_id)
        .where(QuarterSubsidy.state == "closed", Claim.state.not_in(("refused", "withdrawn")), ~paid)
        .order_by(QuarterSubsidy.starts_on, QuarterSubsidy.id)
    )
    return session.scalars(statement.limit(limit)).all()


def quarters(
    session: Session,
    *,
    firm_id: int | None = None,
    bank_code: str | None = None,
    loan_id: uuid.UUID | None = None,
    states: Sequence[str] | None = None,
    limit: int = 500,
) -> Sequence[QuarterSubsidy]:
    """The newest quarter first."""
    statement = sa.select(QuarterSubsidy).order_by(
        QuarterSubsidy.starts_on.desc(), QuarterSubsidy.settled_at.desc(), QuarterSubsidy.id
    )
    if firm_id is not None:
        statement = statement.where(QuarterSubsidy.firm_id == firm_id)
    if bank_code is not None:
        statement = statement.where(QuarterSubsidy.bank_code == bank_code)
    if loan_id is not None:
        statement = statement.where(QuarterSubsidy.loan_id == loan_id)
    if states is not None:
        statement = statement.where(QuarterSubsidy.state.in_(states))
    return session.scalars(statement.limit(limit)).all()


def claims_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Claim]:
    rows = session.scalars(sa.select(Claim).where(Claim.id.in_(claim_ids)))
    return {claim.id: claim for claim in rows}


def payments_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Payment]:
    """The payment of each claim; one that was given up stands behind another."""
    rows = session.scalars(
        sa.select(Payment).where(Payment.claim_id.in_(claim_ids)).order_by(Payment.created_at)
    )
    found: dict[uuid.UUID, Payment] = {}
    for payment in rows:
        if payment.claim_id not in found or payment.state != "cancelled":
            found[payment.claim_id] = payment
    return found
