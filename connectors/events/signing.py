"""Signatures on what departments push: HMAC-SM3 over ``id.timestamp.body``, with the headers of Standard Webhooks.

A department may hold two keys for a while, so that it can change over without losing an event.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from kernel.crypto import hmac_sm3

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
TOLERANCE = timedelta(minutes=5)
KEY_BYTES = 32
_MOST_SIGNATURES = 4


class SigningKey(msgspec.Struct, frozen=True):
    """A shared secret (base64); after ``until`` it no longer counts."""

    secret: str
    until: datetime | None = None

    def __repr__(self) -> str:
        """Without the secret: settings end up in tracebacks."""
        return f"SigningKey(until={self.until})"

    def is_live(self, now: datetime) -> bool:
        return self.until is None or now < self.until


class SignatureRefused(Exception):
    """``reason`` is a code for the log; the sender is only told that the signature does not hold."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(key: SigningKey, event_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The three headers that go with ``body``."""
    timestamp = int(now.timestamp())
    mac = _mac(key, event_id, timestamp, body)
    return {
        ID_HEADER: event_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: f"v1,{base64.b64encode(mac).decode()}",
    }


def verify(keys: Iterable[SigningKey], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The signed event id. Raises ``SignatureRefused``; every live key is tried in constant time."""
    event_id = headers.get(ID_HEADER, "")
    if not event_id or len(event_id) > 64 or not event_id.isascii():
        raise SignatureRefused("id_missing")
    timestamp = _timestamp(headers.get(TIMESTAMP_HEADER, ""))
    if abs(now.timestamp() - timestamp) > TOLERANCE.total_seconds():
        raise SignatureRefused("timestamp_outside_tolerance")
    given = _signatures(headers.get(SIGNATURE_HEADER, ""))
    expected = [_mac(key, event_id, timestamp, body) for key in keys if key.is_live(now)]
    matches = [hmac.compare_digest(one, mac) for one in given for mac in expected]
    if not any(matches):
        raise SignatureRefused("signature_wrong")
    return event_id


def _mac(key: SigningKey, event_id: str, timestamp: int, body: bytes) -> bytes:
    return hmac_sm3(base64.b64decode(key.secret), f"{event_id}.{timestamp}.".encode() + body)


def _timestamp(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise SignatureRefused("timestamp_missing")
    return int(text)


def _signatures(header: str) -> list[bytes]:
    found = []
    for part in header.split()[:_MOST_SIGNATURES]:
        version, _, text = part.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                continue
    if not found:
        raise SignatureRefused("signature_missing")
    return found
