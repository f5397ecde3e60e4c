"""The public keys of clients: registered with them, or published where they said (RFC 7591 §2, ``jwks_uri``)."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from identity.clients.models import OAuthClient
from identity.clients.outward import Outward
from kernel.errors import OutsideFailure

KEEP_SECONDS = 600.0
#: However many strange assertions arrive, a client's address is asked no more often than this.
ASK_AGAIN_SECONDS = 10.0
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet | None
    at: float


class ClientKeys:
    """Fetches before a transaction (``prepare``) and answers inside one (``find``) from what it has."""

    def __init__(self, outward: Outward) -> None:
        self._outward = outward
        self._lock = threading.Lock()
        self._fetched: dict[str, _Fetched] = {}

    def prepare(self, client: OAuthClient, kid: str) -> None:
        """Have the client's published keys at hand; a failure to fetch leaves what was known."""
        address = client.jwks_uri
        if address is None:
            return
        with self._lock:
            known = self._fetched.get(address)
            age = time.monotonic() - known.at if known else float("inf")
            has_kid = known is not None and known.keys is not None and _has(known.keys, kid)
            if age < (KEEP_SECONDS if has_kid else ASK_AGAIN_SECONDS):
                return
            if len(self._fetched) >= MOST_KNOWN:
                self._fetched.clear()
            self._fetched[address] = _Fetched(known.keys if known else None, time.monotonic())
        keys = self._fetch(address)
        if keys is not None:
            with self._lock:
                self._fetched[address] = _Fetched(keys, time.monotonic())

    def find(self, client: OAuthClient, header: dict[str, Any]) -> Key | None:
        """The key that a signature names by ``kid``, or the only one of its kind when it names none."""
        keys = self._keys_of(client)
        if keys is None:
            return None
        kid = header.get("kid")
        if kid is not None:
            return next((key for key in keys.keys if key.kid == kid), None)
        fitting = [key for key in keys.keys if key.key_type == _TYPE_OF.get(str(header.get("alg")))]
        return fitting[0] if len(fitting) == 1 else None

    def _keys_of(self, client: OAuthClient) -> KeySet | None:
        if client.jwks_uri is not None:
            with self._lock:
                fetched = self._fetched.get(client.jwks_uri)
            return fetched.keys if fetched else None
        return _import(client.jwks)

    def _fetch(self, address: str) -> KeySet | None:
        try:
            return _import(self._outward.get_json(address))
        except OutsideFailure:
            return None


_TYPE_OF = {"ES256": "EC", "PS256": "RSA", "RS256": "RSA", "EdDSA": "OKP", "Ed25519": "OKP"}


def _has(keys: KeySet, kid: str) -> bool:
    return any(key.kid == kid for key in keys.keys)


def _import(document: Any) -> KeySet | None:
    """Keys nobody here can read are passed over (RFC 7517 §5)."""
    known: list[Key] = []
    entries = document.get("keys", []) if isinstance(document, dict) else []
    for entry in entries if isinstance(entries, list) else []:
        try:
            known += KeySet.import_key_set({"keys": [entry]}).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return KeySet(known) if known else None
