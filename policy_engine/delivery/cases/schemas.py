"""What offers, claims, awards and payments are alike shown with. As everything that pages and APIs are given of delivery:
values only, every field always there, no number of a subject in any."""

import uuid
from datetime import date, datetime

import msgspec


class PolicyHead(msgspec.Struct, frozen=True, kw_only=True):
    """How a policy is named wherever one of its offers, claims, awards or payments is shown."""

    policy_id: str
    version: int
    title: str
    department: str
    period: str
    mode: str
    is_status: bool
    is_invitation: bool
    is_demonstration: bool
    legal_basis: str
    phone: str
    promised_working_days: int


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    kind: str
    text: str
    actor: str
    object_kind: str
    reason: str
    period: str
    amount_fen: int | None


class PendingStep(msgspec.Struct, frozen=True, kw_only=True):
    """Who has it now and by when."""

    title: str
    department: str
    due_on: date | None
    working_days_left: int | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    outcome: str
    reasons: str
    legal_basis: str
    official_name: str
    seat_title: str
    department: str
    decided_on: date
    ways_on: tuple[str, ...]
    reconsideration_until_on: date | None
    lawsuit_until_on: date | None


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed decision record that can be downloaded; ``outcome`` in the reader's language."""

    id: uuid.UUID
    outcome: str
    issued_at: datetime


class PeriodSum(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid too much for a period, or not paid any more."""

    period: str
    amount_fen: int
