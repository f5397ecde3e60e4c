"""The bank against the books, day by day."""

import uuid
from datetime import date, datetime

import msgspec


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
