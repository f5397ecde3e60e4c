"""Heads are signed by the keys that sign licences: ES256 for everybody, SM2 for legal effect."""

from collections.abc import Mapping, Sequence

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.transparency.heads import Head, SignedHead, SignHead, claimed
from licenses import credential, keys
from licenses.seal import is_seal_genuine

TYPE = "log-head+jwt"


def head_signer(house: House) -> SignHead:
    """Signs with the keys that are active at the time."""

    def sign(session: Session, payload: bytes) -> SignedHead:
        key, seal = keys.credential_key(session, house), keys.seal_signer(session, house)
        token = credential.sign(key, TYPE, msgspec.Raw(payload))
        return SignedHead(jws=token, sm2=seal.sign(payload).hex())

    return sign


class LogKeys(msgspec.Struct, frozen=True):
    """The public keys of a log: ``keys`` as in a JWKS (RFC 7517), ``sm2`` in PEM."""

    keys: list[dict[str, str | list[str]]]
    sm2: list[str] = []


def log_keys(session: Session) -> LogKeys:
    """Every key that ever signed a head."""
    public = keys.public_credential_keys(session).values()
    found = [msgspec.convert(key.as_dict(private=False), dict[str, str | list[str]]) for key in public]
    return LogKeys(found, keys.public_seal_keys(session))


class HeadReader:
    """Reads heads that these keys signed. Without SM2 keys only the ES256 signature counts."""

    def __init__(self, known: LogKeys) -> None:
        self._es256: Mapping[str, ECKey] = {
            str(one.get("kid", "")): ECKey.import_key(one) for one in known.keys if one.get("kty") == "EC"
        }
        self._sm2: Sequence[str] = known.sm2

    def __call__(self, signed: SignedHead) -> Head | None:
        """``None`` unless every signature holds."""
        try:
            header = jws.extract_compact(signed.jws.encode()).headers()
            key = self._es256.get(str(header.get("kid", "")))
            if key is None or header.get("alg") != credential.ALGORITHM or header.get("typ") != TYPE:
                return None
            payload = jws.deserialize_compact(signed.jws, key, algorithms=[credential.ALGORITHM]).payload
            seal = bytes.fromhex(signed.sm2)
        except (JoseError, ValueError):
            return None
        if self._sm2 and not any(is_seal_genuine(pem, seal, payload) for pem in self._sm2):
            return None
        return claimed(signed.jws)
