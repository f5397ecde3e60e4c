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
from sqlalchemy.orm import Session

from policy_engine.matching import repository
from policy_engine.matching.bulk import BulkResult
from policy_engine.matching.models import PolicyMatch

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


def compare(
    session: Session, result: BulkResult, *, policy_ids: Collection[str], sequence: int, as_of: date
) -> Drift:
    """The drift of some policies between what is kept and a bulk match of the facts up to ``sequence``.

    ``as_of`` is the day of the last full match, and ``result`` was matched for that day.
    """
    rows = [row for policy_id in policy_ids for row in repository.matches_of_policy(session, policy_id)]
    bulk = {Holding(*row) for row in result.eligible.iter_rows() if row[0] in policy_ids}
    drift = _difference(rows, bulk, sequence, as_of)
    if drift:
        log.error(
            "drift at sequence %d: %d matches only kept, %d only in bulk (policies %s)",
            sequence,
            len(drift.only_kept),
            len(drift.only_bulk),
            ", ".join(sorted({one.policy_id for one in (*drift.only_kept, *drift.only_bulk)})),
        )
    return drift


def _difference(rows: Iterable[PolicyMatch], bulk: set[Holding], sequence: int, as_of: date) -> Drift:
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


def _order(one: Holding) -> repository.Key:
    return one[:3]
