"""All SQL of the protocol. Codes and refresh tokens are spent by one UPDATE, so of many callers one succeeds."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.oauth.models import AuthorizationCode, Consent, RefreshToken, SigningKey
from identity.registry.models import Subject
from identity.seats.models import Department, Seat


def add(session: Session, row: AuthorizationCode | RefreshToken | SigningKey | Consent) -> None:
    session.add(row)
    session.flush()


def code_of(session: Session, code_hash: bytes, client_id: str, now: datetime) -> AuthorizationCode | None:
    """The code, spent or not, if it was given to this client and is not too old."""
    return session.scalar(
        sa.select(AuthorizationCode).where(
            AuthorizationCode.code_hash == code_hash,
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.expires_at > now,
        )
    )


def spend_code(session: Session, code_hash: bytes, client_id: str, now: datetime) -> bool:
    result = session.execute(
        sa.update(AuthorizationCode)
        .where(
            AuthorizationCode.code_hash == code_hash,
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.consumed_at.is_(None),
            AuthorizationCode.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(AuthorizationCode.code_hash)
    )
    return result.first() is not None


def refresh_token_of(session: Session, token_hash: bytes, client_id: str) -> RefreshToken | None:
    return session.scalar(
        sa.select(RefreshToken).where(
            RefreshToken.token_hash == token_hash, RefreshToken.client_id == client_id
        )
    )


def spend_refresh_token(session: Session, token_hash: bytes, client_id: str, now: datetime) -> bool:
    result = session.execute(
        sa.update(RefreshToken)
        .where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.client_id == client_id,
            RefreshToken.consumed_at.is_(None),
            RefreshToken.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(RefreshToken.token_hash)
    )
    return result.first() is not None


def signing_keys(session: Session) -> Sequence[SigningKey]:
    return session.scalars(sa.select(SigningKey).order_by(SigningKey.created_at)).all()


def valid_consent(session: Session, subject_id: int, client_id: str, now: datetime) -> Consent | None:
    return session.scalar(
        sa.select(Consent)
        .where(
            Consent.subject_id == subject_id,
            Consent.client_id == client_id,
            Consent.withdrawn_at.is_(None),
            Consent.expires_at > now,
        )
        .order_by(Consent.given_at.desc())
        .limit(1)
    )


def withdraw_consents(session: Session, subject_id: int, client_id: str, now: datetime) -> None:
    session.execute(
        sa.update(Consent)
        .where(
            Consent.subject_id == subject_id,
            Consent.client_id == client_id,
            Consent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )


def consents_with_names(session: Session, subject_id: int, now: datetime) -> Sequence[tuple[Consent, str]]:
    rows = session.execute(
        sa.select(Consent, OAuthClient.name)
        .join(OAuthClient, OAuthClient.client_id == Consent.client_id)
        .where(Consent.subject_id == subject_id, Consent.withdrawn_at.is_(None), Consent.expires_at > now)
        .order_by(Consent.given_at.desc())
    )
    return [(consent, name) for consent, name in rows]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant with the rows that make a ``Principal`` of it."""

    grant: OAuthGrant
    person: Subject
    concerned: Subject
    seat: Seat | None
    department: Department | None


_PERSON = aliased(Subject)
_CONCERNED = aliased(Subject)
# Built once: putting the statement together costs more than running it, and every request runs it.
_GRANT_WITH_PEOPLE = (
    sa.select(OAuthGrant, _PERSON, _CONCERNED, Seat, Department)
    .join(_PERSON, _PERSON.subject_id == OAuthGrant.subject_id)
    .join(_CONCERNED, _CONCERNED.subject_id == OAuthGrant.acting_for)
    .outerjoin(Seat, Seat.seat_id == OAuthGrant.seat_id)
    .outerjoin(Department, Department.department_id == Seat.department_id)
    .where(OAuthGrant.grant_id == sa.bindparam("wanted"))
)


def grant_with_people(session: Session, grant_id: uuid.UUID) -> GrantRow | None:
    """The one read of every request: the grant, who and for whom, and the seat as it is now."""
    row = session.execute(_GRANT_WITH_PEOPLE, {"wanted": grant_id}).first()
    return GrantRow(row[0], row[1], row[2], row[3], row[4]) if row else None


def purge(session: Session, *, now: datetime, limit: int) -> int:
    """Delete some codes and refresh tokens that can do nothing any more; how many."""
    count = 0
    for table, key in (
        (AuthorizationCode, AuthorizationCode.code_hash),
        (RefreshToken, RefreshToken.token_hash),
    ):
        doomed = sa.select(key).where(table.expires_at <= now).limit(limit)
        count += len(session.execute(sa.delete(table).where(key.in_(doomed)).returning(key)).all())
    return count
