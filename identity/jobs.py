"""Background work of identity: what is over is closed and told, and what can do nothing any more is deleted.

A little at a time, while serving. Grants and sign-ins stay: they record who was allowed what, and when.
"""

from datetime import timedelta

from identity.accounts import repository as accounts
from identity.grants import service as grants
from identity.oauth import backchannel_logout, repository
from identity.oauth.provider import open_provider
from identity.recovery import repository as recovery
from identity.sessions import service as sessions
from kernel.house import House
from kernel.outbox import Handler, Message, Schedule
from kernel.web.sessions import purge_sessions

BATCH = 500
KEEP_ATTEMPTS = timedelta(days=730)
PURGE_TOPIC, EXPIRE_TOPIC = "identity.purge", "identity.expire"
SCHEDULES = (Schedule(EXPIRE_TOPIC, timedelta(minutes=1)), Schedule(PURGE_TOPIC, timedelta(minutes=10)))


def handlers(house: House) -> dict[str, Handler]:
    """For the worker."""

    def purge(_message: Message) -> None:
        while purge_expired(house):
            pass

    def expire(_message: Message) -> None:
        while end_expired(house):
            pass

    return {
        PURGE_TOPIC: purge,
        EXPIRE_TOPIC: expire,
        **backchannel_logout.handlers(open_provider(house)),
    }


def purge_expired(house: House) -> int:
    """Delete one batch of expired codes, tokens, requests and portal sessions; how many. Run until it answers 0.

    Attempts to sign in are kept for two years, which is more than the six months of 网络安全法 Art. 21.
    """
    now = house.clock.now()
    with house.database.write() as session:
        gone = repository.purge(session, now=now, limit=BATCH)
        gone += accounts.purge_events(session, before=now - KEEP_ATTEMPTS, limit=BATCH)
        gone += recovery.lapse(session, now, BATCH)
        return gone + purge_sessions(session, now=now, limit=BATCH)


def end_expired(house: House) -> int:
    """Close one batch of sign-ins and grants whose time is up; their clients are told. Run until it answers 0."""
    now = house.clock.now()
    with house.database.write() as session:
        over = sessions.end_overdue(session, now=now, limit=BATCH)
        return over + grants.end_overdue(session, now=now, limit=BATCH)
