"""Polling: the same events by the other way, so that a lost push is only late, never lost."""

import logging
from datetime import datetime

from sqlalchemy.orm import Session

from connectors.events import repository, service
from connectors.events.departments import DEPARTMENTS, Department
from connectors.events.feed import PAGE, EventFeed
from connectors.resilience import Watch
from connectors.settings import ConnectorSettings
from kernel.errors import Conflict, InvalidInput, OutsideFailure
from kernel.house import House

log = logging.getLogger(__name__)


def poll_department(house: House, department: Department, feed: EventFeed) -> int:
    """Read on until nothing is new; how many events were read. Each page commits with its cursor."""
    read = 0
    while True:
        with house.database.read() as session:
            cursor = repository.cursor_of(session, department.id)
        page = feed.events_after(cursor)
        if not page.events and page.next_cursor == cursor:
            return read
        now = house.clock.now()
        with house.database.write() as session:
            for raw in page.events:
                _take(house, session, department, bytes(raw), now)
            repository.move_cursor(session, department.id, page.next_cursor, now=now)
        read += len(page.events)
        if len(page.events) < PAGE or page.next_cursor == cursor:
            return read


def poll_all(house: House, settings: ConnectorSettings) -> dict[str, int]:
    """Every department once; one that is down is passed over until next time. The worker's ``connector.poll``."""
    counts = {}
    watch = Watch(house.ephemeral, house.clock)
    for department in DEPARTMENTS.values():
        if department.id not in settings.systems:
            continue
        feed = EventFeed(department.label, settings.systems[department.id], name=department.id, watch=watch)
        try:
            counts[department.id] = poll_department(house, department, feed)
        except OutsideFailure as failure:
            log.warning("polling %s failed: %s", department.id, failure.slug)
        finally:
            feed.close()
    now = house.clock.now()
    with house.database.write() as session:
        repository.note_read(session, counts, now=now)
    return counts


def _take(house: House, session: Session, department: Department, body: bytes, now: datetime) -> None:
    try:
        service.accept(session, house.vault, department, body, came_by="poll", now=now)
    except (InvalidInput, Conflict) as refused:
        reason = service.reason_of(refused)
        service.reject(
            session, house.vault, department.id, reason, body, came_by="poll", now=now, is_genuine=True
        )
