"""Commercial cryptography of China for what lies in the database: SM4-GCM to seal, HMAC-SM3 to find (密码法, GB/T 39786).

A keyring holds data keys by version, wrapped by one master key that lives outside the database. A sealed value names
its key version, so keys rotate while old values stay readable; its context (table/column/row) is authenticated, so a
ciphertext moved to another row does not open.
"""

import base64
import os
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORMAT = 1
_NONCE = 12
_TAG = 16


class SealBroken(Exception):
    """The value was changed, moved to another place, or sealed under a key we do not hold."""


class _Keyring(msgspec.Struct):
    active: int
    wrapped: dict[int, str]


class Vault:
    """Seals and opens values, makes blind indexes and token hashes."""

    def __init__(self, data_keys: dict[int, bytes], active: int, index_key: bytes) -> None:
        self._keys = data_keys
        self._active = active
        self._index_key = index_key

    @classmethod
    def open_at(cls, folder: Path, master_key: str | None = None) -> "Vault":
        """Open the keyring in ``folder``, made on first use; without ``master_key`` (base64) a key file beside it is."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        master = base64.b64decode(master_key) if master_key else _key_file(folder / "master.key")
        if len(master) != 32:
            raise ValueError("the master key must be 32 bytes in base64")
        path = folder / "keyring.json"
        wrapping = _derive(master, b"dongchu/wrap", 16)
        if path.exists():
            ring = msgspec.json.decode(path.read_bytes(), type=_Keyring)
        else:
            wrapped = _seal(wrapping, secrets.token_bytes(16), b"data-key/1")
            ring = _Keyring(active=1, wrapped={1: base64.b64encode(wrapped).decode()})
            _write_private(path, msgspec.json.encode(ring))
        keys = {
            version: _open(wrapping, base64.b64decode(text), f"data-key/{version}".encode())
            for version, text in ring.wrapped.items()
        }
        return cls(keys, ring.active, _derive(master, b"dongchu/index", 32))

    @classmethod
    def ephemeral(cls) -> "Vault":
        """Keys that live as long as this value: for tests and scratch stores."""
        return cls({1: secrets.token_bytes(16)}, 1, secrets.token_bytes(32))

    def seal(self, plaintext: str, *, context: str) -> bytes:
        """Encrypt for one place; ``context`` is ``table/column/row``."""
        body = _seal(self._keys[self._active], plaintext.encode(), context.encode())
        return bytes((_FORMAT, self._active)) + body

    def open(self, sealed: bytes, *, context: str) -> str:
        """Raises ``SealBroken`` when the value does not belong to ``context`` or was changed."""
        if len(sealed) < 2 + _NONCE + _TAG or sealed[0] != _FORMAT or sealed[1] not in self._keys:
            raise SealBroken("unknown format or key version")
        return _open(self._keys[sealed[1]], sealed[2:], context.encode()).decode()

    def blind_index(self, text: str, *, purpose: str) -> bytes:
        """32 bytes by which an exact value is found without being stored; different for each ``purpose``."""
        return _hmac(self._index_key, purpose.encode() + b"\x00" + text.encode())

    def hash_token(self, secret: str) -> bytes:
        """What is stored of a high-entropy code, token or cookie: 32 bytes, useless without the key."""
        return self.blind_index(secret, purpose="token")

    def derive_key(self, purpose: str, length: int = 32) -> bytes:
        """A key of its own for one purpose, always the same for this house."""
        return _derive(self._index_key, b"dongchu/derive/" + purpose.encode(), length)


def sm3(data: bytes) -> bytes:
    """SM3 digest (GB/T 32905), 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) over SM3, 32 bytes."""
    return _hmac(key, data)


def _hmac(key: bytes, data: bytes) -> bytes:
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SM3(), length=length, salt=None, info=info).derive(secret)


def _seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(context)
    body = encryptor.update(plaintext) + encryptor.finalize()
    return nonce + body + encryptor.tag


def _open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    nonce, body, tag = sealed[:_NONCE], sealed[_NONCE:-_TAG], sealed[-_TAG:]
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(context)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag as error:
        raise SealBroken("changed, or moved from where it was sealed") from error


def _key_file(path: Path) -> bytes:
    if not path.exists():
        _write_private(path, base64.b64encode(secrets.token_bytes(32)))
    return base64.b64decode(path.read_bytes())


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
