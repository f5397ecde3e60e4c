"""What an account shows its owner."""

from datetime import datetime

import msgspec


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to sign in, as its owner sees it."""

    at: datetime
    is_success: bool
    address: str
    device: str
