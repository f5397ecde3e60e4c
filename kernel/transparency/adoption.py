"""Records older than the log, or moved here from another system: taken up late, and said to be.

What such a record said before the day it was adopted nobody can show. So beside it stands a second entry that says
only this, and every examination of the log tells how many there are.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.transparency import repository
from kernel.transparency.commitments import Content
from kernel.transparency.recording import Recorded, record_many
from kernel.transparency.sources import Source

ADOPTION = "log.adoption"


def adopt(session: Session, source: Source, record_ids: Iterable[uuid.UUID], *, now: datetime) -> int:
    """Commit to these records as they stand now, and to their having been adopted; how many were not in the log."""
    wanted = set(record_ids)
    wanted -= repository.recorded_among(session, source.kind, wanted)
    said = source.contents(session, wanted)
    record_many(session, [Recorded(source.kind, one, said[one]) for one in sorted(said)], now=now)
    adopted = [Recorded(ADOPTION, one, adoption_content(one)) for one in sorted(said)]
    record_many(session, adopted, now=now)
    return len(said)


def adoption_content(record_id: uuid.UUID) -> Content:
    return {"record": str(record_id)}
