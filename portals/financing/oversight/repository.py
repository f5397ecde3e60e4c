"""All SQL of the league table: rows of a period, added up in ``league``."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.payments.models import Payment
from portals.financing.banks.models import Offer
from portals.financing.demands.models import Application, Demand
from portals.financing.guarantees.pool.models import BankCap, Compensation
from portals.financing.loans.models import Loan
from portals.financing.subsidies.models import QuarterSubsidy


class Asked(NamedTuple):
    """One application that was put to a bank in the period."""

    bank_code: str
    state: str
    routed_at: datetime
    accepted_at: datetime | None
    contacted_at: datetime | None
    decided_at: datetime | None
    breaches: list[dict[str, Any]]


class Lent(NamedTuple):
    """One loan that was paid out in the period, with the offer it came from."""

    bank_code: str
    principal_fen: int
    is_first_loan: bool | None
    offer: Offer


def asked(session: Session, since: datetime, until: datetime) -> Sequence[Asked]:
    rows = session.execute(
        sa.select(
            Application.bank_code,
            Application.state,
            Application.routed_at,
            Application.accepted_at,
            Application.contacted_at,
            Application.decided_at,
            Application.breaches,
        ).where(Application.routed_at >= since, Application.routed_at < until)
    )
    return [Asked(*row) for row in rows]


def lent(session: Session, first: date, last: date) -> Sequence[Lent]:
    """Both days included; a renewal is no new loan."""
    rows = session.execute(
        sa.select(Loan.bank_code, Loan.principal_fen, Demand.is_first_loan, Offer)
        .join(Application, Application.id == Loan.application_id)
        .join(Demand, Demand.id == Application.demand_id)
        .join(Offer, (Offer.application_id == Application.id) & (Offer.state == "accepted"))
        .where(Loan.disbursed_on >= first, Loan.disbursed_on <= last, Loan.renews_id.is_(None))
    )
    return [Lent(*row) for row in rows]


def subsidised(session: Session, since: datetime, until: datetime) -> Sequence[tuple[str, uuid.UUID, int]]:
    """Bank, loan and money of every subsidy that reached a firm in the period."""
    rows = session.execute(
        sa.select(QuarterSubsidy.bank_code, QuarterSubsidy.loan_id, Payment.amount_fen)
        .join(Payment, Payment.claim_id == QuarterSubsidy.claim_id)
        .where(Payment.state == "paid", Payment.paid_at >= since, Payment.paid_at < until)
    )
    return [(code, loan_id, fen) for code, loan_id, fen in rows]


def subsidised_principal(session: Session, loan_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    rows = session.execute(sa.select(Loan.id, Loan.principal_fen).where(Loan.id.in_(loan_ids)))
    return {row.id: row.principal_fen for row in rows}


def overdue(session: Session) -> dict[str, tuple[int, int]]:
    """By bank today: loans in arrears, and what is owed of them."""
    rows = session.execute(
        sa.select(Loan.bank_code, sa.func.count(), sa.func.sum(Loan.balance_fen))
        .where(Loan.state == "overdue")
        .group_by(Loan.bank_code)
    )
    return {code: (count, int(fen)) for code, count, fen in rows}


def compensated(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """By bank: losses that the pool paid its part of in the period."""
    rows = session.execute(
        sa.select(Compensation.bank_code, sa.func.sum(Compensation.loss_fen))
        .where(Compensation.paid_at >= since, Compensation.paid_at < until)
        .group_by(Compensation.bank_code)
    )
    return {code: int(fen) for code, fen in rows}


def caps(session: Session, year: int) -> dict[str, BankCap]:
    rows = session.scalars(sa.select(BankCap).where(BankCap.year == year))
    return {cap.bank_code: cap for cap in rows}
