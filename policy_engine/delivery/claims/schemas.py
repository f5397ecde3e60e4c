"""A claim as its own people read it, and as it lies on an official's desk."""

import uuid
from datetime import date, datetime
from typing import Literal

import msgspec

from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.cases.schemas import (
    DecisionView,
    PendingStep,
    PolicyHead,
    RecordView,
    TimelineItem,
)
from policy_engine.delivery.ports import ClauseLine
from policy_engine.delivery.ratings.schemas import RatingView


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    case_number: str
    policy: PolicyHead
    for_name: str
    state: str
    state_label: str
    is_held: bool
    amount_fen: int | None
    submitted_at: datetime | None
    updated_at: datetime
    pending: PendingStep | None


class ClaimDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as its own people read it."""

    row: ClaimRow
    relation: str
    clauses: tuple[ClauseLine, ...]
    stages: tuple[str, ...]
    stage_index: int
    supplement_request: str
    notice_until_on: date | None
    timeline: tuple[TimelineItem, ...]
    decisions: tuple[DecisionView, ...]
    records: tuple[RecordView, ...]
    award: AwardView | None
    account: AccountView | None
    may_withdraw: bool
    may_supplement: bool
    may_appeal: bool
    rating: RatingView | None
    may_rate: bool


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a seat's to-do list, its clock in working days (below zero: overdue).

    ``kind``: an act at a stage, an appeal to decide, an objection to look into, an opinion that was asked for.
    """

    kind: Literal["stage", "appeal", "objection", "opinion"]
    claim_id: uuid.UUID
    case_number: str
    policy: PolicyHead
    subject_name: str
    division: str
    stage: str
    state: str
    amount_fen: int | None
    is_held: bool
    submitted_at: datetime | None
    due_on: date | None
    working_days_left: int | None
    may_act: bool
    why_not: str


class StageActView(msgspec.Struct, frozen=True, kw_only=True):
    stage: str
    action: str
    official_name: str
    seat_title: str
    department: str
    reason: str
    decided_at: datetime
    taken_back_at: datetime | None


class SignatureLine(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a joint stage, and who filled it (empty: still open)."""

    title: str
    department: str
    action: str
    official_name: str
    signed_at: datetime | None


class OpinionView(msgspec.Struct, frozen=True, kw_only=True):
    """加签: what a seat was asked, by when, and what it said. ``state``: asked, answered or dropped."""

    id: uuid.UUID
    state: str
    seat: str
    asked_by: str
    question: str
    asked_at: datetime
    due_on: date
    working_days_left: int | None
    stance: str
    answer: str
    answered_by: str
    answered_at: datetime | None


class ObjectionLine(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said against a public notice, for the seats that look into it; their contact while they do."""

    grounds: str
    contact: str
    made_at: datetime
    due_on: date
    outcome: str
    answer: str


class SeatChoice(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str


class StageChoice(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    title: str


class Hands(msgspec.Struct, frozen=True, kw_only=True):
    """Who else has a part in the claim, and to whom it can go from this seat; empty where it may not."""

    signatures: tuple[SignatureLine, ...]
    against: tuple[str, ...]
    opinions: tuple[OpinionView, ...]
    asked_of_me: uuid.UUID | None
    assigned_to: str
    earlier: tuple[StageChoice, ...]
    colleagues: tuple[SeatChoice, ...]
    advisers: tuple[SeatChoice, ...]
    may_take_back: bool


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned or declared fact by its attribute id; the page names it by the catalogue."""

    attribute: str
    value: object
    is_declared: bool


class EvidenceLine(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    reference: str


class BesideLine(msgspec.Struct, frozen=True, kw_only=True):
    """Another benefit of the same unit that the decision has to look at: one that has to come first and does not stand,
    one that excludes this one, one that pays as much or more, or a lower one that would end; or (``limit``) that
    nothing is left of this one."""

    title: str
    words: str
    kind: Literal["limit", "missing", "excluded", "higher", "lower"]


class ClaimFile(msgspec.Struct, frozen=True, kw_only=True):
    """A claim on an official's desk: facts left, decision right, history below."""

    row: ClaimRow
    subject_name: str
    applicant_name: str
    channel: str
    division: str
    clauses: tuple[ClauseLine, ...]
    facts: tuple[FactLine, ...]
    facts_sequence: int
    facts_sha256: str
    evidence: tuple[EvidenceLine, ...]
    beside: tuple[BesideLine, ...]
    stages: tuple[str, ...]
    stage_index: int
    acts: tuple[StageActView, ...]
    objections: tuple[ObjectionLine, ...]
    hands: Hands
    actions: tuple[str, ...]
    why_not: str
    needs_amount: bool
    hold_reasons: tuple[str, ...]
    appeal_grounds: str
    may_decide_appeal: bool
    account: AccountView | None
    timeline: tuple[TimelineItem, ...]
    decisions: tuple[DecisionView, ...]
    records: tuple[RecordView, ...]
    award: AwardView | None
