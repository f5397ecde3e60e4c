"""What goes to the messaging gateway (短信平台)."""

from typing import Literal

import msgspec


class ShortMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One short message; sent again with the same key it is still one message."""

    key: str
    phone: str
    text: str


class Receipt(msgspec.Struct, frozen=True):
    """What the gateway did with it; ``accepted``: it has it, and will not say what becomes of it."""

    key: str
    status: Literal["accepted", "queued", "delivered", "undeliverable"]
