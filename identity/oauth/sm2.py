"""Tokens signed by SM2 over SM3 (GB/T 32918, GB/T 32905), for clients that ask for the city's own cryptography.

No JWS name for it is registered, so it goes by ``SM2SM3``: the signature is r and s, 32 bytes each, as ES256 has them
(RFC 7518 §3.4), over the standard's default distinguishing id. The keys stand in a document of their own, because a
library that meets an unknown curve in the common one may refuse all of it.
"""

import base64
import hashlib
from typing import Any

import msgspec
from tongsuopy.crypto import exceptions, hashes, serialization
from tongsuopy.crypto.asymciphers import ec

ALG = "SM2SM3"
_HALF = 32


class Sm2Key:
    """A private key; ``kid`` is the thumbprint of its public part (RFC 7638)."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = serialization.load_pem_private_key(private_pem, None)
        numbers = self._key.private_numbers().public_numbers
        self._public = {"crv": "SM2", "kty": "EC", "x": _text(numbers.x), "y": _text(numbers.y)}
        canonical = msgspec.json.encode(self._public, order="sorted")
        self.kid = _base64(hashlib.sha256(canonical).digest())

    @staticmethod
    def generate() -> bytes:
        """A new private key, PKCS #8 in PEM."""
        key = ec.generate_private_key(ec.SM2())
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def public_jwk(self) -> dict[str, Any]:
        return {**self._public, "kid": self.kid}

    def sign_token(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A compact JWS (RFC 7515 §7.1)."""
        head = _base64(msgspec.json.encode({**header, "alg": ALG, "kid": self.kid}))
        text = f"{head}.{_base64(msgspec.json.encode(claims))}"
        return f"{text}.{_base64(_raw(self._key.sign(text.encode(), ec.ECDSA(hashes.SM3()))))}"

    def is_ours(self, token: str) -> bool:
        """Whether this key signed a compact JWS."""
        text, _, signature = token.rpartition(".")
        try:
            der = _der(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
            self._key.public_key().verify(der, text.encode(), ec.ECDSA(hashes.SM3()))
        except (exceptions.InvalidSignature, ValueError):
            return False
        return True


def _raw(der: bytes) -> bytes:
    """r and s of a DER signature: SEQUENCE { INTEGER r, INTEGER s }."""
    r_length = der[3]
    r, s = der[4 : 4 + r_length], der[6 + r_length :]
    return b"".join(int.from_bytes(part, "big").to_bytes(_HALF, "big") for part in (r, s))


def _der(raw: bytes) -> bytes:
    if len(raw) != 2 * _HALF:
        raise ValueError("not a signature")
    parts = b""
    for half in (raw[:_HALF], raw[_HALF:]):
        number = int.from_bytes(half, "big")
        body = number.to_bytes(number.bit_length() // 8 + 1, "big")
        parts += bytes((2, len(body))) + body
    return bytes((0x30, len(parts))) + parts


def _text(number: int) -> str:
    return _base64(number.to_bytes(_HALF, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
