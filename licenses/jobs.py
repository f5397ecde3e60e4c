"""What the calendar does to licences: those that end soon are told of, those whose last day has passed become 失效. And word
of those that were issued by the thousand."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from kernel.house import House
from kernel.outbox import Handler, Message, Schedule, once
from licenses import keys, repository
from licenses.batches import ISSUED_TOPIC
from licenses.log.anchoring import anchor_newest
from licenses.service import expire_due, remind_due
from licenses.telling import announce

EXPIRE = "licence.expire"
ANCHOR = "log.anchor"
CERTIFY = "licence.certify"
REMIND = "licence.remind"
SCHEDULES = (
    Schedule(EXPIRE, timedelta(hours=1)),
    Schedule(REMIND, timedelta(hours=6)),
    Schedule(ANCHOR, timedelta(hours=1)),
    Schedule(CERTIFY, timedelta(hours=1)),
)
CHUNK = 200


def handlers(house: House) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""

    def expire(_message: Message) -> None:
        while True:
            with house.database.write() as session:
                if expire_due(session, house, limit=CHUNK) < CHUNK:
                    return

    def remind(_message: Message) -> None:
        while True:
            with house.database.write() as session:
                if remind_due(session, house, limit=CHUNK) < CHUNK:
                    return

    def anchor(_message: Message) -> None:
        with house.database.write() as session:
            anchor_newest(session, house)

    def certify(_message: Message) -> None:
        with house.database.write() as session:
            keys.certify(session, house)

    def tell_issued(message: Message) -> None:
        ids = [uuid.UUID(one) for one in message.payload["licences"]]
        with house.database.write() as session:
            if once(session, ISSUED_TOPIC, message.message_id):
                announce(session, house, repository.by_ids(session, ids))

    return {ISSUED_TOPIC: tell_issued, EXPIRE: expire, REMIND: remind, ANCHOR: anchor, CERTIFY: certify}
