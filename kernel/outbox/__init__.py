"""Work that must happen because something was committed: the message commits with the row (transactional outbox)."""

from kernel.outbox.models import OutboxEffect, OutboxMessage
from kernel.outbox.repository import Message, dead_letters, drop, enqueue, enqueue_many, once, replay
from kernel.outbox.worker import Handler, Schedule, TryLater, Worker

__all__ = [
    "Handler",
    "Message",
    "OutboxEffect",
    "OutboxMessage",
    "Schedule",
    "TryLater",
    "Worker",
    "dead_letters",
    "drop",
    "enqueue",
    "enqueue_many",
    "once",
    "replay",
]
