"""What a new grant rests on, held fast while it is made: where many write at once, an end that comes meanwhile must wait
and then see the grant, or has come first and is seen here.

Where one writes at a time (SQLite) nothing can come between, and nothing is asked. The right comes before the sign-in and
the client, in the order in which they end.
"""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.capacity.schemas import CapacityOption
from identity.clients.models import OAuthClient
from identity.delegation.models import Assignment, Membership, Proxy
from identity.registry.models import Relationship, Subject
from identity.seats.models import SeatHolding
from identity.sessions.models import IdentitySession
from kernel.clock import business_date
from kernel.database import UtcDateTime

_NOW = sa.bindparam("now", type_=UtcDateTime)
_KEY, _ON = sa.bindparam("key"), sa.bindparam("on", type_=sa.Date())


def _right(table: Any, key: Any) -> sa.Select[Any]:
    return sa.select(key).where(key == _KEY, table.revoked_at.is_(None), table.until_at > _NOW)


_RIGHTS: dict[str, sa.Select[Any]] = {
    "proxy": _right(Proxy, Proxy.proxy_id),
    "membership": _right(Membership, Membership.membership_id),
    "assignment": _right(Assignment, Assignment.assignment_id),
    "relationship": sa.select(Relationship.relationship_id).where(
        Relationship.relationship_id == _KEY,
        sa.or_(Relationship.until_on.is_(None), Relationship.until_on > _ON),
    ),
    "seat": sa.select(SeatHolding.holding_id).where(
        SeatHolding.seat_id == _KEY,
        SeatHolding.subject_id == sa.bindparam("subject"),
        sa.or_(SeatHolding.until_at.is_(None), SeatHolding.until_at > _NOW),
    ),
}
_NUMBERED = frozenset({"relationship", "seat"})
_FIRM = sa.select(Subject.subject_id).where(
    Subject.subject_id == _KEY, sa.or_(Subject.dissolved_on.is_(None), Subject.dissolved_on > _ON)
)
_SIGN_IN = (
    sa.select(IdentitySession.sid)
    .join(OAuthClient, OAuthClient.client_id == sa.bindparam("client"))
    .where(
        IdentitySession.sid == sa.bindparam("sid"),
        IdentitySession.ended_at.is_(None),
        ~OAuthClient.is_suspended,
    )
)
# FOR SHARE: those who open grants pass one another, and only whoever ends the right waits.
_HELD = {kind: query.with_for_update(read=True) for kind, query in _RIGHTS.items()}
_HELD_FIRM, _HELD_SIGN_IN = _FIRM.with_for_update(read=True), _SIGN_IN.with_for_update(read=True)


def hold_right(session: Session, option: CapacityOption, subject_id: int, now: datetime) -> bool:
    """Whether the capacity is still the person's; it stays so until this transaction is over."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    kind, _, text = option.basis.partition(":")
    on = business_date(now)
    if kind in _HELD:
        given = {"key": int(text) if kind in _NUMBERED else uuid.UUID(text)}
        given |= {"now": now, "on": on, "subject": subject_id}
        if not _is_found(session, _HELD[kind], given):
            return False
    return option.capacity != "enterprise" or _is_found(
        session, _HELD_FIRM, {"key": option.acting_for, "on": on}
    )


def hold_sign_in(session: Session, sid: uuid.UUID, client_id: str) -> bool:
    """Whether the sign-in and the client still stand; they do until this transaction is over."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return _is_found(session, _HELD_SIGN_IN, {"sid": sid, "client": client_id})


def _is_found(session: Session, query: sa.Select[Any], given: dict[str, Any]) -> bool:
    return session.connection().execute(query, given).first() is not None
