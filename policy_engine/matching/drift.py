"""What is kept of the incremental matches against the whole city matched anew: at equal facts and day they must agree.

Time flips verdicts by itself, so today's facts are matched for the day of the last full match, before today's is written:
what has been kept since then of a later day, or of facts newer than the snapshot, is left out. What still differs is
drift: an incident, never a routine.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

import msgspec
import polars as pl
from sqlalchemy.orm import Session

from policy_engine.matching import repository
from policy_engine.matching.bulk import BulkResult, match_city
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.snapshot import Snapshot

log = logging.getLogger(__name__)


class Holding(NamedTuple):
    """An eligible match: whose, for what, how much."""

    policy_id: str
    subject_id: int
    unit_id: int
    amount_fen: int | None


class Drift(msgspec.Struct, frozen=True):
    """``only_kept``: kept as eligible, the bulk match says no. ``only_bulk``: the other way round."""

    only_kept: tuple[Holding, ...]
    only_bulk: tuple[Holding, ...]

    def __bool__(self) -> bool:
        return bool(self.only_kept or self.only_bulk)


def drift_of_city(
    session: Session, snapshot: Snapshot, published: PublishedSet, *, as_of: date, behind: Collection[int]
) -> dict[str, Drift]:
    """The drift of every policy that has any, at the facts of ``snapshot`` and the day of the last full match.

    ``behind`` are the owners whose changes are still on their way to the chain.
    """
    result = match_city(snapshot, published, as_of, is_rollout_kept=True)
    found: dict[str, Drift] = {}
    for policy_id in {one.document.id: None for one in published.effective_on(as_of)}:
        drift = compare(
            session,
            result,
            policy_ids=[policy_id],
            sequence=snapshot.sequence,
            as_of=as_of,
            behind=behind,
        )
        if drift:
            found[policy_id] = drift
    return found


def compare(
    session: Session,
    result: BulkResult,
    *,
    policy_ids: Collection[str],
    sequence: int,
    as_of: date,
    behind: Collection[int] = (),
) -> Drift:
    """The drift of some policies between what is kept and a bulk match of the facts up to ``sequence``.

    ``as_of`` is the day of the last full match, and ``result`` was matched for that day.
    """
    rows = (row for policy_id in policy_ids for row in repository.rows_of_policy(session, policy_id))
    eligible = result.eligible.filter(pl.col("policy_id").is_in(list(policy_ids)))
    drift = _difference(rows, {Holding(*row) for row in eligible.iter_rows()}, sequence, as_of)
    if drift and behind:
        drift = _without(drift, _subjects_of(session, drift, behind))
    if drift:
        log.error(
            "drift at sequence %d: %d matches only kept, %d only in bulk (policies %s)",
            sequence,
            len(drift.only_kept),
            len(drift.only_bulk),
            ", ".join(sorted({one.policy_id for one in (*drift.only_kept, *drift.only_bulk)})),
        )
    return drift


def _difference(rows: Iterable[repository.Row], bulk: set[Holding], sequence: int, as_of: date) -> Drift:
    kept: set[Holding] = set()
    beyond: set[repository.Key] = set()
    for row in rows:
        key = (row.policy_id, row.subject_id, row.unit_id)
        if row.sequence > sequence or row.as_of > as_of:
            beyond.add(key)
        elif row.verdict == "eligible":
            kept.add(Holding(*key, row.amount_fen))
    fitting = {one for one in bulk if one[:3] not in beyond}
    return Drift(tuple(sorted(kept - fitting, key=_order)), tuple(sorted(fitting - kept, key=_order)))


def _subjects_of(session: Session, drift: Drift, owners: Collection[int]) -> set[int]:
    subjects = {one.subject_id for one in (*drift.only_kept, *drift.only_bulk)}
    known = profiles.load_subjects(session, subjects)
    return {one.subject_id for one in known.values() if one.owner_id in owners}


def _without(drift: Drift, subjects: Collection[int]) -> Drift:
    return Drift(
        tuple(one for one in drift.only_kept if one.subject_id not in subjects),
        tuple(one for one in drift.only_bulk if one.subject_id not in subjects),
    )


def _order(one: Holding) -> repository.Key:
    return one[:3]
