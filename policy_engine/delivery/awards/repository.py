"""All SQL of awards."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from kernel.bulk import FEW, among
from kernel.database import insert, lock
from kernel.prepared import Prepared, PreparedObjects
from policy_engine.catalogue.divisions import bounds_of
from policy_engine.delivery.awards.models import Award, LossDay, LossOfDay
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.states import AwardState, PaymentState
from policy_engine.policies.document import LimitScope

#: The class of advisory locks on units, apart from every other use of them.
_UNITS = 0x444F
_LIVE = (
    sa.select(Award)
    .where(Award.state != AwardState.ENDED)
    .order_by(Award.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
# Built once: every match of one family, and every claim at its beginning, asks them.
_FEW_LIVE = PreparedObjects(
    _LIVE.where(
        Award.policy_id.in_(sa.bindparam("policy_ids", expanding=True)),
        Award.unit_id.in_(sa.bindparam("unit_ids", expanding=True)),
    ),
)
_AWARD = cast(sa.Table, Award.__table__)
_IS_LIVE = Prepared(
    sa.select(
        sa.exists().where(
            _AWARD.c.policy_id == sa.bindparam("policy_id"),
            _AWARD.c.unit_id == sa.bindparam("unit_id"),
            _AWARD.c.state != AwardState.ENDED,
        )
    ),
    flushes=False,
)


def lock_award(session: Session, award_id: uuid.UUID) -> Award | None:
    return lock(session, Award, award_id)


def singles_not_ended(session: Session, award_ids: Collection[uuid.UUID]) -> list[Award]:
    """Those among them that are paid once and have not ended; their facts stay in the store."""
    statement = sa.select(Award).where(
        Award.id.in_(award_ids), Award.period == "once", Award.state != AwardState.ENDED
    )
    return list(session.scalars(statement.order_by(Award.id).options(defer(Award.facts))))


def get_award(session: Session, award_id: uuid.UUID) -> Award | None:
    return session.get(Award, award_id)


def of_claim(session: Session, claim_id: uuid.UUID) -> Award | None:
    return session.scalar(sa.select(Award).where(Award.claim_id == claim_id))


def lock_live(session: Session, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], Award]:
    """The live awards of these policies and units, locked in one order for everybody."""
    policy_ids, unit_ids = {policy_id for policy_id, _ in pairs}, {unit_id for _, unit_id in pairs}
    if len(pairs) <= FEW:
        few = {"policy_ids": list(policy_ids), "unit_ids": list(unit_ids)}
        rows = _FEW_LIVE.all(session, few)
    else:
        units = among(session, Award.unit_id, unit_ids)
        rows = list(session.scalars(_LIVE.where(Award.policy_id.in_(policy_ids), units)))
    return {(award.policy_id, award.unit_id): award for award in rows}


def is_live_on(session: Session, policy_id: str, unit_id: int) -> bool:
    """Whether the unit has this right now."""
    return bool(_IS_LIVE.scalar(session, {"policy_id": policy_id, "unit_id": unit_id}))


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


def times_granted(
    session: Session,
    policy_id: str,
    scope: LimitScope,
    numbers: Collection[int],
    window: tuple[date, date],
) -> dict[int, int]:
    """How often each unit or subject was granted a right that began within the window; none is left out.

    A right that ended before anything was paid under it was not had.
    """
    number = Award.unit_id if scope == "unit" else Award.subject_id
    was_paid = sa.exists().where(Payment.award_id == Award.id, Payment.state != PaymentState.CANCELLED)
    statement = (
        sa.select(number.label("number"), sa.func.count().label("times"))
        .where(
            Award.policy_id == policy_id,
            among(session, number, numbers),
            Award.starts_on >= window[0],
            Award.starts_on < window[1],
            sa.or_(Award.state != AwardState.ENDED, Award.end_reason == "completed", was_paid),
        )
        .group_by(number)
    )
    return {row.number: row.times for row in session.execute(statement)}


def awards_of(session: Session, subject_ids: Iterable[int]) -> list[Award]:
    """The newest first."""
    statement = sa.select(Award).where(Award.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Award.recognised_at.desc(), Award.id.desc())))


def lock_live_of_subject(session: Session, subject_id: int) -> list[Award]:
    statement = sa.select(Award).where(
        sa.or_(Award.subject_id == subject_id, Award.unit_id == subject_id), Award.state != AwardState.ENDED
    )
    return list(session.scalars(statement.order_by(Award.id).with_for_update()))


def lock_live_of_subjects(session: Session, subject_ids: Collection[int]) -> list[Award]:
    """What these hold, in the order of numbers."""
    statement = sa.select(Award).where(
        among(session, Award.subject_id, subject_ids), Award.state != AwardState.ENDED
    )
    return list(session.scalars(statement.order_by(Award.id).with_for_update()))


def suspended_subjects(session: Session, reason: str, after: int, limit: int) -> list[int]:
    """Whose awards are suspended for this reason, by number above ``after``."""
    statement = (
        sa.select(Award.subject_id)
        .where(Award.state == AwardState.SUSPENDED, Award.state_reason == reason, Award.subject_id > after)
        .distinct()
        .order_by(Award.subject_id)
    )
    return list(session.scalars(statement.limit(limit)))


def lock_raised(session: Session, policy_id: str, limit: int) -> list[uuid.UUID]:
    """Active awards of a policy of which a newer match would pay more, all locked before the first is touched."""
    statement = sa.select(Award.id).where(
        Award.policy_id == policy_id,
        Award.state == AwardState.ACTIVE,
        Award.rematched_amount_fen.is_not(
            None
        ),  # said, because PostgreSQL takes a third of all for larger than another
        Award.rematched_amount_fen > Award.amount_fen,
    )
    return list(session.scalars(statement.order_by(Award.id).limit(limit).with_for_update()))


def in_question(
    session: Session, division: str, condition: sa.ColumnElement[bool], limit: int
) -> list[Award]:
    """Awards of a division of which a person has something to decide, the oldest change first."""
    statement = sa.select(Award).where(Award.division.between(*bounds_of(division)), condition)
    return list(session.scalars(statement.order_by(Award.updated_at, Award.id).limit(limit)))


def lock_loss_day(session: Session, policy_id: str, day: date) -> LossDay:
    """The row of a policy's day, made on first use with how many awards were live then."""
    known = session.get(LossDay, (policy_id, day), with_for_update=True, populate_existing=True)
    if known is not None:
        return known
    live = sa.select(sa.func.count()).where(Award.policy_id == policy_id, Award.state != AwardState.ENDED)
    row = {
        "policy_id": policy_id,
        "day": day,
        "live_count": session.scalar(live) or 0,
        "loss_count": 0,
        "state": "flowing",
    }
    session.execute(insert(session, LossDay).values(**row).on_conflict_do_nothing())
    return session.get_one(LossDay, (policy_id, day), with_for_update=True, populate_existing=True)


def note_loss(session: Session, day: LossDay, award_id: uuid.UUID, reason: str) -> bool:
    """Whether the award is new among the losses of its day."""
    statement = insert(session, LossOfDay).values(
        policy_id=day.policy_id, day=day.day, award_id=award_id, reason=reason
    )
    noted = session.execute(statement.on_conflict_do_nothing().returning(LossOfDay.award_id))
    return noted.scalar() is not None


def next_loss(session: Session, policy_id: str, day: date, after: uuid.UUID | None) -> uuid.UUID | None:
    """The award after ``after`` among the losses of a day."""
    statement = sa.select(LossOfDay.award_id).where(LossOfDay.policy_id == policy_id, LossOfDay.day == day)
    if after is not None:
        statement = statement.where(LossOfDay.award_id > after)
    return session.scalar(statement.order_by(LossOfDay.award_id).limit(1))


def loss_reason(session: Session, policy_id: str, day: date, award_id: uuid.UUID) -> str:
    return session.get_one(LossOfDay, (policy_id, day, award_id)).reason


def loss_days_held(session: Session) -> list[LossDay]:
    return list(session.scalars(sa.select(LossDay).where(LossDay.state == "held").order_by(LossDay.day)))


def lock_due(session: Session, until: date, limit: int) -> list[Award]:
    """Active awards whose next period has begun by ``until``; their facts stay in the store."""
    statement = sa.select(Award).where(Award.state == AwardState.ACTIVE, Award.next_due_on <= until)
    ordered = statement.order_by(Award.next_due_on, Award.id).limit(limit).options(defer(Award.facts))
    return list(session.scalars(ordered.with_for_update(skip_locked=True)))
