"""What callers give and get."""

import uuid
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from licenses.catalogue import Purpose


class Content(msgspec.Struct, frozen=True):
    """What lies sealed in a licence."""

    fields: dict[str, Any]
    sd_jwt: str


class FieldView(msgspec.Struct, frozen=True):
    id: str
    name: str
    label_en: str
    value: Any
    is_sensitive: bool
    type: Literal["text", "integer", "date"] = "text"


class LicenceView(msgspec.Struct, frozen=True):
    """A licence as its holder sees it."""

    id: uuid.UUID
    identifier: str
    type_id: str
    name: str
    label_en: str
    number: str
    authority: str
    authority_en: str
    holder_id: int
    holder_name: str
    state: str
    state_label: str
    issued_on: date
    valid_until: date | None
    is_valid: bool
    days_left: int | None
    may_be_shown: bool
    is_demonstration: bool
    fields: list[FieldView]


class UseView(msgspec.Struct, frozen=True):
    """``is_verifier_known``: a seat or a registered system; otherwise the name is as somebody typed it."""

    id: uuid.UUID
    kind: str
    verifier: str
    is_verifier_known: bool
    purpose: str
    basis: str
    fields: list[str]
    used_at: datetime


class ActView(msgspec.Struct, frozen=True):
    """Something done to a licence: issued, renewed, withheld …"""

    id: uuid.UUID
    operation: str
    label: str
    reason: str
    effective_on: date
    recorded_at: datetime


class ShownToken(msgspec.Struct, frozen=True):
    """A dynamic code: good once, until ``expires_at``; a page fetches the next one at ``renew_at``."""

    token: str
    expires_at: datetime
    renew_at: datetime


class Verifier(msgspec.Struct, frozen=True):
    """Who looks, and as what: anyone, a counter, the police."""

    name: str
    is_known: bool
    purpose: Purpose


class Waiting(msgspec.Struct, frozen=True):
    """The holder is being asked; ``handle`` collects the answer."""

    handle: str


class AskView(msgspec.Struct, frozen=True):
    """What the holder reads before agreeing."""

    ask: str
    verifier: str
    is_verifier_known: bool
    cause: str
    fields: list[str]


class OfflineCode(msgspec.Struct, frozen=True):
    """A code that is checked without a network, with the status as of ``as_of`` and no longer than ``good_until``."""

    text: str
    as_of: datetime
    good_until: datetime


class Verification(msgspec.Struct, frozen=True):
    """``valid``, ``not_valid`` or ``undetermined``, with the reasons, as of ``checked_at``."""

    result: Literal["valid", "not_valid", "undetermined"]
    reasons: list[str]
    checked_at: datetime
    identifier: str | None = None
    name: str | None = None
    authority: str | None = None
    authority_en: str | None = None
    label_en: str | None = None
    holder_name: str | None = None
    state_label: str | None = None
    valid_until: date | None = None
    made_for: str | None = None
    fields: list[FieldView] = []
