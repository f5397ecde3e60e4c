"""Tokens that only the holder of a key can use (DPoP, RFC 9449): proofs checked, for ourselves and the portals.

A proof counts once, for one method and one address, for a minute. Our nonces need no store: a nonce is the number of the
present five minutes under a key of ours, so that it says when it was made and cannot be made in advance. The token
endpoint insists on one (§8); resource servers do not, because there the token must be hashed into the proof (``ath``).
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from authlib.oauth2 import OAuth2Error
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from identity.clients.models import OAuthClient
from kernel.crypto import Vault, hmac_sm3
from kernel.house import House

ALGS = ("ES256", "EdDSA", "Ed25519")
WINDOW_SECONDS = 60
NONCE_SECONDS = 300
HEADER = "DPoP-Nonce"
_LONGEST = 4096
_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class InvalidProof(OAuth2Error):
    """RFC 9449 §5."""

    error = "invalid_dpop_proof"


class NonceWanted(InvalidProof):
    """RFC 9449 §8: the client must come again with the nonce that goes with this answer."""

    error = "use_dpop_nonce"


class _Proof(msgspec.Struct, frozen=True):
    jti: str
    htm: str
    htu: str
    iat: int
    ath: str | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof must be about."""

    method: str
    address: str
    access_token: str | None = None
    needs_nonce: bool = False


class ProofDesk:
    """Checks proofs and remembers for a while which were used. One per process is enough; a store is shared by all."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._nonce_key = house.vault.derive_key("oauth/dpop-nonce")

    def nonce(self) -> str:
        """The nonce of now, for an answer's ``DPoP-Nonce``."""
        return self._nonce_of(int(self._house.clock.now().timestamp()) // NONCE_SECONDS)

    def thumbprint(self, proof: str, expected: Expected) -> str:
        """The key's thumbprint (``jkt``), when the proof is good and new. Raises ``InvalidProof``, ``NonceWanted``."""
        now = self._house.clock.now()
        key, claims = _opened(proof)
        if claims.htm != expected.method or not _is_same_address(claims.htu, expected.address):
            raise InvalidProof("The proof is for another request.")
        if abs(now.timestamp() - claims.iat) > WINDOW_SECONDS:
            raise InvalidProof("The proof is too old or from the future.")
        if expected.access_token is not None and not _is_hash_of(claims.ath, expected.access_token):
            raise InvalidProof("The proof is for another token.")
        if expected.needs_nonce:
            self._check_nonce(claims.nonce, now)
        jkt = key.thumbprint()
        if not self._is_first_use(jkt, claims.jti):
            raise InvalidProof("The proof was already used.")
        return jkt

    def _check_nonce(self, nonce: str | None, now: datetime) -> None:
        slot = int(now.timestamp()) // NONCE_SECONDS
        known = [self._nonce_of(slot), self._nonce_of(slot - 1)]
        if nonce is None or not any(hmac.compare_digest(nonce.encode(), one.encode()) for one in known):
            raise NonceWanted("A fresh DPoP nonce is required.")

    def _nonce_of(self, slot: int) -> str:
        return _base64(hmac_sm3(self._nonce_key, str(slot).encode())[:24])

    def _is_first_use(self, jkt: str, jti: str) -> bool:
        index = token_index(self._house.vault, f"dpop/{jkt}/{jti}")
        return self._house.ephemeral.add(f"oauth:dpop:{index}", b"1", 2 * WINDOW_SECONDS + 5)


def token_index(vault: Vault, text: str) -> str:
    """A short name under which a one-time value is remembered."""
    return vault.blind_index(text, purpose="oauth/once").hex()[:40]


def _opened(proof: str) -> tuple[Key, _Proof]:
    """Key and claims of a proof whose signature fits the public key in its own header (§4.2, §4.3)."""
    if not proof.isascii() or not 0 < len(proof) <= _LONGEST:
        raise InvalidProof("The proof cannot be read.")
    try:
        header = jws.extract_compact(proof.encode()).headers()
        jwk: Any = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or header.get("alg") not in ALGS:
            raise InvalidProof("The proof is not a DPoP proof with an accepted algorithm.")
        if not isinstance(jwk, dict) or _PRIVATE_PARTS & jwk.keys():
            raise InvalidProof("The proof must carry a public key.")
        key = import_key(jwk)
        claims = jwt.decode(proof, key, algorithms=[str(header["alg"])]).claims
        known = msgspec.convert(claims, _Proof)
    except (JoseError, ValueError, TypeError, KeyError, msgspec.ValidationError) as error:
        raise InvalidProof("The proof cannot be verified.") from error
    if not 0 < len(known.jti) <= 256:
        raise InvalidProof("The proof needs a jti of at most 256 characters.")
    return key, known


def _is_same_address(given: str, expected: str) -> bool:
    """Without query and fragment (§4.3, 9)."""
    plain = given.partition("#")[0].partition("?")[0]
    return plain == expected.partition("?")[0]


def _is_hash_of(ath: str | None, token: str) -> bool:
    expected = _base64(hashlib.sha256(token.encode()).digest())
    return ath is not None and hmac.compare_digest(ath.encode(), expected.encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def require_proof(client: OAuthClient, jkt: str | None) -> None:
    """A client registered for bound tokens gets no others. Raises ``InvalidProof``."""
    if client.requires_dpop and jkt is None:
        raise InvalidProof("This client must prove possession of a key.")


def token_type(jkt: str | None) -> str:
    return "DPoP" if jkt else "Bearer"
