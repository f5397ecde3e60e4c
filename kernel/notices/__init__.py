"""Messages to people: requests, preferences, inbox. The senders to the outside live in connectors."""

from kernel.notices.models import Notice, NoticePreference
from kernel.notices.repository import inbox, since, unread_count, verify_number
from kernel.notices.service import (
    NewNotice,
    inbox_channel,
    mark_all_read,
    mark_read,
    notify,
    notify_all,
    set_preference,
)

__all__ = [
    "NewNotice",
    "Notice",
    "NoticePreference",
    "inbox",
    "inbox_channel",
    "mark_all_read",
    "mark_read",
    "notify",
    "notify_all",
    "set_preference",
    "since",
    "unread_count",
    "verify_number",
]
