"""All SQL of the protocol. Codes and refresh tokens are spent by one UPDATE, so of many callers one succeeds."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from identity.clients.models import OAuthClient
from identity.grants.models import OAuthGrant
from identity.oauth.models import (
    AuthorizationCode,
    Consent,
    DeviceAuthorization,
    PushedRequest,
    RefreshToken,
    RegistrationTicket,
    SigningKey,
)
from identity.registry.models import Subject
from identity.seats.models import Department, Seat
from kernel.database import UtcDateTime

# Built once: putting a statement together costs more than running it, and these run at every exchange.
_HASH, _CLIENT = sa.bindparam("hash"), sa.bindparam("client")
_NOW = sa.bindparam("now", type_=UtcDateTime)
_CODE = sa.select(AuthorizationCode).where(
    AuthorizationCode.code_hash == _HASH,
    AuthorizationCode.client_id == _CLIENT,
    AuthorizationCode.expires_at > _NOW,
)
_SPEND_CODE = (
    sa.update(AuthorizationCode)
    .where(
        AuthorizationCode.code_hash == _HASH,
        AuthorizationCode.client_id == _CLIENT,
        AuthorizationCode.consumed_at.is_(None),
        AuthorizationCode.expires_at > _NOW,
    )
    .values(consumed_at=_NOW)
    .returning(AuthorizationCode.code_hash)
)
_TOKEN = sa.select(RefreshToken).where(RefreshToken.token_hash == _HASH, RefreshToken.client_id == _CLIENT)
_SPEND_TOKEN = (
    sa.update(RefreshToken)
    .where(
        RefreshToken.token_hash == _HASH,
        RefreshToken.client_id == _CLIENT,
        RefreshToken.consumed_at.is_(None),
        RefreshToken.expires_at > _NOW,
    )
    .values(consumed_at=_NOW)
    .returning(RefreshToken.token_hash)
)
_VALID_CONSENT = (
    sa.select(Consent)
    .where(
        Consent.subject_id == sa.bindparam("subject"),
        Consent.client_id == _CLIENT,
        Consent.withdrawn_at.is_(None),
        Consent.expires_at > _NOW,
    )
    .order_by(Consent.given_at.desc())
    .limit(1)
)

Row: TypeAlias = (
    AuthorizationCode
    | Consent
    | DeviceAuthorization
    | PushedRequest
    | RefreshToken
    | RegistrationTicket
    | SigningKey
)


def add(session: Session, row: Row) -> None:
    session.add(row)
    session.flush()


def code_of(session: Session, code_hash: bytes, client_id: str, now: datetime) -> AuthorizationCode | None:
    """The code, spent or not, if it was given to this client and is not too old."""
    return session.scalar(_CODE, {"hash": code_hash, "client": client_id, "now": now})


def spend_code(session: Session, code_hash: bytes, client_id: str, now: datetime) -> bool:
    """Whether it was this caller who spent it; what the session read of it before is not touched."""
    found = session.connection().execute(_SPEND_CODE, {"hash": code_hash, "client": client_id, "now": now})
    return found.first() is not None


def refresh_token_of(session: Session, token_hash: bytes, client_id: str) -> RefreshToken | None:
    return session.scalar(_TOKEN, {"hash": token_hash, "client": client_id})


def spend_refresh_token(session: Session, token_hash: bytes, client_id: str, now: datetime) -> bool:
    """Whether it was this caller who spent it; what the session read of it before is not touched."""
    found = session.connection().execute(_SPEND_TOKEN, {"hash": token_hash, "client": client_id, "now": now})
    return found.first() is not None


def refresh_spent_at(session: Session, token_hash: bytes) -> datetime | None:
    """When a refresh token was first used, as committed by now."""
    return session.scalar(sa.select(RefreshToken.consumed_at).where(RefreshToken.token_hash == token_hash))


def is_unspent(session: Session, token_hash: bytes) -> bool:
    """Whether a refresh token exists and nobody has used it."""
    found = session.scalar(
        sa.select(RefreshToken.token_hash).where(
            RefreshToken.token_hash == token_hash, RefreshToken.consumed_at.is_(None)
        )
    )
    return found is not None


def pushed_request_of(
    session: Session, request_hash: bytes, client_id: str, now: datetime
) -> PushedRequest | None:
    """A request that this client pushed, not answered and not too old."""
    return session.scalar(
        sa.select(PushedRequest).where(
            PushedRequest.request_hash == request_hash,
            PushedRequest.client_id == client_id,
            PushedRequest.consumed_at.is_(None),
            PushedRequest.expires_at > now,
        )
    )


def spend_pushed_request(session: Session, request_hash: bytes, now: datetime) -> bool:
    result = session.execute(
        sa.update(PushedRequest)
        .where(
            PushedRequest.request_hash == request_hash,
            PushedRequest.consumed_at.is_(None),
            PushedRequest.expires_at > now,
        )
        .values(consumed_at=now)
        .returning(PushedRequest.request_hash)
    )
    return result.first() is not None


def device_of(session: Session, device_hash: bytes, client_id: str) -> DeviceAuthorization | None:
    return session.scalar(
        sa.select(DeviceAuthorization).where(
            DeviceAuthorization.device_hash == device_hash, DeviceAuthorization.client_id == client_id
        )
    )


def device_waiting(session: Session, user_code_hash: bytes, now: datetime) -> DeviceAuthorization | None:
    """A device that still waits for a person."""
    return session.scalar(
        sa.select(DeviceAuthorization).where(
            DeviceAuthorization.user_code_hash == user_code_hash,
            DeviceAuthorization.state == "pending",
            DeviceAuthorization.expires_at > now,
        )
    )


def move_device(
    session: Session,
    device_hash: bytes,
    *,
    from_state: str,
    to_state: str,
    now: datetime,
    grant_id: uuid.UUID | None = None,
) -> bool:
    """One step of a device's life; of many who try, one makes it."""
    result = session.execute(
        sa.update(DeviceAuthorization)
        .where(
            DeviceAuthorization.device_hash == device_hash,
            DeviceAuthorization.state == from_state,
            DeviceAuthorization.expires_at > now,
        )
        .values(state=to_state, **({"grant_id": grant_id} if grant_id else {}))
        .returning(DeviceAuthorization.device_hash)
    )
    return result.first() is not None


def spend_ticket(session: Session, ticket_hash: bytes, now: datetime) -> RegistrationTicket | None:
    """Use an initial access token once; the row, if it had a use left."""
    result = session.execute(
        sa.update(RegistrationTicket)
        .where(
            RegistrationTicket.ticket_hash == ticket_hash,
            RegistrationTicket.uses_left > 0,
            RegistrationTicket.expires_at > now,
        )
        .values(uses_left=RegistrationTicket.uses_left - 1)
        .returning(RegistrationTicket.ticket_hash)
    )
    return session.get(RegistrationTicket, ticket_hash) if result.first() else None


def signing_keys(session: Session) -> Sequence[SigningKey]:
    return session.scalars(sa.select(SigningKey).order_by(SigningKey.created_at)).all()


def valid_consent(session: Session, subject_id: int, client_id: str, now: datetime) -> Consent | None:
    return session.scalar(_VALID_CONSENT, {"subject": subject_id, "client": client_id, "now": now})


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


def consents_ever(session: Session, subject_id: int, limit: int) -> Sequence[tuple[Consent, str]]:
    """Those in force and those that ended, newest first."""
    rows = session.execute(
        sa.select(Consent, OAuthClient.name)
        .join(OAuthClient, OAuthClient.client_id == Consent.client_id)
        .where(Consent.subject_id == subject_id)
        .order_by(Consent.given_at.desc(), Consent.consent_id.desc())
        .limit(limit)
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


class Inquiry(NamedTuple):
    """Who asks about a token, and the grant that it names: what an introspection needs of both rows."""

    client_id: str
    auth_method: str
    secret_hash: bytes | None
    former_secret_hash: bytes | None
    former_secret_until: datetime | None
    may_introspect: bool
    granted_to: str | None
    epoch: int | None
    ended_at: datetime | None
    expires_at: datetime | None

    @property
    def is_public(self) -> bool:
        return self.auth_method == "none"


_INQUIRY = (
    sa.select(
        OAuthClient.client_id,
        OAuthClient.auth_method,
        OAuthClient.secret_hash,
        OAuthClient.former_secret_hash,
        OAuthClient.former_secret_until,
        OAuthClient.may_introspect,
        OAuthGrant.client_id,
        OAuthGrant.epoch,
        OAuthGrant.ended_at,
        OAuthGrant.expires_at,
    )
    .outerjoin(OAuthGrant, OAuthGrant.grant_id == sa.bindparam("grant", type_=sa.Uuid()))
    .where(OAuthClient.client_id == _CLIENT, ~OAuthClient.is_suspended)
)


def inquiry(session: Session, client_id: str, grant_id: uuid.UUID) -> Inquiry | None:
    """The one read of an introspection, past the mapper: services ask before every call they serve."""
    row = session.connection().execute(_INQUIRY, {"client": client_id, "grant": grant_id}).first()
    return Inquiry._make(row) if row else None


def purge(session: Session, *, now: datetime, limit: int) -> int:
    """Delete some codes, tokens and requests that can do nothing any more; how many."""
    count = 0
    for table, key in (
        (AuthorizationCode, AuthorizationCode.code_hash),
        (RefreshToken, RefreshToken.token_hash),
        (PushedRequest, PushedRequest.request_hash),
        (DeviceAuthorization, DeviceAuthorization.device_hash),
        (RegistrationTicket, RegistrationTicket.ticket_hash),
    ):
        doomed = sa.select(key).where(table.expires_at <= now).limit(limit)
        count += len(session.execute(sa.delete(table).where(key.in_(doomed)).returning(key)).all())
    return count
