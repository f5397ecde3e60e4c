"""What becomes of a message that could not be done: again after a growing pause, or a dead letter."""

import logging
import random
from datetime import datetime, timedelta

from kernel.errors import Unavailable
from kernel.outbox.repository import Failure, Message

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 12
LONGEST_PAUSE = timedelta(minutes=10)


class TryLater(Exception):
    """A handler's way to say: nothing is wrong, ask me again in ``pause``. It does not count towards giving up."""

    def __init__(self, pause: timedelta, why: str = "") -> None:
        super().__init__(why)
        self.pause = pause


class Pauses:
    """Growing pauses, spread so that what failed together does not come back together."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()  # noqa: S311 (spreads retries, guards nothing)

    def after(self, message: Message, error: Exception, *, now: datetime) -> Failure:
        """What is to be written about a message, and a word in the log."""
        if isinstance(error, TryLater):
            return Failure(attempts=0, again_at=now + error.pause, error=str(error) or None)
        reason = f"{type(error).__name__}: {error}"[:2000]
        if message.attempts >= MOST_ATTEMPTS and not isinstance(error, Unavailable):
            log.error("message %s on %s is a dead letter: %s", message.message_id, message.topic, reason)
            return Failure(attempts=message.attempts, dead_at=now, error=reason)
        log.warning(
            "message %s on %s failed (try %d)",
            message.message_id,
            message.topic,
            message.attempts,
            exc_info=error,
        )
        pause = min(LONGEST_PAUSE, timedelta(seconds=0.5 * 2 ** (message.attempts - 1)))
        again_at = now + pause * self._rng.uniform(0.5, 1.5)
        return Failure(attempts=message.attempts, again_at=again_at, error=reason)
