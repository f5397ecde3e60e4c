"""Commercial cryptography of China for what lies in the database: SM4-GCM to seal, HMAC-SM3 to find (密码法, GB/T 39786).

A keyring holds data keys by version, wrapped by one master key that lives outside the database. A sealed value names
its key version, so keys rotate while old values stay readable; its context (table/column/row) is authenticated, so a
ciphertext moved to another row does not open. The key of indexes and tokens is another one and does not turn with them
(docs/decisions).
"""

import base64
import os
import secrets
from pathlib import Path

from kernel.ciphers import (
    NONCE_BYTES,
    TAG_BYTES,
    SealBroken,
    derived_key,
    hmac_sm3,
    sm3,
    sm4_open,
    sm4_seal,
)
from kernel.keyring import KeyFile, Keys

_FORMAT = 1
#: Before the ciphertext: the format, and the version of the key.
HEAD_BYTES = 2


class Vault:
    """Seals and opens values, makes blind indexes and token hashes."""

    def __init__(self, keys: Keys, index_key: bytes, file: KeyFile | None = None) -> None:
        self._keys, self._index_key, self._file = keys, index_key, file

    @classmethod
    def open_at(cls, folder: Path, master_key: str | None = None) -> "Vault":
        """Open the keyring in ``folder``, made on first use; without ``master_key`` (base64) a key file beside it is."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        master = base64.b64decode(master_key) if master_key else _key_file(folder / "master.key")
        if len(master) != 32:
            raise ValueError("the master key must be 32 bytes in base64")
        file = KeyFile(folder, derived_key(master, b"dongchu/wrap", 16))
        return cls(file.keys, derived_key(master, b"dongchu/index", 32), file)

    @classmethod
    def ephemeral(cls) -> "Vault":
        """Keys that live as long as this value: for tests and scratch stores."""
        return cls(Keys(1, {1: secrets.token_bytes(16)}), secrets.token_bytes(32))

    @property
    def active_version(self) -> int:
        """The key version that seals now."""
        return self._fresh().active

    @property
    def versions(self) -> list[int]:
        return sorted(self._fresh(now=True).by_version)

    def rotate(self) -> int:
        """A new key version seals from now on, here and within a second in every process of the house; its number."""
        return self._required_file().add()

    def retire(self, version: int) -> None:
        """Give up an old key version; what is still sealed under it is lost. Raises ``ValueError``."""
        self._required_file().retire(version)

    def seal(self, plaintext: str, *, context: str) -> bytes:
        """Encrypt for one place; ``context`` is ``table/column/row``."""
        keys = self._fresh()
        body = sm4_seal(keys.by_version[keys.active], plaintext.encode(), context.encode())
        return bytes((_FORMAT, keys.active)) + body

    def open(self, sealed: bytes, *, context: str) -> str:
        """Raises ``SealBroken`` when the value does not belong to ``context`` or was changed."""
        if len(sealed) < HEAD_BYTES + NONCE_BYTES + TAG_BYTES or sealed[0] != _FORMAT:
            raise SealBroken("unknown format")
        keys = self._fresh()
        if sealed[1] not in keys.by_version:
            keys = self._fresh(now=True)
        key = keys.by_version.get(sealed[1])
        if key is None:
            raise SealBroken("sealed under a key version that is not here")
        return sm4_open(key, sealed[HEAD_BYTES:], context.encode()).decode()

    def head(self, version: int) -> bytes:
        """How values sealed under a version begin."""
        return bytes((_FORMAT, version))

    def blind_index(self, text: str, *, purpose: str) -> bytes:
        """32 bytes by which an exact value is found without being stored; different for each ``purpose``."""
        return hmac_sm3(self._index_key, purpose.encode() + b"\x00" + text.encode())

    def hash_token(self, secret: str) -> bytes:
        """What is stored of a high-entropy code, token or cookie: 32 bytes, useless without the key."""
        return self.blind_index(secret, purpose="token")

    def derive_key(self, purpose: str, length: int = 32) -> bytes:
        """A key of its own for one purpose, always the same for this house."""
        return derived_key(self._index_key, b"dongchu/derive/" + purpose.encode(), length)

    def _fresh(self, *, now: bool = False) -> Keys:
        return self._keys if self._file is None else self._file.fresh(now=now)

    def _required_file(self) -> KeyFile:
        if self._file is None:
            raise ValueError("these keys live in memory only")
        return self._file


def _key_file(path: Path) -> bytes:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)))
            file.flush()
            os.fsync(file.fileno())
    return base64.b64decode(path.read_bytes())


__all__ = ["HEAD_BYTES", "SealBroken", "Vault", "hmac_sm3", "sm3"]
