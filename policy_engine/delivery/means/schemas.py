"""A means check as the household and the seats on the claim read it."""

import uuid
from datetime import date, datetime

import msgspec

from policy_engine.delivery.cases.schemas import PolicyHead
from policy_engine.delivery.means.witnessing import Witnessed


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
