"""What pages and APIs are given of delivery: values only, every field always there, no number of a subject in any."""

import uuid
from datetime import date, datetime
from typing import Literal

import msgspec

from policy_engine.delivery.ports import ClauseLine


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    bank: str
    masked: str
    is_default: bool
    is_checked: bool
    is_resting: bool
    usable_from_at: datetime
    is_flagged: bool


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


class OfferRow(msgspec.Struct, frozen=True, kw_only=True):
    """One card of the inbox."""

    id: uuid.UUID
    policy: PolicyHead
    for_name: str
    state: str
    state_label: str
    amount_fen: int | None
    offered_on: date
    lapses_on: date | None
    is_new: bool
    #: What a yearly cap leaves of the first payment, where that is less than ``amount_fen``; and the cap in words.
    payable_fen: int | None = None
    cap_note: str = ""

    @property
    def first_fen(self) -> int | None:
        """What will be paid first."""
        return self.amount_fen if self.payable_fen is None else self.payable_fen


class OfferDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An offer, read top down: what, how much, since when, why you, what we will do, where the money goes."""

    row: OfferRow
    reason: str
    as_of: date
    clauses: tuple[ClauseLine, ...]
    missing: tuple[str, ...]
    steps: tuple[str, ...]
    accounts: tuple[AccountView, ...]
    needs_account: bool
    relation: str
    may_confirm: bool
    may_add_account: bool
    may_apply_anyway: bool
    claim_id: uuid.UUID | None


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


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    claim_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    period: str
    amount_fen: int
    state: str
    state_label: str
    reason: str
    is_held: bool
    hold_reasons: tuple[str, ...]
    account: AccountView | None
    due_on: date
    paid_at: datetime | None
    reconciled_on: date | None
    waiting_position: int | None


class AwardView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    claim_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    state: str
    state_label: str
    reason: str
    amount_fen: int | None
    starts_on: date
    ends_on: date | None
    next_due_on: date | None
    hearing_until_on: date | None
    account: AccountView | None
    paid_fen: int
    payments: tuple[PaymentView, ...]


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


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed decision record that can be downloaded; ``outcome`` in the reader's language."""

    id: uuid.UUID
    outcome: str
    issued_at: datetime


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


class MeansMember(msgspec.Struct, frozen=True, kw_only=True):
    """A grown-up member of the household and what they said. ``place`` tells members apart without a number."""

    place: int
    name: str
    state: str
    channel: str
    said_at: datetime | None


class MeansView(msgspec.Struct, frozen=True, kw_only=True):
    """A means check. Sums are for the household's own members and the seats that work on the claim, while they count."""

    id: uuid.UUID
    number: str
    claim_id: uuid.UUID
    case_number: str
    policy: PolicyHead
    subject_name: str
    division: str
    state: str
    state_label: str
    opened_by: str
    opened_at: datetime
    due_on: date | None
    working_days_left: int | None
    valid_until_on: date | None
    members: tuple[MeansMember, ...]
    answered: int
    asked: int
    monthly_income_fen: int | None
    assets_fen: int | None
    homes: int | None
    missing: tuple[str, ...]
    own_state: str
    may_say: bool
    may_withdraw: bool
    may_record_paper: bool


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


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    number: str
    approved_by_name: str
    approved_at: datetime
    payment_count: int
    total_fen: int
    held_count: int
    paid_count: int
    returned_count: int
    state: str
    planned_count: int
    planned_fen: int
    tried_count: int
    part: int
    window_until_at: datetime | None
    stop_reason: str


class ReadyGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What could be paid in one go."""

    policy_id: str
    title: str
    period: str
    count: int
    total_fen: int


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    policy_id: str
    division: str
    fund_source: str
    year: int
    appropriation: str
    kind: str
    appropriated_fen: int
    available_fen: int
    reserved_fen: int
    instructed_fen: int
    paid_fen: int


class OverpaidLine(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    amount_fen: int


class InstalmentLine(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    due_on: date
    amount_fen: int


class RepaymentLine(msgspec.Struct, frozen=True, kw_only=True):
    receipt: str
    received_on: date
    amount_fen: int


class OverpaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """``may_state_view``: the payee, or a dead payee's family, is still heard. ``left_fen`` is what is still open."""

    id: uuid.UUID
    award_id: uuid.UUID
    claim_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    cause: str
    is_official_error: bool
    reason: str
    amount_fen: int
    repaid_fen: int
    left_fen: int
    state: str
    state_label: str
    hearing_until_on: date
    statement: str
    decision_number: str
    decision_reason: str
    due_on: date | None
    found_at: datetime
    may_state_view: bool
    periods: tuple[OverpaidLine, ...]
    instalments: tuple[InstalmentLine, ...]
    repayments: tuple[RepaymentLine, ...]


class HeirView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for what was due to the dead: proposed, agreed or refused."""

    name: str
    account: str
    ground: str
    reference: str
    state: str
    reason: str
    proposed_at: datetime


class DueToFamily(msgspec.Struct, frozen=True, kw_only=True):
    """What was still due to somebody who died, by period; ``heir`` is whom it goes to, or is to go to."""

    award_id: uuid.UUID
    policy: PolicyHead
    for_name: str
    state: str
    state_label: str
    total_fen: int
    periods: tuple[OverpaidLine, ...]
    heir: HeirView | None = None
    may_ask: bool = False


class DeathWord(msgspec.Struct, frozen=True, kw_only=True):
    """What one department last said of somebody's death."""

    source: str
    is_dead: bool
    died_on: date | None


class AwardInQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A right of which an official has something to decide: ``hearing_ended`` before that it cannot be ended."""

    award: AwardView
    division: str
    rematched_amount_fen: int | None
    hearing_ended: bool
    death_words: tuple[DeathWord, ...]
    heir: HeirView | None = None


class LossesHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's day on which feeds put more rights in doubt than they may by themselves."""

    policy_id: str
    title: str
    day: date
    loss_count: int
    live_count: int


class ReconciledDayView(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the bank against the books, over all fiscal authorities: the city pays from one account."""

    day: date
    line_count: int
    out_fen: int
    back_fen: int
    matched_count: int
    matched_fen: int
    state: str
    reconciled_at: datetime


class DifferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Something on which the bank and the books do not agree, and what was said of it."""

    id: uuid.UUID
    day: date
    kind: str
    instruction_id: str
    claim_id: uuid.UUID | None
    bank_fen: int
    books_fen: int
    state: str
    explanation: str
