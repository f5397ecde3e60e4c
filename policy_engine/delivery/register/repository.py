"""All SQL of the public register: sums of what was paid, never a line of a person."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import PaymentState

_COUNTY_DIGITS = 6


class Cell(NamedTuple):
    """How many were paid how much under a policy, for a year, in a county."""

    policy_id: str
    year: str
    county: str
    people: int
    fen: int


class FirmSum(NamedTuple):
    policy_id: str
    year: str
    subject_id: int
    fen: int


def paid_cells(session: Session) -> list[Cell]:
    """By policy, the year that the payments are for, and county."""
    county = sa.func.substr(Payment.division, 1, _COUNTY_DIGITS)
    year = sa.func.substr(Payment.period, 1, 4)
    people, fen = sa.func.count(sa.distinct(Payment.subject_id)), sa.func.sum(Payment.amount_fen)
    rows = session.execute(
        sa.select(Payment.policy_id, year, county, people, fen)
        .where(Payment.state == PaymentState.PAID)
        .group_by(Payment.policy_id, year, county)
    )
    return [Cell(policy_id, at, where, count, int(total)) for policy_id, at, where, count, total in rows]


def paid_by_subject(session: Session, policy_ids: list[str], limit: int) -> list[FirmSum]:
    """By policy, year and subject, the largest sums first; for policies whose subjects are firms."""
    year = sa.func.substr(Payment.period, 1, 4)
    fen = sa.func.sum(Payment.amount_fen)
    rows = session.execute(
        sa.select(Payment.policy_id, year, Payment.subject_id, fen)
        .where(Payment.state == PaymentState.PAID, Payment.policy_id.in_(policy_ids))
        .group_by(Payment.policy_id, year, Payment.subject_id)
        .order_by(fen.desc(), Payment.subject_id)
        .limit(limit)
    )
    return [FirmSum(policy_id, at, subject_id, int(total)) for policy_id, at, subject_id, total in rows]


def policies_paid(session: Session) -> list[tuple[str, int]]:
    """Those that paid anything, with the newest version by which they did: it may be in force no longer."""
    rows = session.execute(
        sa.select(Payment.policy_id, sa.func.max(Payment.policy_version))
        .where(Payment.state == PaymentState.PAID)
        .group_by(Payment.policy_id)
    )
    return [(policy_id, version) for policy_id, version in rows]
