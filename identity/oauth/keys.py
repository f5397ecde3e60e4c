"""Signing keys (RFC 7517): sealed in the database, published before they sign and until nothing needs them.

ES256 for everybody, SM2 over SM3 for clients that asked for it; each has its own next, active and retired keys.
"""

import base64
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import extract_compact
from sqlalchemy.orm import Session

from identity.oauth import repository
from identity.oauth.models import SigningKey
from identity.oauth.sm2 import ALG as SM2SM3
from identity.oauth.sm2 import Sm2Key
from identity.trail import note
from kernel.crypto import Vault
from kernel.house import House

#: Longer than the longest life of anything signed, so that a token never outlives its key.
KEEP_RETIRED = timedelta(days=2)
RELOAD_SECONDS = 15.0
STRANGE_KEY_SECONDS = 1.0
ES256 = "ES256"
ALGS = (ES256, SM2SM3)


class KeyRing:
    """The keys as this process knows them, re-read now and then and when an unknown ``kid`` appears."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._loaded_at = float("-inf")
        self._keys: dict[str, ECKey | Sm2Key] = {}
        self._active: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the first keys of a new store; call before serving, outside any transaction."""
        with self._house.database.write() as session:
            ensure_keys(session, vault=self._house.vault, now=self._house.clock.now())

    def load(self) -> None:
        """Be ready to sign inside a transaction, which cannot open another."""
        self._refresh(RELOAD_SECONDS)

    def active(self) -> ECKey:
        """The ES256 key that signs now."""
        key = self._active_of(ES256)
        if not isinstance(key, ECKey):
            raise RuntimeError("the active ES256 key is not one")
        return key

    def sign(self, claims: dict[str, Any], token_type: str, alg: str = ES256) -> str:
        """A compact JWT by the active key of ``alg``."""
        key = self._active_of(alg)
        if isinstance(key, Sm2Key):
            return key.sign_token({"typ": token_type}, claims)
        return jwt.encode({"alg": ES256, "typ": token_type, "kid": key.kid}, claims, key, [ES256])

    def verified(
        self, token: str, token_type: str, algs: tuple[str, ...] = (ES256,)
    ) -> dict[str, Any] | None:
        """The claims of a token of ours, found by ``kid`` only: ``jwk``, ``jku`` and ``x5u`` count for nothing."""
        try:
            header = extract_compact(token.encode("ascii")).headers()
            alg, key = header.get("alg"), self.find(str(header.get("kid", "")))
            if key is None or alg not in algs or header.get("typ") != token_type:
                return None
            if isinstance(key, Sm2Key):
                claims = _payload(token) if alg == SM2SM3 and key.is_ours(token) else None
                return claims if isinstance(claims, dict) else None
            return jwt.decode(token, key, algorithms=[ES256]).claims
        except (JoseError, ValueError, TypeError):
            return None

    def find(self, kid: str) -> ECKey | Sm2Key | None:
        """A published key by its id."""
        self._refresh(RELOAD_SECONDS)
        if kid not in self._keys:
            self._refresh(STRANGE_KEY_SECONDS)
        return self._keys.get(kid)

    def public_set(self, alg: str = ES256) -> dict[str, Any]:
        """The JWKS of one kind: next, active and lately retired keys, without their private parts."""
        self._refresh(RELOAD_SECONDS)
        shown = [
            key.public_jwk() if isinstance(key, Sm2Key) else key.as_dict(private=False)
            for key in self._keys.values()
            if isinstance(key, Sm2Key) == (alg == SM2SM3)
        ]
        return {"keys": [{**key, "use": "sig", "alg": alg} for key in shown]}

    def _active_of(self, alg: str) -> ECKey | Sm2Key:
        self._refresh(RELOAD_SECONDS)
        if alg not in self._active:
            raise RuntimeError(f"no signing key for {alg}: KeyRing.prepare() has not run")
        return self._keys[self._active[alg]]

    def _refresh(self, older_than: float) -> None:
        with self._lock:
            if time.monotonic() - self._loaded_at < older_than:
                return
            with self._house.database.read() as session:
                rows = repository.signing_keys(session)
            now = self._house.clock.now()
            rows = [row for row in rows if row.retired_at is None or row.retired_at > now - KEEP_RETIRED]
            self._keys = {row.kid: _opened(row, self._house.vault) for row in rows}
            self._active = {row.alg: row.kid for row in rows if row.state == "active"}
            self._loaded_at = time.monotonic()


def ensure_keys(session: Session, *, vault: Vault, now: datetime) -> None:
    """Of each kind one active key and one that follows."""
    states = {(row.alg, row.state) for row in repository.signing_keys(session)}
    for alg in ALGS:
        for state in ("active", "next"):
            if (alg, state) not in states:
                repository.add(session, _new_key(alg, state, vault, now))


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


def _new_key(alg: str, state: str, vault: Vault, now: datetime) -> SigningKey:
    if alg == SM2SM3:
        private = Sm2Key.generate().decode()
        sm2 = Sm2Key(private.encode())
        kid, public = sm2.kid, sm2.public_jwk()
    else:
        key = ECKey.generate_key("P-256", auto_kid=True)
        kid, public = key.kid or key.thumbprint(), key.as_dict(private=False)
        private = msgspec.json.encode(key.as_dict(private=True)).decode()
    return SigningKey(
        kid=kid,
        alg=alg,
        state=state,
        public_jwk=public,
        private_sealed=vault.seal(private, context=f"signing_key/private_sealed/{kid}"),
        created_at=now,
        retired_at=None,
    )


def _opened(row: SigningKey, vault: Vault) -> ECKey | Sm2Key:
    text = vault.open(row.private_sealed, context=f"signing_key/private_sealed/{row.kid}")
    if row.alg == SM2SM3:
        return Sm2Key(text.encode())
    return ECKey.import_key(msgspec.json.decode(text))


def _payload(token: str) -> Any:
    part = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
