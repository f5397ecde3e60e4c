"""End grants by whatever they rest on. The rows stay, as a record of what was allowed until when.

Where a person's sign-in or capacity is over, not only a client's tokens, every client that asked to be told of it is told
(OpenID Connect Back-Channel Logout 1.0): a message in the same transaction, delivered by the worker.
"""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.grants import repository
from identity.grants.models import OAuthGrant
from kernel import outbox

LOGOUT_TOPIC = "identity.logout"

#: Ends after which the person is still signed in, but may no longer do this: left the seat, or is let act no more.
LOST = frozenset(
    {
        "left_seat",
        "seat_closed",
        "proxy_revoked",
        "membership_revoked",
        "mandate_revoked",
        "assignment_withdrawn",
        "representative_changed",
        "enterprise_dissolved",
    }
)


def end_grant(session: Session, grant_id: uuid.UUID, *, reason: str, now: datetime) -> None:
    """One grant with all its tokens."""
    repository.end(session, OAuthGrant.grant_id == grant_id, reason=reason, now=now)


def end_of_session(session: Session, sid: uuid.UUID, *, reason: str, now: datetime) -> None:
    """Everything that one sign-in opened, in every portal."""
    _end_and_tell(session, OAuthGrant.sid == sid, reason=reason, now=now)


def end_on_basis(
    session: Session, basis: str, *, reason: str, now: datetime, subject_id: int | None = None
) -> None:
    """Everything that rests on one seat, proxy, membership or relationship; or what one person has on it."""
    condition = OAuthGrant.basis == basis
    if subject_id is not None:
        condition = sa.and_(condition, OAuthGrant.subject_id == subject_id)
    _end_and_tell(session, condition, reason=reason, now=now)


def end_for_enterprise(session: Session, firm_id: int, *, reason: str, now: datetime) -> None:
    """Whatever anyone may do for a firm."""
    condition = sa.and_(OAuthGrant.acting_for == firm_id, OAuthGrant.capacity == "enterprise")
    _end_and_tell(session, condition, reason=reason, now=now)


def end_for_person(session: Session, subject_id: int, *, reason: str, now: datetime) -> None:
    """Whatever others may do for a person."""
    condition = sa.and_(OAuthGrant.acting_for == subject_id, OAuthGrant.capacity == "person")
    _end_and_tell(session, condition, reason=reason, now=now)


def end_of_subject(session: Session, subject_id: int, *, reason: str, now: datetime) -> None:
    """Whatever one person may do anywhere."""
    _end_and_tell(session, OAuthGrant.subject_id == subject_id, reason=reason, now=now)


def end_of_client(
    session: Session, client_id: str, *, reason: str, now: datetime, subject_id: int | None = None
) -> None:
    """Whatever a client may do, for everybody or for one person (who withdrew: then the client is told)."""
    condition = OAuthGrant.client_id == client_id
    if subject_id is None:
        repository.end(session, condition, reason=reason, now=now)
        return
    _end_and_tell(session, sa.and_(condition, OAuthGrant.subject_id == subject_id), reason=reason, now=now)


def end_overdue(session: Session, *, now: datetime, limit: int) -> int:
    """Close some grants whose time is up, and tell their clients; how many."""
    found = repository.overdue(session, now=now, limit=limit)
    if found:
        _end_and_tell(session, OAuthGrant.grant_id.in_(found), reason="expired", now=now)
    return len(found)


def retire_access_tokens(session: Session, grant_id: uuid.UUID, *, now: datetime) -> None:
    """The access tokens issued so far die, exchanged ones too; the refresh token lives on (RFC 7009 §2)."""
    condition = OAuthGrant.grant_id == grant_id
    repository.raise_epoch(session, grant_id)
    repository.end_children(session, condition, reason="revoked_by_client", now=now)


def _end_and_tell(session: Session, condition: sa.ColumnElement[bool], *, reason: str, now: datetime) -> None:
    for listener in repository.listeners(session, condition):
        outbox.enqueue(
            session,
            LOGOUT_TOPIC,
            f"logout:{listener.client_id}:{listener.sid}",
            {
                "client_id": listener.client_id,
                "sid": str(listener.sid),
                "subject_id": listener.subject_id,
            },
            now=now,
        )
    repository.end(session, condition, reason=reason, now=now)
