"""Work that must happen because something was committed: the message commits with the row (transactional outbox)."""

from kernel.outbox.failing import TryLater
from kernel.outbox.gathered import Gathered, Settled
from kernel.outbox.models import OutboxEffect, OutboxMessage
from kernel.outbox.repository import (
    Message,
    dead_by_topic,
    dead_letters,
    drop,
    enqueue,
    enqueue_many,
    mark_done,
    once,
    replay,
)
from kernel.outbox.together import Together
from kernel.outbox.worker import Handler, Schedule, Worker

__all__ = [
    "Gathered",
    "Handler",
    "Message",
    "OutboxEffect",
    "OutboxMessage",
    "Schedule",
    "Settled",
    "Together",
    "TryLater",
    "Worker",
    "dead_by_topic",
    "dead_letters",
    "drop",
    "enqueue",
    "enqueue_many",
    "mark_done",
    "once",
    "replay",
]
