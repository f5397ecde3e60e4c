"""Background work of identity: what can do nothing any more is deleted, a little at a time while serving."""

from identity.oauth import repository
from kernel.house import House
from kernel.web.sessions import purge_sessions

BATCH = 500


def purge_expired(house: House) -> int:
    """Delete one batch of expired codes, refresh tokens and portal sessions; how many. Run until it answers 0.

    Grants and sign-ins stay: they record who was allowed what, and when.
    """
    now = house.clock.now()
    with house.database.write() as session:
        gone = repository.purge(session, now=now, limit=BATCH)
        return gone + purge_sessions(session, now=now, limit=BATCH)
