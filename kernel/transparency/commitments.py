"""What goes into the log of a record: a digest over it and 128 random bits, so that nothing can be guessed from it. Pure."""

import hashlib
import uuid
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

NONCE_BYTES = 16
#: Everything a record says, in values that JSON writes in one way: text, whole numbers, truth values, nothing.
Content: TypeAlias = Mapping[str, str | int | bool | None]


def commitment(kind: str, record_id: uuid.UUID, content: Content, nonce: bytes) -> bytes:
    """SHA-256 over the nonce and the canonical JSON of the record; the tree above may be of another hash."""
    said = msgspec.json.encode((kind, str(record_id), content), order="sorted")
    return hashlib.sha256(nonce + said).digest()
