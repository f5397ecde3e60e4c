"""All SQL of the public register: sums of what was paid and kept, never a line of a person.

What came back is not counted, as the books do not count it: the register's sums are those of the ledger's pocket "paid".
"""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.recovery.models import OverpaidPeriod
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


def _repaid() -> sa.Subquery:
    """What came back of each payment of which anything did."""
    fen = sa.func.sum(OverpaidPeriod.repaid_fen).label("fen")
    statement = sa.select(OverpaidPeriod.payment_id, fen).where(OverpaidPeriod.repaid_fen > 0)
    return statement.group_by(OverpaidPeriod.payment_id).subquery()


def paid_cells(session: Session) -> list[Cell]:
    """By policy, the year that the payments are for, and county."""
    county = sa.func.substr(Payment.division, 1, _COUNTY_DIGITS)
    year = sa.func.substr(Payment.period, 1, 4)
    repaid = _repaid()
    kept = Payment.amount_fen - sa.func.coalesce(repaid.c.fen, 0)
    people, fen = sa.func.count(sa.distinct(Payment.subject_id)), sa.func.sum(kept)
    rows = session.execute(
        sa.select(Payment.policy_id, year, county, people, fen)
        .outerjoin(repaid, repaid.c.payment_id == Payment.id)
        .where(Payment.state == PaymentState.PAID, kept > 0)
        .group_by(Payment.policy_id, year, county)
    )
    return [Cell(policy_id, at, where, count, int(total)) for policy_id, at, where, count, total in rows]


def paid_by_subject(session: Session, policy_ids: list[str], limit: int) -> list[FirmSum]:
    """By policy, year and subject, the largest sums first; for policies whose subjects are firms."""
    year = sa.func.substr(Payment.period, 1, 4)
    repaid = _repaid()
    kept = Payment.amount_fen - sa.func.coalesce(repaid.c.fen, 0)
    fen = sa.func.sum(kept)
    rows = session.execute(
        sa.select(Payment.policy_id, year, Payment.subject_id, fen)
        .outerjoin(repaid, repaid.c.payment_id == Payment.id)
        .where(Payment.state == PaymentState.PAID, Payment.policy_id.in_(policy_ids), kept > 0)
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
