"""What is known of whoever stands at the door, and what an account shows its owner."""

from datetime import datetime

import msgspec


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A browser before anybody is signed in: where it is, what it calls itself, and the key of an earlier sign-in there.

    ``key`` is the value of a long-lived cookie, "" in a browser where nobody signed in before.
    """

    address: str
    device: str
    key: str = ""


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to sign in, as its owner sees it."""

    at: datetime
    is_success: bool
    address: str
    device: str
    method: str


class AccountChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One of several accounts behind one phone, recognisable to its owner only."""

    subject_id: int
    masked_name: str
