"""Consents as their giver sees them, and their withdrawal."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from identity.grants import service as grants
from identity.oauth import repository
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


def withdraw_consent(session: Session, subject_id: int, client_id: str, *, now: datetime) -> None:
    """The client must ask again, and its live tokens for this person die at once."""
    repository.withdraw_consents(session, subject_id, client_id, now)
    note(session, "consent.withdraw", "client", client_id, now=now, by=subject_id)
    grants.end_of_client(session, client_id, reason="consent_withdrawn", now=now, subject_id=subject_id)
