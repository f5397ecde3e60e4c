"""All SQL of matching."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.bulk import merge_rows
from kernel.database import changed_rows, insert
from policy_engine.matching.effects import MatchEffect, Verdict
from policy_engine.matching.models import FullMatch, PolicyMatch

Key = tuple[str, int, int]
_TABLE = cast(sa.Table, PolicyMatch.__table__)
_KEPT = sa.select(
    _TABLE.c.policy_id,
    _TABLE.c.subject_id,
    _TABLE.c.unit_id,
    _TABLE.c.version,
    _TABLE.c.verdict,
    _TABLE.c.amount_fen,
).where(_TABLE.c.subject_id.in_(sa.bindparam("subject_ids", expanding=True)))


_WRITTEN = (
    "policy_id",
    "subject_id",
    "unit_id",
    "version",
    "verdict",
    "amount_fen",
    "sequence",
    "as_of",
    "because",
)


class Kept(NamedTuple):
    """What is kept of one match."""

    version: int
    verdict: Verdict
    amount_fen: int | None


class Row(NamedTuple):
    """A kept match as drift compares it."""

    policy_id: str
    subject_id: int
    unit_id: int
    verdict: Verdict
    amount_fen: int | None
    sequence: int
    as_of: date


def kept_of(session: Session, subject_ids: Collection[int]) -> dict[Key, Kept]:
    """What is kept of some subjects, by policy, subject and unit, as it is now."""
    rows = session.execute(_KEPT, {"subject_ids": list(subject_ids)})
    return {(row[0], row[1], row[2]): Kept(*row[3:]) for row in rows}


def matches_of(session: Session, subject_ids: Collection[int]) -> dict[Key, PolicyMatch]:
    """What is kept of some subjects, by policy, subject and unit."""
    statement = sa.select(PolicyMatch).where(PolicyMatch.subject_id.in_(list(subject_ids)))
    return {(row.policy_id, row.subject_id, row.unit_id): row for row in session.scalars(statement)}


def eligible_of_policy(session: Session, policy_id: str) -> dict[tuple[int, int], tuple[int, int | None]]:
    """Version and amount of each eligible match of a policy, by subject and unit."""
    columns = (_TABLE.c.subject_id, _TABLE.c.unit_id, _TABLE.c.version, _TABLE.c.amount_fen)
    statement = sa.select(*columns).where(_TABLE.c.policy_id == policy_id, _TABLE.c.verdict == "eligible")
    rows = session.execute(statement.execution_options(yield_per=5_000))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def rows_of_policy(session: Session, policy_id: str) -> Iterator[Row]:
    """Everything kept of a policy, streamed."""
    columns = (_TABLE.c[name] for name in Row._fields)
    statement = sa.select(*columns).where(_TABLE.c.policy_id == policy_id)
    for row in session.execute(statement.execution_options(yield_per=5_000)):
        yield Row(*row)


def forget(session: Session, policy_id: str, version: int, *, limit: int) -> int:
    """Drop some matches of a version that holds for nobody any more; how many. Call again until it is none."""
    of_version = (_TABLE.c.policy_id == policy_id, _TABLE.c.version == version)
    subjects = sa.select(_TABLE.c.subject_id).where(*of_version).distinct().limit(limit)
    return changed_rows(
        session,
        sa.delete(PolicyMatch).where(
            PolicyMatch.policy_id == policy_id,
            PolicyMatch.version == version,
            PolicyMatch.subject_id.in_(subjects),
        ),
    )


def note_full_match(
    session: Session, *, as_of: date, sequence: int, epoch: int, drifted: int | None, now: datetime
) -> None:
    session.add(FullMatch(as_of=as_of, sequence=sequence, epoch=epoch, drifted=drifted, matched_at=now))


def full_matches(session: Session, limit: int = 30) -> Sequence[FullMatch]:
    """The full matches, the latest first: for the system page, and for what the next one is compared with."""
    return session.scalars(sa.select(FullMatch).order_by(FullMatch.number.desc()).limit(limit)).all()


def keep(session: Session, effects: Sequence[MatchEffect]) -> None:
    """Write what the effects say; a match of an older version, sequence or day never overwrites a newer one."""
    statement = insert(session, PolicyMatch)
    new = statement.excluded
    is_newer = sa.tuple_(new.version, new.sequence, new.as_of) >= sa.tuple_(
        PolicyMatch.version, PolicyMatch.sequence, PolicyMatch.as_of
    )
    values = {
        name: new[name] for name in ("version", "verdict", "amount_fen", "sequence", "as_of", "because")
    }
    merging = statement.on_conflict_do_update(
        index_elements=["policy_id", "subject_id", "unit_id"], set_=values, where=is_newer
    )
    merge_rows(session, PolicyMatch, merging, _WRITTEN, [_written(one) for one in effects])


def _written(one: MatchEffect) -> tuple[object, ...]:
    key = (one.policy_id, one.subject_id, one.unit_id)
    return (*key, one.version, one.verdict, one.amount_fen, one.sequence, one.as_of, list(one.because))
