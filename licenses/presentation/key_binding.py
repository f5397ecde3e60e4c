"""SD-JWT with key binding (RFC 9901 §4.3, §7.3): shown by the holder of its key, to us, for this one request. Pure."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from licenses import credential
from licenses.credential import Credential, NotGenuine
from licenses.jose import ALGORITHM, digest_of, header_of, payload_of

TYPE = "kb+jwt"
#: How old a key binding may be, and how far a wallet's clock may be ahead.
FRESH = timedelta(minutes=10)
AHEAD = timedelta(minutes=5)


class NotBound(Exception):
    """Genuine or not, it does not prove that who presents it holds the key, here and now."""


def verify_presentation(
    text: str, find_key: Callable[[str], ECKey | None], *, audience: str, nonce: str, now: datetime
) -> Credential:
    """What was presented. Raises ``NotGenuine`` for the credential and ``NotBound`` for the key binding."""
    sd_jwt, separator, key_binding = text.rpartition("~")
    if not separator or not key_binding:
        raise NotBound("there is no key binding JWT")
    presented = credential.verify(f"{sd_jwt}~", find_key)
    confirmation = presented.claims.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(jwk, dict):
        raise NotBound("the credential is not bound to a key")
    claims = _claims(key_binding, jwk)
    if claims.get("aud") != audience:
        raise NotBound("aud is not our client_id")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise NotBound("nonce is not that of the request")
    if claims.get("sd_hash") != digest_of(f"{sd_jwt}~"):
        raise NotBound("sd_hash does not cover what was presented")
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int | float) or isinstance(issued_at, bool):
        raise NotBound("iat is missing")
    if not -AHEAD.total_seconds() <= now.timestamp() - issued_at <= FRESH.total_seconds():
        raise NotBound("iat is too far from now")
    return presented


def _claims(key_binding: str, jwk: dict[str, Any]) -> dict[str, Any]:
    try:
        header = header_of(key_binding)
        if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
            raise NotBound(f"the key binding must be of typ {TYPE} and alg {ALGORITHM}")
        claims: Any = msgspec.json.decode(payload_of(key_binding, ECKey.import_key(jwk)))
    except (JoseError, msgspec.DecodeError, ValueError, TypeError) as error:
        raise NotBound("the key binding is not signed by the key of the credential") from error
    if not isinstance(claims, dict):
        raise NotBound("the key binding holds no claims")
    return claims


__all__ = ["Credential", "NotBound", "NotGenuine", "verify_presentation"]
