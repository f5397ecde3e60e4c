"""What the auditor's ready questions found."""

import uuid
from datetime import date, datetime

import msgspec


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a ready question found, and what became of it. ``who`` is shown to whoever may answer or audit it."""

    id: uuid.UUID
    question: str
    title: str
    asked: str
    state: str
    weight: int
    who: str
    official: str
    claim_id: uuid.UUID | None
    case_number: str
    division: str
    duty: str
    periods: tuple[str, ...]
    total_fen: int | None
    died_on: date | None
    found_on: date
    last_found_on: date
    is_standing: bool
    due_on: date
    working_days_left: int | None
    answer: str
    answered_by: str
    answered_at: datetime | None
    outcome: str
    closing: str
    closed_by: str
    closed_at: datetime | None
    may_answer: bool
    may_close: bool
