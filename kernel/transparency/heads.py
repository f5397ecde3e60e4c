"""A signed head: how many records the log holds, and the one hash that stands for all of them."""

import base64
import binascii
from datetime import datetime
from typing import Literal, Protocol

import msgspec
from sqlalchemy.orm import Session

from kernel.transparency.merkle import HashName

FORMAT = "dongchu.log-head/1"


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``log`` is the address of the log, ``root`` hexadecimal, ``at`` the instant of signing."""

    format: Literal["dongchu.log-head/1"] = FORMAT
    log: str
    hash: HashName
    size: int
    root: str
    at: datetime


class SignedHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``jws``: a compact JWS (ES256) whose payload is the head; ``sm2``: the same payload under the seal key, DER in hex."""

    jws: str
    sm2: str


class SignHead(Protocol):
    """Whoever holds the keys signs the payload."""

    def __call__(self, session: Session, payload: bytes) -> SignedHead: ...


class ReadHead(Protocol):
    """The head behind a signature; ``None`` when it was not signed by this log's keys."""

    def __call__(self, signed: SignedHead) -> Head | None: ...


def claimed(jws: str) -> Head:
    """What a head says, whoever signed it. Raises ``ValueError`` for what is none."""
    try:
        _header, payload, _signature = jws.split(".")
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="), type=Head)
    except (binascii.Error, msgspec.DecodeError) as error:
        raise ValueError("this is not a signed head") from error
