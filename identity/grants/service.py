"""End grants by whatever they rest on. The rows stay, as a record of what was allowed until when."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.grants import repository
from identity.grants.models import OAuthGrant

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
    repository.end(session, OAuthGrant.sid == sid, reason=reason, now=now)


def end_on_basis(
    session: Session, basis: str, *, reason: str, now: datetime, subject_id: int | None = None
) -> None:
    """Everything that rests on one seat, proxy, membership or relationship; or what one person has on it."""
    condition = OAuthGrant.basis == basis
    if subject_id is not None:
        condition = sa.and_(condition, OAuthGrant.subject_id == subject_id)
    repository.end(session, condition, reason=reason, now=now)


def end_for_enterprise(session: Session, firm_id: int, *, reason: str, now: datetime) -> None:
    """Whatever anyone may do for a firm."""
    condition = sa.and_(OAuthGrant.acting_for == firm_id, OAuthGrant.capacity == "enterprise")
    repository.end(session, condition, reason=reason, now=now)


def end_for_person(session: Session, subject_id: int, *, reason: str, now: datetime) -> None:
    """Whatever others may do for a person."""
    condition = sa.and_(OAuthGrant.acting_for == subject_id, OAuthGrant.capacity == "person")
    repository.end(session, condition, reason=reason, now=now)


def end_of_subject(session: Session, subject_id: int, *, reason: str, now: datetime) -> None:
    """Whatever one person may do anywhere."""
    repository.end(session, OAuthGrant.subject_id == subject_id, reason=reason, now=now)


def end_of_client(
    session: Session, client_id: str, *, reason: str, now: datetime, subject_id: int | None = None
) -> None:
    """Whatever a client may do, for everybody or for one person."""
    condition = OAuthGrant.client_id == client_id
    if subject_id is not None:
        condition = sa.and_(condition, OAuthGrant.subject_id == subject_id)
    repository.end(session, condition, reason=reason, now=now)


def retire_access_tokens(session: Session, grant_id: uuid.UUID) -> None:
    """The access tokens issued so far die; the refresh token lives on (RFC 7009 §2)."""
    repository.raise_epoch(session, grant_id)
