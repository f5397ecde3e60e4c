"""Accounts as their holders read them: never the whole number."""

import uuid
from datetime import datetime

import msgspec


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    id: uuid.UUID
    bank: str
    masked: str
    is_default: bool
    is_checked: bool
    is_resting: bool
    usable_from_at: datetime
    is_flagged: bool
