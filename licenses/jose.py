"""What every JOSE format here shares, and reading what others signed: ES256 alone, headers long enough for a certificate,
and none refused for saying more. Pure."""

import base64
import hashlib
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

ALGORITHM = "ES256"


class _Registry(JWSRegistry):
    max_header_length = 8192


_REGISTRY = _Registry(algorithms=[ALGORITHM], strict_check_header=False)


def header_of(token: str) -> dict[str, Any]:
    """Before anything is verified. Raises ``JoseError`` or ``ValueError``."""
    return jws.extract_compact(token.encode(), registry=_REGISTRY).headers()


def payload_of(token: str, key: ECKey) -> bytes:
    """What this key signed. Raises ``JoseError`` or ``ValueError``."""
    return jws.deserialize_compact(token, key, registry=_REGISTRY).payload


def base64url(data: bytes) -> str:
    """Without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest_of(text: str) -> str:
    """As disclosures and key bindings name a text (RFC 9901 §4.2.3): SHA-256."""
    return base64url(hashlib.sha256(text.encode()).digest())
