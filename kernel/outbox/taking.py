"""What a worker leases next, and what goes along with it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.ids import new_id
from kernel.outbox import repository
from kernel.outbox.gathered import Gathered, Work
from kernel.outbox.presence import Presence
from kernel.outbox.repository import UNRESTRAINED, Message, Restraint

LEASE = timedelta(seconds=60)
#: So many more messages are looked at for company.
MOST_BESIDE = 100


class Taking:
    """Of one worker. All that is taken at once bears one lease; topics that are done ``apart`` are passed over."""

    def __init__(
        self, gathered: Mapping[str, Gathered], apart: Collection[str], presence: Presence | None
    ) -> None:
        self._gathered = gathered
        self._apart = apart
        self._presence = presence

    def take(
        self, session: Session, limit: int, restraint: Restraint = UNRESTRAINED, *, now: datetime
    ) -> list[Work]:
        """At most ``limit`` works, in the order of their first messages."""
        lease = new_id() if self._presence is None else self._presence.lease()
        messages = repository.claim(
            session,
            now=now,
            lease_for=LEASE,
            limit=limit,
            restraint=restraint,
            apart_from=self._apart,
            new_lease=lambda: lease,
        )
        works: list[Work] = []
        gathering: defaultdict[str, list[Message]] = defaultdict(list)
        for one in messages:
            if one.topic in self._gathered and one.attempts == 1:
                gathering[one.topic].append(one)
            else:
                works.append((one,))
        is_more = len(messages) == limit
        for topic, ones in gathering.items():
            beside = self._beside(session, topic, ones, lease, now=now) if is_more else []
            works += self._gathered[topic].divided([*ones, *beside])
        return sorted(works, key=lambda work: work[0].number)

    def _beside(
        self, session: Session, topic: str, ones: Sequence[Message], lease: uuid.UUID, *, now: datetime
    ) -> list[Message]:
        """Of the same topic what is due and fits beside these; what was tried before goes alone."""
        gathered = self._gathered[topic]
        room = gathered.room_beside(ones)
        chosen: list[Message] = []
        if room <= 0:
            return []
        for one in repository.take(session, topic, now=now, most=MOST_BESIDE):
            size = gathered.size_of(one)
            if one.attempts == 1 and size <= room:
                chosen.append(one)
                room -= size
        return repository.lease_all(session, chosen, lease=lease, until=now + LEASE)
