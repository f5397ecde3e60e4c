"""What consumers ask and get, and what holders read of it."""

import uuid
from datetime import date, datetime
from typing import Any, Literal

import msgspec

Duration = Literal["once", "until", "standing"]
GrantState = Literal["asked", "granted", "denied", "withdrawn", "used"]


class RequestView(msgspec.Struct, frozen=True):
    """A request as its consumer sees it: the same for a number that nobody bears and for a holder who has not answered."""

    id: uuid.UUID
    state: GrantState
    type_id: str
    purpose: str
    fields: list[str]
    granted_fields: list[str]
    until: date | None


class SharedLicence(msgspec.Struct, frozen=True):
    """What leaves: the granted fields, and the same fields signed by the issuer (SD-JWT VC)."""

    identifier: str
    type_id: str
    state: str
    issued_on: date
    valid_until: date | None
    fields: dict[str, Any]
    credential: str


class AskedField(msgspec.Struct, frozen=True):
    id: str
    name: str
    is_sensitive: bool


class GrantView(msgspec.Struct, frozen=True):
    """A request as the holder sees it."""

    id: uuid.UUID
    holder_id: int
    holder_name: str
    consumer: str
    licence_name: str
    purpose: str
    basis: str
    state: GrantState
    fields: list[AskedField]
    granted_fields: list[str]
    duration: Duration | None
    until: date | None
    asked_at: datetime
    may_be_used: bool
