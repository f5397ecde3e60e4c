"""A means check as the household and the seats on the claim read it."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.cases.schemas import PolicyHead
from policy_engine.delivery.means.withdrawing import Bearer
from policy_engine.delivery.means.witnessing import Witnessed


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Spoken words on file: ``said`` is given or withdrawn."""

    id: uuid.UUID
    said: str
    name: str
    media_type: str
    size: int
    sha256: str
    sm3: str
    uploaded_at: datetime


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """How a word was taken back at a counter: the way, where the paper is filed, before whom, brought by whom."""

    channel: str
    channel_label: str
    reference: str
    witnessed: Witnessed | None
    bearer: Bearer | None


class WeighedIncome(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of the household's income, how much of it counts, and why the rest does not."""

    kind: str
    label: str
    amount_fen: int
    counted_fen: int
    why: str


class MeansSum(msgspec.Struct, frozen=True, kw_only=True):
    """The household's monthly income as one means test adds it up."""

    test: str
    label: str
    counted_fen: int
    lines: tuple[WeighedIncome, ...]


class MeansMember(msgspec.Struct, frozen=True, kw_only=True):
    """A grown-up member of the household and what they said. ``place`` tells members apart without a number.

    ``channel`` is app, paper, thumb or voice; of the last two ``witnessed`` says before whom and why, to the seats that work
    on the claim and to the member.
    """

    place: int
    name: str
    state: str
    channel: str
    channel_label: str
    reference: str
    witnessed: Witnessed | None
    withdrawal: Withdrawal | None
    recordings: tuple[Recording, ...]
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
    sums: tuple[MeansSum, ...]
    missing: tuple[str, ...]
    own_state: str
    may_say: bool
    may_withdraw: bool
    may_record_paper: bool
    may_record_withdrawal: bool
    #: What taking a word back would do now; empty where none can be taken back.
    consequences: tuple[str, ...]
