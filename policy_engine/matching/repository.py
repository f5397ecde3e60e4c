"""All SQL of matching."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.database import insert
from policy_engine.matching.effects import MatchEffect
from policy_engine.matching.models import PolicyMatch

Key = tuple[str, int, int]


def matches_of(session: Session, subject_ids: Collection[int]) -> dict[Key, PolicyMatch]:
    """What is kept of some subjects, by policy, subject and unit."""
    statement = sa.select(PolicyMatch).where(PolicyMatch.subject_id.in_(list(subject_ids)))
    return {(row.policy_id, row.subject_id, row.unit_id): row for row in session.scalars(statement)}


def matches_of_policy(session: Session, policy_id: str) -> Sequence[PolicyMatch]:
    return session.scalars(sa.select(PolicyMatch).where(PolicyMatch.policy_id == policy_id)).all()


def keep(session: Session, effects: Sequence[MatchEffect]) -> None:
    """Write what the effects say; a match of an older version, sequence or day never overwrites a newer one."""
    rows = [
        {
            "policy_id": one.policy_id,
            "subject_id": one.subject_id,
            "unit_id": one.unit_id,
            "version": one.version,
            "verdict": one.verdict,
            "amount_fen": one.amount_fen,
            "sequence": one.sequence,
            "as_of": one.as_of,
        }
        for one in effects
    ]
    if not rows:
        return
    statement = insert(session, PolicyMatch)
    new = statement.excluded
    is_newer = sa.tuple_(new.version, new.sequence, new.as_of) >= sa.tuple_(
        PolicyMatch.version, PolicyMatch.sequence, PolicyMatch.as_of
    )
    values = {name: new[name] for name in ("version", "verdict", "amount_fen", "sequence", "as_of")}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["policy_id", "subject_id", "unit_id"], set_=values, where=is_newer
        ),
        rows,
    )


def count_of_policy(session: Session, policy_id: str, verdict: str = "eligible") -> int:
    statement = sa.select(sa.func.count()).select_from(PolicyMatch)
    return (
        session.scalar(statement.where(PolicyMatch.policy_id == policy_id, PolicyMatch.verdict == verdict))
        or 0
    )
