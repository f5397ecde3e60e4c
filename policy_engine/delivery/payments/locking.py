"""Payments and the awards behind them, locked in the one order that everybody keeps (docs/architecture.md): awards before
payments, each by number. SQLite has one writer at a time, so that there only the payments are read.
"""

import uuid
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import among
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.payments.models import Payment

# Built once: every order on its way asks them.
_AWARDS_BEHIND = sa.select(Payment.award_id).where(
    Payment.id.in_(sa.bindparam("payment_ids", expanding=True))
)
_LOCK_AWARDS = (
    sa.select(Award.id)
    .where(Award.id.in_(sa.bindparam("award_ids", expanding=True)))
    .order_by(Award.id)
    .with_for_update()
)


def lock_awards_behind(session: Session, payment_ids: Collection[uuid.UUID]) -> None:
    """The awards of payments, locked in one order for everybody, and not read."""
    if _has_row_locks(session):
        behind = session.scalars(_AWARDS_BEHIND, {"payment_ids": list(payment_ids)}).all()
        session.execute(_LOCK_AWARDS, {"award_ids": behind})


def lock_chosen(
    session: Session,
    chosen: sa.Select[Payment],
    values: Mapping[str, object] | None = None,
    *,
    with_awards: bool = True,
) -> list[Payment]:
    """The payments that a statement chooses, in its order, as they are now; those that fit it no longer are left out."""
    if not _has_row_locks(session):
        return list(session.scalars(chosen.execution_options(populate_existing=True), values or {}))
    while numbers := session.scalars(chosen.with_only_columns(Payment.id), values or {}).all():
        if with_awards:
            lock_awards_behind(session, numbers)
        lock_numbers(session, sa.select(Payment.id).where(among(session, Payment.id, numbers)))
        # Read when they are held: what a statement finds while it waits for a row, it finds as it was before.
        these = chosen.where(among(session, Payment.id, numbers)).limit(None).order_by(None)
        reading = these.execution_options(populate_existing=True)
        locked = {one.id: one for one in session.scalars(reading, values or {})}
        if locked:
            return [locked[number] for number in numbers if number in locked]
    return []  # nothing fits; that all of those chosen have moved on meanwhile says nothing about the rest


def lock_numbers(session: Session, chosen: sa.Select[uuid.UUID]) -> list[uuid.UUID]:
    """Only the numbers of tens of thousands, locked in their order and not read."""
    return list(session.scalars(chosen.order_by(Payment.id).with_for_update(of=Payment)))


def _has_row_locks(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
