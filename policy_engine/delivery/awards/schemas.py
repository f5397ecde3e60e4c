"""Rights that were granted: as their people read them, in question on a desk, and what the dead still had to get."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.cases.schemas import PeriodSum, PolicyHead
from policy_engine.delivery.payments.schemas import PaymentView


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
    periods: tuple[PeriodSum, ...]
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
