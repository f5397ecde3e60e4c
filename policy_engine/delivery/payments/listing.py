"""All SQL of lists of payments: how many of which policy are in a state, which, and in what order.

The numbers are chosen first, from an index that has them; of a page's payments alone anything more is read.
"""

import uuid
from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import among
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.states import PaymentState


class Fits(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments are asked for: of a place and states, or of a batch. ``is_held`` null: either. ``case_number`` is a
    whole 办件编号; ``people`` are the only ones whom it may concern."""

    division: str = ""
    states: Collection[PaymentState] = ()
    batch_id: uuid.UUID | None = None
    policy_id: str = ""
    is_held: bool | None = None
    case_number: str = ""
    people: Collection[int] | None = None


class Group(NamedTuple):
    """``version`` is the newest by which any of the payments was made."""

    policy_id: str
    version: int
    count: int
    fen: int


def groups(session: Session, fits: Fits) -> list[Group]:
    """How many and how much, by policy."""
    rows = session.execute(
        sa.select(
            Payment.policy_id,
            sa.func.max(Payment.policy_version),
            sa.func.count(),
            sa.func.sum(Payment.amount_fen),
        )
        .where(*_conditions(session, fits))
        .group_by(Payment.policy_id)
        .order_by(Payment.policy_id)
    )
    return [Group(policy_id, version, count, int(fen)) for policy_id, version, count, fen in rows]


def how_many(session: Session, fits: Fits) -> int:
    return session.scalar(sa.select(sa.func.count()).where(*_conditions(session, fits))) or 0


def listed(
    session: Session, fits: Fits, *, limit: int, offset: int = 0, is_newest_first: bool = False
) -> list[Payment]:
    """In a place the longest due first; of a batch what came back first, then by number."""
    order = _order(fits, is_newest_first=is_newest_first)
    chosen = sa.select(Payment.id).where(*_conditions(session, fits)).order_by(*order)
    first = chosen.limit(limit).offset(offset).subquery()
    statement = sa.select(Payment).where(Payment.id.in_(sa.select(first.c.id)))
    return list(session.scalars(statement.order_by(*order)))


def people_listed(
    session: Session, fits: Fits, limit: int, *, is_newest_first: bool = False
) -> tuple[set[int], bool]:
    """Whom the first payments concern or are paid to, and whether there are more payments than ``limit``."""
    order = _order(fits, is_newest_first=is_newest_first)
    chosen = sa.select(Payment.subject_id, Payment.unit_id).where(*_conditions(session, fits))
    rows = session.execute(chosen.order_by(*order).limit(limit + 1)).all()
    return {number for row in rows[:limit] for number in row}, len(rows) > limit


def batches(session: Session, division: str, *, limit: int, offset: int = 0) -> list[PaymentBatch]:
    """The newest first."""
    statement = sa.select(PaymentBatch).where(PaymentBatch.division.between(*bounds_of(division)))
    ordered = statement.order_by(PaymentBatch.approved_at.desc(), PaymentBatch.id.desc())
    return list(session.scalars(ordered.limit(limit).offset(offset)))


def settled_of_batches(
    session: Session, batch_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[PaymentState, int]]:
    """How many payments of each batch arrived, and how many came back."""
    found: dict[uuid.UUID, dict[PaymentState, int]] = {one: {} for one in batch_ids}
    rows = session.execute(
        sa.select(Payment.batch_id, Payment.state, sa.func.count())
        .where(
            Payment.batch_id.in_(list(batch_ids)),
            Payment.state.in_((PaymentState.PAID, PaymentState.RETURNED)),
        )
        .group_by(Payment.batch_id, Payment.state)
    )
    for batch_id, state, count in rows:
        if batch_id is not None:
            found[batch_id][PaymentState(state)] = int(count)
    return found


def _order(fits: Fits, *, is_newest_first: bool) -> tuple[sa.UnaryExpression[Any], ...]:
    if fits.batch_id is not None:
        came_back = sa.case((Payment.state == PaymentState.RETURNED, 0), else_=1)
        return came_back.asc(), Payment.id.asc()
    if is_newest_first:
        return Payment.due_on.desc(), Payment.id.desc()
    return Payment.due_on.asc(), Payment.id.asc()


def _conditions(session: Session, fits: Fits) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if fits.batch_id is not None:
        conditions.append(Payment.batch_id == fits.batch_id)
    if fits.states:
        conditions.append(Payment.state.in_(list(fits.states)))
    if fits.division:
        conditions.append(Payment.division.between(*bounds_of(fits.division)))
    if fits.policy_id:
        conditions.append(Payment.policy_id == fits.policy_id)
    if fits.is_held is not None:
        conditions.append(Payment.is_held.is_(fits.is_held))
    if fits.case_number:
        claim = sa.select(Claim.id).where(Claim.case_number == fits.case_number)
        conditions.append(Payment.claim_id.in_(claim))
    if fits.people is not None:
        people = sorted(fits.people)
        conditions.append(
            sa.or_(among(session, Payment.subject_id, people), among(session, Payment.unit_id, people))
        )
    return conditions
