"""What the city tells a bank's system: that something happened, and where to look. Never what a firm's data are."""

import uuid
from datetime import datetime

import msgspec


class BankNews(msgspec.Struct, frozen=True, kw_only=True):
    """``type`` is the step (``route``, ``accept_offer``, ``not_choose``, ``revoke_data``, ``confirm_receipt`` …).

    The same ``id`` is the same news, however often it comes.
    """

    id: uuid.UUID
    type: str
    occurred_at: datetime
    bank: str
    application_id: uuid.UUID | None = None
    loan_id: uuid.UUID | None = None
