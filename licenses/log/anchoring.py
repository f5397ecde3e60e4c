"""Where this house anchors its heads, and the watch that does it every hour."""

import logging

from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.house import House
from kernel.transparency.anchors import Anchor, FileAnchor, Inconsistent, anchor_head

log = logging.getLogger(__name__)
FILE = "log-anchors.jsonl"


def anchor_of(house: House) -> Anchor:
    """A file: where the settings say, or in the home beside the store."""
    return FileAnchor(house.settings.log_anchor or house.settings.home / FILE)


def anchor_newest(session: Session, house: House) -> int | None:
    """Anchor the newest head; the size anchored. A log that does not continue what was anchored is an incident: it goes on
    record, and nothing is anchored any more until somebody has looked."""
    try:
        return anchor_head(session, anchor_of(house), now=house.clock.now())
    except Inconsistent as incident:
        log.critical("the transparency log was rewritten: %s", incident)
        record(
            session,
            actor="worker",
            action="log.inconsistent",
            object_kind="log",
            object_id="transparency",
            detail={"finding": str(incident)},
            now=house.clock.now(),
        )
        return None
