"""What matching tells delivery: one verdict for one policy, one subject and one unit."""

from datetime import date
from typing import Literal

import msgspec

Verdict = Literal["eligible", "unknown", "ineligible"]


class MatchEffect(msgspec.Struct, frozen=True, kw_only=True):
    """``missing`` are attribute ids an unknown verdict hangs on; ``amount_fen`` is set on an eligible one that pays.

    ``because`` tells why now: from the fact that changed through aggregates and statuses, by name and subject; empty
    where a publication or the calendar brought it.
    """

    policy_id: str
    version: int
    subject_id: int
    unit_id: int
    verdict: Verdict
    amount_fen: int | None
    missing: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    sequence: int
    as_of: date
