"""Ratings: for whoever gave one, and for the seat that has to answer a bad one."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.cases.schemas import PolicyHead


class RatingView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of how they were served, and what was answered; for themselves."""

    grade: int
    words: str
    rated_at: datetime
    answer_due_on: date | None
    answer: str
    answered_by: str
    answered_at: datetime | None


class RatingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A bad rating to look into. ``caller`` is empty unless the person wants to be called back."""

    id: uuid.UUID
    case_number: str
    policy: PolicyHead
    department: str
    division: str
    grade: int
    words: str
    caller: str
    rated_at: datetime
    due_on: date | None
    working_days_left: int | None
    state: str
    is_founded: bool | None
    answer: str
    answered_by: str
