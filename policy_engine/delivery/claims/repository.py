"""All SQL of claims."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import FEW, among
from kernel.database import lock
from kernel.prepared import Prepared, PreparedObjects
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims.models import Appeal, Claim, Opinion, StageDecision, WrittenDecision
from policy_engine.delivery.states import OPEN_CLAIM, ClaimState

_UNDER_CLAIM = sa.select(Claim.policy_id, Claim.unit_id).where(Claim.state.in_(OPEN_CLAIM))
# Built once: every match of one family asks it.
_FEW_UNDER_CLAIM = Prepared(
    _UNDER_CLAIM.where(
        Claim.policy_id.in_(sa.bindparam("policy_ids", expanding=True)),
        Claim.unit_id.in_(sa.bindparam("unit_ids", expanding=True)),
    )
)
# Built once: every act of an official reads them.
_ACTS = PreparedObjects(
    sa.select(StageDecision)
    .where(StageDecision.claim_id == sa.bindparam("claim_id"))
    .order_by(StageDecision.decided_at, StageDecision.id),
)
_OFFICIALS = Prepared(
    sa.select(StageDecision.claim_id, StageDecision.official_id).where(
        StageDecision.claim_id.in_(sa.bindparam("claim_ids", expanding=True))
    )
)
_OPEN_OPINIONS = PreparedObjects(
    sa.select(Opinion)
    .where(Opinion.claim_id == sa.bindparam("claim_id"), Opinion.state == "asked")
    .order_by(Opinion.asked_at, Opinion.id),
)


def lock_claim(session: Session, claim_id: uuid.UUID) -> Claim | None:
    return lock(session, Claim, claim_id)


def lock_claims(session: Session, claim_ids: Collection[uuid.UUID]) -> list[Claim]:
    """Many as they are now, locked in one order for everybody."""
    statement = sa.select(Claim).where(among(session, Claim.id, claim_ids)).order_by(Claim.id)
    locking = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(locking))


def get_claim(session: Session, claim_id: uuid.UUID) -> Claim | None:
    return session.get(Claim, claim_id)


def latest_of_offer(session: Session, offer_id: uuid.UUID) -> Claim | None:
    statement = sa.select(Claim).where(Claim.offer_id == offer_id)
    return session.scalars(statement.order_by(Claim.created_at.desc(), Claim.id.desc())).first()


def open_claim_on(session: Session, policy_id: str, unit_id: int) -> Claim | None:
    return session.scalar(
        sa.select(Claim).where(
            Claim.policy_id == policy_id, Claim.unit_id == unit_id, Claim.state.in_(OPEN_CLAIM)
        )
    )


def open_claims_on(session: Session, policy_ids: Collection[str], unit_id: int) -> list[Claim]:
    """Claims under way for the unit under any of these policies."""
    if not policy_ids:
        return []
    statement = sa.select(Claim).where(
        Claim.policy_id.in_(sorted(policy_ids)), Claim.unit_id == unit_id, Claim.state.in_(OPEN_CLAIM)
    )
    return list(session.scalars(statement.order_by(Claim.created_at, Claim.id)))


def lock_open_of_subjects(session: Session, subject_ids: Collection[int]) -> list[Claim]:
    """Everything under way for them, locked in the order of numbers."""
    statement = sa.select(Claim).where(
        among(session, Claim.subject_id, subject_ids), Claim.state.in_(OPEN_CLAIM)
    )
    return list(session.scalars(statement.order_by(Claim.id).with_for_update()))


def places_told_of(session: Session, claim_id: uuid.UUID) -> set[str]:
    """Of which places its people were told already that the claim does not move there."""
    statement = sa.select(CaseEvent.detail).where(
        CaseEvent.claim_id == claim_id, CaseEvent.kind == "claim.stayed"
    )
    return {str(detail.get("to", "")) for detail in session.scalars(statement)}


def count_open_besides(session: Session, policy_id: str, subject_id: int, unit_id: int) -> int:
    """Claims of a subject under way for this policy, for other units than this one."""
    statement = sa.select(sa.func.count()).where(
        Claim.policy_id == policy_id,
        Claim.subject_id == subject_id,
        Claim.unit_id != unit_id,
        Claim.state.in_(OPEN_CLAIM),
    )
    return session.scalar(statement) or 0


def units_under_claim(session: Session, pairs: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Which of the (policy, unit) pairs have a claim under way."""
    policy_ids, unit_ids = {policy_id for policy_id, _ in pairs}, {unit_id for _, unit_id in pairs}
    if len(pairs) <= FEW:
        few = {"policy_ids": list(policy_ids), "unit_ids": list(unit_ids)}
        return {(row.policy_id, row.unit_id) for row in _FEW_UNDER_CLAIM.rows(session, few)}
    # By the units, who have few claims each, and not by the state: SQLite would go through all that are under way.
    units = among(session, Claim.unit_id, unit_ids)
    theirs = sa.select(Claim.policy_id, Claim.unit_id, Claim.state).where(
        Claim.policy_id.in_(policy_ids), units
    )
    return {(row.policy_id, row.unit_id) for row in session.execute(theirs) if row.state in OPEN_CLAIM}


def claims_of(session: Session, subject_ids: Iterable[int]) -> list[Claim]:
    """The newest first."""
    statement = sa.select(Claim).where(Claim.subject_id.in_(list(subject_ids)))
    return list(session.scalars(statement.order_by(Claim.created_at.desc(), Claim.id.desc())))


def stage_decisions(session: Session, claim_id: uuid.UUID) -> list[StageDecision]:
    return _ACTS.all(session, {"claim_id": claim_id})


def standing_acts(session: Session, claim_id: uuid.UUID) -> list[StageDecision]:
    """Those that were not taken back, the oldest first."""
    return [act for act in stage_decisions(session, claim_id) if act.taken_back_at is None]


def standing_acts_of_each(
    session: Session, claim_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[StageDecision]]:
    """The same of many claims at once."""
    statement = sa.select(StageDecision).where(
        among(session, StageDecision.claim_id, claim_ids), StageDecision.taken_back_at.is_(None)
    )
    found: dict[uuid.UUID, list[StageDecision]] = {}
    for act in session.scalars(statement.order_by(StageDecision.decided_at, StageDecision.id)):
        found.setdefault(act.claim_id, []).append(act)
    return found


def opinions(session: Session, claim_id: uuid.UUID) -> list[Opinion]:
    """What others were asked about a claim, the oldest first."""
    statement = sa.select(Opinion).where(Opinion.claim_id == claim_id)
    return list(session.scalars(statement.order_by(Opinion.asked_at, Opinion.id)))


def open_opinions(session: Session, claim_id: uuid.UUID) -> list[Opinion]:
    return _OPEN_OPINIONS.all(session, {"claim_id": claim_id})


def open_opinions_of_each(
    session: Session, claim_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Opinion]]:
    """The same of many claims at once; claims without any are left out."""
    statement = sa.select(Opinion).where(
        among(session, Opinion.claim_id, claim_ids), Opinion.state == "asked"
    )
    found: dict[uuid.UUID, list[Opinion]] = {}
    for one in session.scalars(statement.order_by(Opinion.asked_at, Opinion.id)):
        found.setdefault(one.claim_id, []).append(one)
    return found


def lock_opinion(session: Session, opinion_id: uuid.UUID) -> Opinion | None:
    return lock(session, Opinion, opinion_id)


def find_opinion(session: Session, opinion_id: uuid.UUID) -> Opinion | None:
    return session.get(Opinion, opinion_id)


def opinions_asked_of(session: Session, seat_id: int, limit: int) -> list[tuple[Opinion, Claim]]:
    """Those that a seat still owes, the nearest deadline first."""
    rows = session.execute(
        sa.select(Opinion, Claim)
        .join(Claim, Claim.id == Opinion.claim_id)
        .where(Opinion.seat_id == seat_id, Opinion.state == "asked")
        .order_by(Opinion.due_on, Opinion.id)
        .limit(limit)
    )
    return [(opinion, claim) for opinion, claim in rows]


def overdue_opinions(session: Session, on: date, limit: int) -> list[Opinion]:
    """Asked, due before ``on`` and not yet reminded of; locked."""
    statement = sa.select(Opinion).where(
        Opinion.state == "asked", Opinion.due_on < on, Opinion.reminded_at.is_(None)
    )
    return list(
        session.scalars(statement.order_by(Opinion.id).limit(limit).with_for_update(skip_locked=True))
    )


def written_decisions(session: Session, claim_id: uuid.UUID) -> list[WrittenDecision]:
    statement = sa.select(WrittenDecision).where(WrittenDecision.claim_id == claim_id)
    return list(session.scalars(statement.order_by(WrittenDecision.served_at, WrittenDecision.id)))


def open_appeal(session: Session, claim_id: uuid.UUID) -> Appeal | None:
    return session.scalar(sa.select(Appeal).where(Appeal.claim_id == claim_id, Appeal.decided_at.is_(None)))


def appeals(session: Session, claim_id: uuid.UUID) -> list[Appeal]:
    return list(
        session.scalars(sa.select(Appeal).where(Appeal.claim_id == claim_id).order_by(Appeal.filed_at))
    )


def lock_ended_notices(session: Session, on: date, limit: int) -> list[Claim]:
    statement = sa.select(Claim).where(
        Claim.state == ClaimState.NOTICE, Claim.notice_until_on < on, Claim.is_held.is_(False)
    )
    return list(session.scalars(statement.order_by(Claim.id).limit(limit).with_for_update(skip_locked=True)))


def lock_open_of_policy(
    session: Session, policy_id: str, *, after: uuid.UUID | None, limit: int
) -> list[Claim]:
    statement = sa.select(Claim).where(Claim.policy_id == policy_id, Claim.state.in_(OPEN_CLAIM))
    if after is not None:
        statement = statement.where(Claim.id > after)
    return list(session.scalars(statement.order_by(Claim.id).limit(limit).with_for_update()))


def officials_of(session: Session, claim_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[int]]:
    """Who acted on each of the claims, at whichever stage; also those who took their act back."""
    found: dict[uuid.UUID, set[int]] = {}
    for claim_id, official_id in _OFFICIALS.rows(session, {"claim_ids": list(claim_ids)}):
        found.setdefault(claim_id, set()).add(official_id)
    return found
