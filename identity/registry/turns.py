"""Whoever changes who acts for a subject, or how its person signs in, takes their turn: rules that count rows (one
request for one phone, ten passkeys, no work on a mandate that has ended) have no row in common to lock.

Grants take no turn: what they rest on they hold by itself (``identity.capacity.standing``).
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

#: The class of these advisory locks, apart from every other use of them.
_TURNS = 0x4944


def take_turn(session: Session, *subject_ids: int) -> None:
    """Until this transaction ends nobody else changes these subjects' rights; what is read from now on is what the
    one before left. Rows read earlier may be stale. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        for subject_id in sorted(set(subject_ids)):
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURNS, sa.func.hashint8(subject_id))))
