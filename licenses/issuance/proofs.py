"""Proof that a wallet holds the key it names (OpenID4VCI §7, §8.2 and Appendix F): fresh, for us, and signed by that key."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from kernel.house import House
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import BATCH_SIZE
from licenses.jose import ALGORITHM, base64url, header_of, payload_of

TYPE = "openid4vci-proof+jwt"
NONCE_LIFE = timedelta(minutes=5)
#: How far a wallet's clock may be from ours.
SKEW = timedelta(minutes=5)
LONGEST = 8192
_RANDOM = 16
_PUBLIC_MEMBERS = frozenset({"kty", "crv", "x", "y"})


def new_nonce(house: House, now: datetime) -> str:
    """A ``c_nonce``: made and recognised without being kept, so that asking for thousands costs nothing."""
    body = int((now + NONCE_LIFE).timestamp()).to_bytes(8) + secrets.token_bytes(_RANDOM)
    return base64url(body + _mac(house, body))


def verified_keys(
    house: House, proofs: object, *, audience: str, client_id: str | None, now: datetime
) -> list[dict[str, str]]:
    """The public keys that the wallet proved to hold, one for each proof, all for one nonce of ours.

    Raises ``ProtocolError``: ``invalid_proof``, or ``invalid_nonce`` when a new nonce would help.
    """
    given = proofs.get("jwt") if isinstance(proofs, dict) and len(proofs) == 1 else None
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise _refused("proofs must hold one non-empty array of the proof type jwt.")
    if len(given) > BATCH_SIZE:
        raise _refused(f"No more than {BATCH_SIZE} proofs in one request.")
    checked = [_checked(house, one, audience, client_id, now) for one in given]
    found = [key for key, _nonce in checked]
    if len({tuple(sorted(key.items())) for key in found}) != len(found):
        raise _refused("Every proof must name a key of its own.")
    for nonce in {nonce for _key, nonce in checked}:
        if not house.ephemeral.add(f"licence-vci-nonce:{nonce}", b"", NONCE_LIFE.total_seconds()):
            raise ProtocolError("invalid_nonce", "The c_nonce was used before; fetch a new one.")
    return found


def _checked(
    house: House, proof: str, audience: str, client_id: str | None, now: datetime
) -> tuple[dict[str, str], str]:
    if len(proof) > LONGEST or not proof.isascii():
        raise _refused("The proof is not a compact JWT.")
    try:
        header = header_of(proof)
        jwk = _public_jwk(header)
        claims: Any = msgspec.json.decode(payload_of(proof, ECKey.import_key(dict(jwk))))
    except (JoseError, msgspec.DecodeError, ValueError, TypeError) as error:
        raise _refused("The proof is not signed by the key in its header.") from error
    if not isinstance(claims, dict) or claims.get("aud") not in (audience, [audience]):
        raise _refused("aud must be the Credential Issuer Identifier.")
    if claims.get("iss", client_id) != client_id:
        raise _refused("iss must be the client_id, and be left out by an anonymous wallet.")
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int | float) or isinstance(issued_at, bool):
        raise _refused("iat is missing.")
    if abs(now.timestamp() - issued_at) > (NONCE_LIFE + SKEW).total_seconds():
        raise _refused("iat is too far from now.")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str):
        raise _refused("The proof holds no c_nonce.")
    known = _recognised(house, nonce, now)
    if known is None:
        raise ProtocolError("invalid_nonce", "The c_nonce is unknown or expired; fetch a new one.")
    return jwk, known


def _public_jwk(header: dict[str, Any]) -> dict[str, str]:
    """The key in the header: P-256, public, and named in no other way (Appendix F.1)."""
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
        raise _refused(f"The header must say typ {TYPE} and alg ES256.")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict) or "kid" in header or "x5c" in header:
        raise _refused("The header must hold the key as jwk, and neither kid nor x5c.")
    if "d" in jwk or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise _refused("The jwk must be a public P-256 key.")
    if not all(isinstance(jwk.get(name), str) for name in _PUBLIC_MEMBERS):
        raise _refused("The jwk must be a public P-256 key.")
    return {name: jwk[name] for name in sorted(_PUBLIC_MEMBERS)}


def _recognised(house: House, nonce: str, now: datetime) -> str | None:
    """What makes a nonce of ours the one it is, however its text is padded; ``None`` for any other, or one too old."""
    try:
        raw = base64.b64decode(nonce + "=" * (-len(nonce) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: 8 + _RANDOM], raw[8 + _RANDOM :]
    is_made_here = hmac.compare_digest(mac, _mac(house, body))
    return body.hex() if is_made_here and int.from_bytes(body[:8]) > now.timestamp() else None


def _mac(house: House, body: bytes) -> bytes:
    return house.vault.blind_index(body.hex(), purpose="licences/c-nonce")[:16]


def _refused(description: str) -> ProtocolError:
    return ProtocolError("invalid_proof", description)
