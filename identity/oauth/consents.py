"""Consents as their giver sees them, and their withdrawal."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from identity.grants import service as grants
from identity.oauth import repository
from identity.oauth.models import Consent
from identity.trail import note


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """One client that may know or do something."""

    client_id: str
    client_name: str
    scope: str
    given_at: datetime
    expires_at: datetime


def consents_of(session: Session, subject_id: int, now: datetime) -> list[ConsentView]:
    """The consents in force, newest first."""
    return [
        ConsentView(
            client_id=consent.client_id,
            client_name=name,
            scope=consent.scope,
            given_at=consent.given_at,
            expires_at=consent.expires_at,
        )
        for consent, name in repository.consents_with_names(session, subject_id, now)
    ]


class PastConsent(msgspec.Struct, frozen=True, kw_only=True):
    """One answer on a consent page: to whom, what exactly, and how it stands.

    ``state``: in_force, replaced (by a later answer), withdrawn or expired; ``ended_at`` from when.
    """

    client_id: str
    client_name: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    given_at: datetime
    expires_at: datetime
    state: Literal["in_force", "replaced", "withdrawn", "expired"]
    ended_at: datetime | None


def consent_history(
    session: Session, subject_id: int, now: datetime, *, limit: int = 100
) -> list[PastConsent]:
    """Everything a person ever let clients know or do, newest first."""
    rows = repository.consents_ever(session, subject_id, limit)
    given = {(consent.client_id, consent.given_at) for consent, _name in rows}
    return [
        PastConsent(
            client_id=consent.client_id,
            client_name=name,
            scopes=tuple(consent.scope.split()),
            claims=_claim_names(consent),
            given_at=consent.given_at,
            expires_at=consent.expires_at,
            state=_state(consent, given, now),
            ended_at=consent.withdrawn_at or (consent.expires_at if consent.expires_at <= now else None),
        )
        for consent, name in rows
    ]


def _state(
    consent: Consent, given: set[tuple[str, datetime]], now: datetime
) -> Literal["in_force", "replaced", "withdrawn", "expired"]:
    if consent.withdrawn_at is not None:
        is_replaced = (consent.client_id, consent.withdrawn_at) in given
        return "replaced" if is_replaced else "withdrawn"
    return "in_force" if consent.expires_at > now else "expired"


def _claim_names(consent: Consent) -> tuple[str, ...]:
    named = consent.claims or {}
    return tuple(sorted({*named.get("id_token", ()), *named.get("userinfo", ())}))


def withdraw_consent(session: Session, subject_id: int, client_id: str, *, now: datetime) -> None:
    """The client must ask again, and its live tokens for this person die at once."""
    repository.withdraw_consents(session, subject_id, client_id, now)
    note(session, "consent.withdraw", "client", client_id, now=now, by=subject_id)
    grants.end_of_client(session, client_id, reason="consent_withdrawn", now=now, subject_id=subject_id)
