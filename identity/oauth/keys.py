"""Signing keys (RFC 7517): sealed in the database, published before they sign and until nothing needs them.

ES256 for everybody; SM2 over SM3, or the RS256 that older libraries insist on (OpenID Connect Discovery §3), for clients
that asked for it. Each has its own next, active and retired keys; those for RS256 are made when a client first wants them.
"""

import threading
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import extract_compact, validate_compact
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
ES256, RS256 = "ES256", "RS256"
ALGS = (ES256, RS256, SM2SM3)
#: What every issuer has from its first start.
_ALWAYS = (ES256, SM2SM3)
_RSA_BITS = 2048

Key: TypeAlias = ECKey | RSAKey | Sm2Key


class KeyRing:
    """The keys as this process knows them, re-read now and then and when an unknown ``kid`` appears."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._loaded_at = float("-inf")
        self._keys: dict[str, tuple[str, Key]] = {}
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
        return jwt.encode({"alg": alg, "typ": token_type, "kid": key.kid}, claims, key, [alg])

    def verified(
        self, token: str, token_type: str, algs: tuple[str, ...] = (ES256,)
    ) -> dict[str, Any] | None:
        """The claims of a token of ours, found by ``kid`` only: ``jwk``, ``jku`` and ``x5u`` count for nothing."""
        try:
            found = extract_compact(token.encode("ascii"))
            header = found.headers()
            alg, key = self.find(str(header.get("kid", ""))) or ("", None)
            # The key says by which algorithm it signs; a header that says otherwise is a forgery.
            if key is None or header.get("alg") != alg or alg not in algs or header.get("typ") != token_type:
                return None
            if isinstance(key, Sm2Key):
                is_ours = key.is_ours(token)
            else:
                is_ours = validate_compact(found, key, [alg])
            claims: Any = msgspec.json.decode(found.payload) if is_ours and found.payload else None
            return claims if isinstance(claims, dict) else None
        except (JoseError, ValueError, TypeError):
            return None

    def find(self, kid: str) -> tuple[str, Key] | None:
        """A published key by its id, and its algorithm."""
        self._refresh(RELOAD_SECONDS)
        if kid not in self._keys:
            self._refresh(STRANGE_KEY_SECONDS)
        return self._keys.get(kid)

    def public_set(self, *algs: str) -> dict[str, Any]:
        """The JWKS of these kinds: next, active and lately retired keys, without their private parts."""
        self._refresh(RELOAD_SECONDS)
        shown = [
            (alg, key.public_jwk() if isinstance(key, Sm2Key) else key.as_dict(private=False))
            for alg, key in self._keys.values()
            if alg in (algs or (ES256, RS256))
        ]
        return {"keys": [{**key, "use": "sig", "alg": alg} for alg, key in shown]}

    def _active_of(self, alg: str) -> Key:
        self._refresh(RELOAD_SECONDS)
        if alg not in self._active:
            self._refresh(STRANGE_KEY_SECONDS)
        if alg not in self._active:
            raise RuntimeError(f"no signing key for {alg}: KeyRing.prepare() has not run")
        return self._keys[self._active[alg]][1]

    def _refresh(self, older_than: float) -> None:
        with self._lock:
            if time.monotonic() - self._loaded_at < older_than:
                return
            with self._house.database.read() as session:
                rows = repository.signing_keys(session)
            now = self._house.clock.now()
            rows = [row for row in rows if row.retired_at is None or row.retired_at > now - KEEP_RETIRED]
            self._keys = {row.kid: (row.alg, _opened(row, self._house.vault)) for row in rows}
            self._active = {row.alg: row.kid for row in rows if row.state == "active"}
            self._loaded_at = time.monotonic()


def ensure_keys(session: Session, *, vault: Vault, now: datetime, algs: Collection[str] = _ALWAYS) -> None:
    """Of each kind one active key and one that follows."""
    states = {(row.alg, row.state) for row in repository.signing_keys(session)}
    for alg in algs:
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
    known = {row.alg for row in repository.signing_keys(session)}
    ensure_keys(session, vault=vault, now=now, algs=known)


def _new_key(alg: str, state: str, vault: Vault, now: datetime) -> SigningKey:
    if alg == SM2SM3:
        private = Sm2Key.generate().decode()
        sm2 = Sm2Key(private.encode())
        kid, public = sm2.kid, sm2.public_jwk()
    else:
        key = _generated(alg)
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


def _generated(alg: str) -> ECKey | RSAKey:
    if alg == RS256:
        return RSAKey.generate_key(_RSA_BITS, auto_kid=True)
    return ECKey.generate_key("P-256", auto_kid=True)


def _opened(row: SigningKey, vault: Vault) -> Key:
    text = vault.open(row.private_sealed, context=f"signing_key/private_sealed/{row.kid}")
    if row.alg == SM2SM3:
        return Sm2Key(text.encode())
    kind = RSAKey if row.alg == RS256 else ECKey
    return kind.import_key(msgspec.json.decode(text))
