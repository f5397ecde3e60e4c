"""All SQL of the public register: sums of what was paid and kept, never a line of a person.

What came back is not counted, as the books do not count it: the register's sums are those of the ledger's pocket "paid".
"""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.recovery.models import OverpaidPeriod
from policy_engine.delivery.register.models import RegisterCell
from policy_engine.delivery.states import PaymentState

_COUNTY_DIGITS = 6


class Cell(NamedTuple):
    """How many were paid how much under a policy, for a year, in a county."""

    policy_id: str
    year: str
    county: str
    people: int
    fen: int


class Counted(NamedTuple):
    """A group as it is, and how many different people in it were paid since it was last published."""

    cell: Cell
    newly_paid: int


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


def standing(session: Session) -> list[RegisterCell]:
    """What is published of persons, group by group."""
    statement = sa.select(RegisterCell)
    return list(
        session.scalars(statement.order_by(RegisterCell.policy_id, RegisterCell.year, RegisterCell.county))
    )


def counted(session: Session) -> list[Counted]:
    """Every group as it is now, with how many people were paid since its last step.

    A payment that was ordered more than once may have been paid before and come back: it counts for nobody.
    """
    county = sa.func.substr(Payment.division, 1, _COUNTY_DIGITS)
    year = sa.func.substr(Payment.period, 1, 4)
    repaid = _repaid()
    rows = session.execute(
        sa.select(Payment.policy_id, year, county, sa.func.count(sa.distinct(Payment.subject_id)))
        .outerjoin(repaid, repaid.c.payment_id == Payment.id)
        .outerjoin(
            RegisterCell,
            sa.and_(
                RegisterCell.policy_id == Payment.policy_id,
                RegisterCell.year == year,
                RegisterCell.county == county,
            ),
        )
        .where(
            Payment.state == PaymentState.PAID,
            Payment.order_count == 1,
            Payment.amount_fen > sa.func.coalesce(repaid.c.fen, 0),
            sa.or_(RegisterCell.settled_at.is_(None), Payment.paid_at > RegisterCell.settled_at),
        )
        .group_by(Payment.policy_id, year, county)
    )
    newly = {(row[0], row[1], row[2]): int(row[3]) for row in rows}
    return [
        Counted(cell, newly.get((cell.policy_id, cell.year, cell.county), 0)) for cell in paid_cells(session)
    ]


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
