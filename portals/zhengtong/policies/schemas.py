"""What the policy pages and the API show."""

import uuid
from datetime import date, datetime
from typing import Any

import msgspec

from policy_engine.policies.document import PolicyDocument


class PolicyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the list; ``standing`` says how well its figures are known."""

    version_id: uuid.UUID
    policy_id: str
    version: int
    title: str
    audience: str
    state: str
    state_label: str
    standing: str
    is_demonstration: bool
    is_expired: bool
    rollout_permille: int
    effective_from: date
    effective_to: date | None
    updated_at: datetime


class HandLine(msgspec.Struct, frozen=True, kw_only=True):
    """One hand put to a version; ``detail`` holds the findings of a review, or the figures of a shadow run."""

    action: str
    seat_title: str
    note: str
    detail: dict[str, Any]
    at: datetime


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """A case of the document and what came of it; ``difference`` is empty when it passed."""

    name: str
    as_of: date
    verdict: str
    amount_fen: int | None
    difference: str


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A version on one page. ``reached`` counts offers of the policy by state."""

    line: PolicyLine
    document: PolicyDocument
    versions: tuple[PolicyLine, ...]
    hands: tuple[HandLine, ...]
    cases: tuple[CaseLine, ...]
    reached: dict[str, int]
    actions: tuple[str, ...]
    is_own_draft: bool
    content_hash: str


class CheckedTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload of these texts would come to; nothing of it is kept. ``title`` is empty where none can be read.

    ``hints`` ask for what may be left out; only ``problems`` keep the document out.
    """

    title: str
    problems: list["ProblemLine"]
    hints: list["ProblemLine"]
    cases: tuple[CaseLine, ...]


class ProblemLine(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with an upload: in which file, at which line, why, and how to mend it; the line as it stands."""

    file: str
    line: int
    where: str
    reason: str
    mend: str
    text: str
