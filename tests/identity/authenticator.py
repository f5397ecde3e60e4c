"""A passkey in software, so that every part of an answer can be made wrong one at a time."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftwarePasskey:
    """One ES256 key for one site; ``sign_count`` None for an authenticator that does not count."""

    origin: str
    rp_id: str
    sign_count: int | None = 0
    flags: int = USER_PRESENT | USER_VERIFIED
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """Answer creation options."""
        self.user_handle = unpadded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._data(ATTESTED) + bytes(16) + len(self.credential_id).to_bytes(2, "big")
        data += self.credential_id + encode_cbor(public)
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=padded(client), attestationObject=padded(attestation))

    def get(self, options: dict[str, Any], **changes: Any) -> str:
        """Answer request options; ``changes`` bend the answer."""
        if self.sign_count is not None:
            self.sign_count += 1
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": padded(client),
            "authenticatorData": padded(data),
            "signature": padded(signature),
            "userHandle": padded(self.user_handle),
        }
        return self._answer(**{**response, **changes})

    def _client(self, kind: str, challenge: str) -> bytes:
        content = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(content).encode()

    def _data(self, more: int) -> bytes:
        count = (self.sign_count or 0).to_bytes(4, "big")
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags | more]) + count

    def _answer(self, **response: Any) -> str:
        name = padded(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def padded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
