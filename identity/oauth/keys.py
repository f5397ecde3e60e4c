"""Signing keys (RFC 7517): ES256, sealed in the database, published before they sign and until nothing needs them."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from identity.oauth import repository
from identity.oauth.models import SigningKey
from identity.trail import note
from kernel.crypto import Vault
from kernel.house import House

#: Longer than the longest life of anything signed, so that a token never outlives its key.
KEEP_RETIRED = timedelta(days=2)
RELOAD_SECONDS = 15.0
STRANGE_KEY_SECONDS = 1.0


class KeyRing:
    """The keys as this process knows them, re-read now and then and when an unknown ``kid`` appears."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._loaded_at = float("-inf")
        self._keys: dict[str, ECKey] = {}
        self._active = ""

    def prepare(self) -> None:
        """Make the first keys of a new store; call before serving, outside any transaction."""
        with self._house.database.write() as session:
            ensure_keys(session, vault=self._house.vault, now=self._house.clock.now())

    def active(self) -> ECKey:
        """The key that signs now."""
        self._refresh(RELOAD_SECONDS)
        if not self._active:
            raise RuntimeError("no signing key: KeyRing.prepare() has not run")
        return self._keys[self._active]

    def find(self, kid: str) -> ECKey | None:
        """A published key by its id."""
        self._refresh(RELOAD_SECONDS)
        if kid not in self._keys:
            self._refresh(STRANGE_KEY_SECONDS)
        return self._keys.get(kid)

    def public_set(self) -> dict[str, Any]:
        """The JWKS: next, active and lately retired keys, without their private parts."""
        self._refresh(RELOAD_SECONDS)
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in self._keys.values()
            ]
        }

    def _refresh(self, older_than: float) -> None:
        with self._lock:
            if time.monotonic() - self._loaded_at < older_than:
                return
            with self._house.database.read() as session:
                rows = repository.signing_keys(session)
            now = self._house.clock.now()
            rows = [row for row in rows if row.retired_at is None or row.retired_at > now - KEEP_RETIRED]
            self._keys = {row.kid: _opened(row, self._house.vault) for row in rows}
            self._active = next((row.kid for row in rows if row.state == "active"), "")
            self._loaded_at = time.monotonic()


def ensure_keys(session: Session, *, vault: Vault, now: datetime) -> None:
    """One active key and one that follows."""
    states = {row.state for row in repository.signing_keys(session)}
    for state in ("active", "next"):
        if state not in states:
            repository.add(session, _new_key(state, vault, now))


def rotate_keys(session: Session, *, vault: Vault, now: datetime) -> None:
    """next → active, active → retired, and a new next; tokens signed before still verify."""
    for row in repository.signing_keys(session):
        if row.state == "active":
            row.state, row.retired_at = "retired", now
    session.flush()
    for row in repository.signing_keys(session):
        if row.state == "next":
            row.state = "active"
    session.flush()
    note(session, "keys.rotate", "signing_key", "all", now=now)
    ensure_keys(session, vault=vault, now=now)


def _new_key(state: str, vault: Vault, now: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256", auto_kid=True)
    kid = key.kid or key.thumbprint()
    private = msgspec.json.encode(key.as_dict(private=True)).decode()
    return SigningKey(
        kid=kid,
        state=state,
        public_jwk=key.as_dict(private=False),
        private_sealed=vault.seal(private, context=f"signing_key/private_sealed/{kid}"),
        created_at=now,
        retired_at=None,
    )


def _opened(row: SigningKey, vault: Vault) -> ECKey:
    text = vault.open(row.private_sealed, context=f"signing_key/private_sealed/{row.kid}")
    return ECKey.import_key(msgspec.json.decode(text))
