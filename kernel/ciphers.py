"""The primitives under everything that is sealed: SM4-GCM (GB/T 32907), SM3 (GB/T 32905), HMAC and HKDF over SM3."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES, TAG_BYTES = 12, 16


class SealBroken(Exception):
    """The value was changed, moved to another place, or sealed under a key we do not hold."""


def sm3(data: bytes) -> bytes:
    """SM3 digest (GB/T 32905), 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) over SM3, 32 bytes."""
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


def derived_key(secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF (RFC 5869) over SM3."""
    return HKDF(algorithm=hashes.SM3(), length=length, salt=None, info=info).derive(secret)


def sm4_seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Nonce, ciphertext and tag; ``context`` is authenticated with them."""
    nonce = os.urandom(NONCE_BYTES)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(context)
    body = encryptor.update(plaintext) + encryptor.finalize()
    return nonce + body + encryptor.tag


def sm4_open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Raises ``SealBroken``."""
    nonce, body, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:]
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(context)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag as error:
        raise SealBroken("changed, or moved from where it was sealed") from error
