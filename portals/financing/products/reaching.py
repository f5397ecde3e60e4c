"""How many firms of the city a version would reach: worked out once for what it says, the policies, the facts and the day."""

import threading
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.repository import current_sequence
from policy_engine.profiles.snapshot import cached
from portals.financing.products import repository
from portals.financing.products.matching import match_firms
from portals.financing.products.models import Product
from portals.financing.products.offered import offered_set

#: Versions whose counts are kept; the one that was asked for longest ago goes first.
MOST_KEPT: Final = 200


class Reaches:
    """One per process; safe between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._kept: dict[bytes, tuple[object, tuple[int, int]]] = {}

    def of(self, session: Session, row: Product, city: PublishedSet, today: date) -> tuple[int, int]:
        """Firms it fits, and firms for which something is not known."""
        mark = (city.epoch, current_sequence(session), today)
        with self._mutex:
            known = self._kept.pop(row.content_hash, None)
            if known is not None:
                self._kept[row.content_hash] = known  # asked for last, forgotten last
        if known is not None and known[0] == mark:
            return known[1]
        document = repository.document_of(row)
        snapshot = cached(session, self._folder, today)
        found = match_firms(offered_set([document], city), snapshot, today, [document.id])
        counts = (found.eligible.height, found.unknown_count)
        with self._mutex:
            self._kept[row.content_hash] = (mark, counts)
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return counts
