"""Identifiers: time-ordered UUIDs for rows, and secrets nobody can guess."""

import secrets
import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A UUID version 7 (RFC 9562 §5.7): unique, ordered by creation, safe to show in a URL."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def new_token(bits: int = 256) -> str:
    """A random secret of ``bits`` bits in URL-safe characters; store only its HMAC (``Vault.hash_token``)."""
    return secrets.token_urlsafe(bits // 8)


def new_digits(count: int) -> str:
    """Random decimal digits, for numbers that people read out to each other."""
    return f"{secrets.randbelow(10**count):0{count}d}"
