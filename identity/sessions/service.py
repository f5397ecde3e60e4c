"""Open and end sign-ins. Ending one ends every grant it opened, so all portals forget it with the same commit."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.grants import service as grants
from identity.sessions import repository
from identity.sessions.models import IdentitySession
from kernel.crypto import Vault
from kernel.errors import NotFound
from kernel.ids import new_id

LIFETIME = timedelta(hours=12)
LOWEST_ACR = "L1"


def open_session(
    session: Session,
    *,
    subject_id: int,
    address: str,
    device: str,
    vault: Vault,
    now: datetime,
    methods: Sequence[str] = ("pwd",),
    acr: str = LOWEST_ACR,
) -> uuid.UUID:
    """A fresh sign-in by these methods, with the assurance that they give; its ``sid``."""
    sid = new_id()
    values = {
        "sid": sid,
        "subject_id": subject_id,
        "acr": acr,
        "methods": sorted(methods),
        "auth_at": now,
        "address_sealed": vault.seal(address, context=_address_place(sid)),
        "device": device[:120],
        "expires_at": now + LIFETIME,
    }
    repository.add(session, values)
    return sid


def live_session(session: Session, sid: uuid.UUID, now: datetime) -> IdentitySession | None:
    """The sign-in, if it still stands."""
    row = repository.get(session, sid)
    return row if row and row.ended_at is None and row.expires_at > now else None


def raise_session(row: IdentitySession, *, method: str, acr: str, now: datetime) -> None:
    """The person of this sign-in has proved it in one more way."""
    row.methods = sorted({*row.methods, method})
    row.acr, row.auth_at = acr, now


def end_session(session: Session, sid: uuid.UUID, *, reason: str, now: datetime) -> None:
    """Single logout: the sign-in and all grants under it."""
    repository.end(session, sid, reason=reason, now=now)
    grants.end_of_session(session, sid, reason=reason, now=now)


def end_sessions_of(
    session: Session, subject_id: int, *, reason: str, now: datetime, but: uuid.UUID | None = None
) -> None:
    """Every sign-in of a person ends, everywhere; ``but`` may be the one they are in."""
    for row in repository.live_of(session, subject_id, now):
        if row.sid != but:
            end_session(session, row.sid, reason=reason, now=now)


def end_overdue(session: Session, *, now: datetime, limit: int) -> int:
    """Close some sign-ins whose time is up, and all grants under them; how many."""
    found = repository.overdue(session, now=now, limit=limit)
    for sid in found:
        end_session(session, sid, reason="expired", now=now)
    return len(found)


def end_own_session(session: Session, subject_id: int, sid: uuid.UUID, *, now: datetime) -> None:
    """A person ends one of their own sign-ins; another's reads as not found."""
    row = repository.get(session, sid)
    if row is None or row.subject_id != subject_id:
        raise NotFound("没有找到这次登录，可能已经退出。")
    end_session(session, sid, reason="ended_by_person", now=now)


def address_of(row: IdentitySession, vault: Vault) -> str:
    """Where the sign-in came from, for its owner's eyes."""
    return vault.open(row.address_sealed, context=_address_place(row.sid))


def _address_place(sid: uuid.UUID) -> str:
    return f"identity_session/address_sealed/{sid}"
