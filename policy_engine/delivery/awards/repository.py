"""All SQL of awards."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.states import AwardState

#: The class of advisory locks on units, apart from every other use of them.
_UNITS = 0x444F


def lock_award(session: Session, award_id: uuid.UUID) -> Award | None:
    return session.get(Award, award_id, with_for_update=True, populate_existing=True)


def get_award(session: Session, award_id: uuid.UUID) -> Award | None:
    return session.get(Award, award_id)


def of_claim(session: Session, claim_id: uuid.UUID) -> Award | None:
    return session.scalar(sa.select(Award).where(Award.claim_id == claim_id))


def lock_live(session: Session, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], Award]:
    """The live awards of these policies and units, locked in one order for everybody."""
    statement = (
        sa.select(Award)
        .where(
            Award.policy_id.in_({policy_id for policy_id, _ in pairs}),
            Award.unit_id.in_({unit_id for _, unit_id in pairs}),
            Award.state != AwardState.ENDED,
        )
        .order_by(Award.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(award.policy_id, award.unit_id): award for award in session.scalars(statement)}


def live_on(session: Session, policy_id: str, unit_id: int) -> Award | None:
    return session.scalar(
        sa.select(Award).where(
            Award.policy_id == policy_id, Award.unit_id == unit_id, Award.state != AwardState.ENDED
        )
    )


def awards_on_unit(session: Session, policy_ids: Collection[str], unit_id: int) -> list[Award]:
    """Rights under any of these policies, ended ones too, the earliest first."""
    if not policy_ids:
        return []
    statement = sa.select(Award).where(Award.policy_id.in_(sorted(policy_ids)), Award.unit_id == unit_id)
    return list(session.scalars(statement.order_by(Award.recognised_at, Award.id)))


def lock_live_on_unit(session: Session, policy_ids: Collection[str], unit_id: int) -> list[Award]:
    if not policy_ids:
        return []
    statement = sa.select(Award).where(
        Award.policy_id.in_(sorted(policy_ids)), Award.unit_id == unit_id, Award.state != AwardState.ENDED
    )
    return list(session.scalars(statement.order_by(Award.id).with_for_update()))


def hold_unit(session: Session, unit_id: int) -> None:
    """Until this transaction ends nobody else holds the unit: rights that exclude each other have no row in common.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_UNITS, sa.func.hashint8(unit_id))))


def latest_on(session: Session, policy_id: str, unit_id: int) -> Award | None:
    statement = sa.select(Award).where(Award.policy_id == policy_id, Award.unit_id == unit_id)
    return session.scalars(statement.order_by(Award.recognised_at.desc(), Award.id.desc())).first()


def count_since(session: Session, policy_id: str, unit_id: int, since: date) -> int:
    """How many awards for this unit began in or after the month of ``since``."""
    statement = sa.select(sa.func.count()).where(
        Award.policy_id == policy_id, Award.unit_id == unit_id, Award.starts_on >= since
    )
    return session.scalar(statement) or 0


def awards_of(session: Session, subject_ids: Iterable[int]) -> list[Award]:
    """The newest first."""
    statement = sa.select(Award).where(Award.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Award.recognised_at.desc(), Award.id.desc())))


def lock_live_of_subject(session: Session, subject_id: int) -> list[Award]:
    statement = sa.select(Award).where(
        sa.or_(Award.subject_id == subject_id, Award.unit_id == subject_id), Award.state != AwardState.ENDED
    )
    return list(session.scalars(statement.order_by(Award.id).with_for_update()))


def lock_due(session: Session, until: date, limit: int) -> list[Award]:
    """Active awards whose next period has begun by ``until``."""
    statement = sa.select(Award).where(Award.state == AwardState.ACTIVE, Award.next_due_on <= until)
    ordered = statement.order_by(Award.next_due_on, Award.id).limit(limit)
    return list(session.scalars(ordered.with_for_update(skip_locked=True)))
