"""What one transaction does to many offers: new rows, history and letters, gathered and written together at its end.

A publication reaches tens of thousands of people, and row by row each of them would take milliseconds of everybody's
turn to write.
"""

import uuid
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.bulk import insert_rows
from kernel.wording import Wording
from policy_engine.delivery.cases.letters import Letter, tell_all
from policy_engine.delivery.cases.timeline import SYSTEM, NewEvent, new_event, record_events
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import Ports


class NewOffer(msgspec.Struct, kw_only=True):
    """An offer about to be written, its columns by the names that ``Offer`` has for them."""

    id: uuid.UUID
    policy_id: str
    policy_version: int
    subject_id: int
    unit_id: int
    division: str
    mode: str
    state: str
    state_reason: str | None = None
    amount_fen: int | None
    missing: list[str]
    sequence: int
    as_of: date
    matched_on: date
    lapses_on: date | None = None
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class Batch:
    """Gather with ``add``, ``log`` and ``tell``; nothing is written before ``write``, which comes once."""

    def __init__(self, session: Session, ports: Ports, now: datetime) -> None:
        self.session = session
        self.ports = ports
        self.now = now
        self._offers: list[NewOffer] = []
        self._events: list[NewEvent] = []
        self._letters: list[Letter] = []

    def add(self, offer: NewOffer) -> None:
        self._offers.append(offer)

    def log(
        self,
        offer_id: uuid.UUID,
        subject_id: int,
        kind: str,
        moved: tuple[str | None, str],
        detail: dict[str, Any] | None = None,
    ) -> None:
        """One line of an offer's history; ``moved`` is (from state, to state)."""
        self._events.append(
            new_event(
                "offer",
                offer_id,
                kind,
                claim_id=None,
                subject_id=subject_id,
                actor=SYSTEM,
                now=self.now,
                moved=moved,
                detail=detail,
            )
        )

    def tell(self, offer_id: uuid.UUID, subject_id: int, kind: str, title: Wording, body: Wording) -> None:
        """A letter about an offer to everybody who follows the subject's affairs."""
        self._letters.append(Letter(subject_id, kind, title, body, f"/offers/{offer_id}"))

    def write(self) -> None:
        if self._offers:
            rows = (msgspec.structs.astuple(one) for one in self._offers)
            insert_rows(self.session, Offer, NewOffer.__struct_fields__, rows)
        if self._events:
            record_events(self.session, self._events)
        if self._letters:
            tell_all(self.session, self.ports, self._letters, now=self.now)
