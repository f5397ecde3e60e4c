"""Time-based one-time passwords (RFC 6238 over RFC 4226) as authenticator apps make them: SHA-1, six digits, 30 s."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS, DIGITS = 30, 6
#: One step before and after: clocks differ and people type slowly (RFC 6238 §5.2).
DRIFT = 1


def new_secret() -> str:
    """160 bits in base32 (RFC 4226 §4, R6)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The password of one time step (RFC 4226 §5.3)."""
    mac = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose password this is, if it is near ``now`` and later than ``after``, the last one used."""
    current, found = step_of(now), None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code of an authenticator app holds (Key URI format)."""
    label = quote(f"{issuer}:{account}")
    return (
        f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_SECONDS}"
    )
