"""The issuer's keys: made on first need, sealed in the database, found by anyone who verifies.

A new key is published a day before it signs, and stays published for ever: who keeps a copy of the list always has the one
that is needed.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Literal

import msgspec
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.house import House
from kernel.ids import new_id
from kernel.prepared import Prepared
from licenses.certificates import Root, der_text, is_signed_by, new_leaf, new_root
from licenses.document.certificate import new_certificate
from licenses.models import LicenceKey
from licenses.seal import SoftwareSigner

#: Between the publication of a key and its first signature: longer than anybody may cache the list.
OVERLAP = timedelta(days=1)

Use = Literal["credentials", "requests", "root"]
_ALGORITHMS = {"credentials": "ES256", "requests": "READER"}
_CERTIFIED = ("ES256", "READER")
_KEPT = "licence-public-keys"
_PUBLIC = (
    sa.select(LicenceKey.id, LicenceKey.public)
    .where(LicenceKey.algorithm == sa.bindparam("algorithm"))
    .order_by(LicenceKey.created_at.desc(), LicenceKey.id.desc())
)
#: Built once: it is asked for at every issue, list and request.
_ACTIVE = (
    sa.select(LicenceKey)
    .where(
        LicenceKey.algorithm == sa.bindparam("algorithm"),
        LicenceKey.retired_at.is_(None),
        sa.or_(LicenceKey.active_at.is_(None), LicenceKey.active_at <= sa.bindparam("now")),
    )
    .order_by(sa.func.coalesce(LicenceKey.active_at, LicenceKey.created_at).desc(), LicenceKey.id.desc())
    .limit(1)
)
_ACTIVE_ID = Prepared(_ACTIVE.with_only_columns(LicenceKey.__table__.c.id), flushes=False)

#: Opened once in a process: a key's id stands for the same key for ever.
_opened: dict[uuid.UUID, ECKey] = {}
_opened_seals: dict[uuid.UUID, SoftwareSigner] = {}


def prepare(house: House) -> None:
    """Make the first keys of a new store, so that what only reads finds them."""
    with house.database.write() as session:
        credential_key(session, house)
        reader_key(session, house)
        certify(session, house)


def credential_key(session: Session, house: House) -> ECKey:
    """The ES256 key that signs credentials now."""
    return _signing_key(session, house, "ES256")


def reader_key(session: Session, house: House, kid: str = "") -> ECKey:
    """The key that signs requests to wallets now, or the one of that name; a purpose of its own, so that no request is ever
    taken for a credential."""
    if kid:
        return _open(session.get_one(LicenceKey, uuid.UUID(kid)), house)
    return _signing_key(session, house, "READER")


def rotate(session: Session, house: House, use: Use, *, actor: str) -> str:
    """Publish a new key (its certificate, for the root), which signs from tomorrow on; its name."""
    now = house.clock.now()
    if use == "root":
        name = str(_new_root(session, house, is_later=True))
    else:
        name = _new_signing_key(session, house, _ALGORITHMS[use], is_later=True).kid or ""
        certify(session, house)
    detail = {"use": use, "active_at": (now + OVERLAP).isoformat()}
    record(
        session,
        actor=actor,
        action="licence.key_rotated",
        object_kind="licence_key",
        object_id=name,
        detail=detail,
        now=now,
    )
    return name


def certify(session: Session, house: House) -> int:
    """Give every key that wallets meet a certificate by the root that signs now; how many had none of it. Until then each
    keeps the one it has: the former root stays a trust anchor."""
    root = _root(session, house)
    signed = 0
    keys = sa.select(LicenceKey).where(LicenceKey.algorithm.in_(_CERTIFIED), LicenceKey.retired_at.is_(None))
    for row in session.scalars(keys):
        if row.certificate is None or not is_signed_by(row.certificate, root[1]):
            row.certificate = _certified(house, row, root)
            signed += 1
    session.flush()
    return signed


def certificate_chain(session: Session, house: House, key: ECKey) -> list[str]:
    """The ``x5c`` of a key: its certificate, without the root (HAIP 1.0 §6.1.1)."""
    row = session.get_one(LicenceKey, uuid.UUID(key.kid or ""))
    if row.certificate is None:
        certify(session, house)
    return [row.certificate or ""]


def root_certificate(session: Session, house: House) -> x509.Certificate:
    """The trust anchor that signs now."""
    row = _active(session, house, "ROOT")
    return _root(session, house)[1] if row is None else _certificate(row.public)


def root_certificates(session: Session) -> list[x509.Certificate]:
    """Every trust anchor there is, the newest first: wallets keep what an earlier one certified."""
    return [_certificate(public) for _identity, public in _public(session, "ROOT")]


def seal_signer(session: Session, house: House) -> SoftwareSigner:
    """The SM2 key that seals licences now."""
    row = _active(session, house, "SM2")
    if row is not None:
        if row.id not in _opened_seals:
            _opened_seals[row.id] = SoftwareSigner(_private(row, house).encode())
        return _opened_seals[row.id]
    private = SoftwareSigner.generate()
    signer = SoftwareSigner(private)
    _add(session, house, "SM2", private.decode(), signer.public_pem, new_id())
    return signer


def document_key(session: Session, house: House) -> tuple[bytes, bytes]:
    """The key and certificate that sign documents now, PEM."""
    row = _active(session, house, "X509")
    if row is not None:
        return _private(row, house).encode(), row.public.encode()
    name = "黄石市电子证照服务" + ("（演示）" if house.settings.is_demo else "")
    private, certificate = new_certificate(name, house.clock.now())
    _add(session, house, "X509", private.decode(), certificate.decode(), new_id())
    return private, certificate


def document_certificates(session: Session) -> list[bytes]:
    """Every certificate that ever signed documents, PEM."""
    rows = session.scalars(sa.select(LicenceKey.public).where(LicenceKey.algorithm == "X509"))
    return [one.encode() for one in rows]


def public_credential_keys(session: Session) -> dict[str, ECKey]:
    """Every ES256 key that ever signed or soon will, by ``kid``: old credentials stay verifiable."""
    return {str(row[0]): _public_key(row[0], row[1]) for row in _public(session, "ES256")}


def public_seal_keys(session: Session) -> list[str]:
    """Every SM2 public key that ever sealed, PEM."""
    return [row[1] for row in _public(session, "SM2")]


@lru_cache(maxsize=64)
def _public_key(identity: uuid.UUID, public: str) -> ECKey:
    return ECKey.import_key(msgspec.json.decode(public), {"kid": str(identity)})


def _public(session: Session, algorithm: str) -> Sequence[tuple[uuid.UUID, str]]:
    """Identity and public part, the newest first. A verification asks more than once: a session keeps what it read."""
    kept: dict[str, Sequence[tuple[uuid.UUID, str]]] = session.info.setdefault(_KEPT, {})
    if algorithm not in kept:
        rows = session.execute(_PUBLIC, {"algorithm": algorithm})
        kept[algorithm] = [(row[0], row[1]) for row in rows]
    return kept[algorithm]


def _signing_key(session: Session, house: House, algorithm: str) -> ECKey:
    number = _ACTIVE_ID.scalar(session, {"algorithm": algorithm, "now": house.clock.now()})
    if number in _opened:
        return _opened[number]
    row = _active(session, house, algorithm)
    if row is None:
        return _new_signing_key(session, house, algorithm)
    return _open(row, house)


def _open(row: LicenceKey, house: House) -> ECKey:
    if row.id not in _opened:
        parameters = {"kid": str(row.id)}
        _opened[row.id] = ECKey.import_key(msgspec.json.decode(_private(row, house)), parameters)
    return _opened[row.id]


def _new_signing_key(session: Session, house: House, algorithm: str, *, is_later: bool = False) -> ECKey:
    key, identity = ECKey.generate_key("P-256"), new_id()
    private = msgspec.json.encode(key.as_dict(private=True)).decode()
    public = msgspec.json.encode(key.as_dict(private=False)).decode()
    _add(session, house, algorithm, private, public, identity, is_later=is_later)
    return ECKey.import_key(key.as_dict(private=True), {"kid": str(identity)})


def _certified(house: House, row: LicenceKey, root: Root) -> str:
    """A leaf for one of our keys, by the root."""
    what = "电子证照签发" if row.algorithm == "ES256" else "电子证照查验"
    public = _public_key(row.id, row.public).public_key
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("an ES256 key is an elliptic curve key")
    address = f"{house.settings.base_url}/licenses"
    return der_text(new_leaf(_named(house, what), public, address, root, house.clock.now()))


def _root(session: Session, house: House) -> Root:
    row = _active(session, house, "ROOT")
    if row is None:
        row = session.get_one(LicenceKey, _new_root(session, house))
    key = serialization.load_pem_private_key(_private(row, house).encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the root's key is an elliptic curve key")
    return key, _certificate(row.public)


def _new_root(session: Session, house: House, *, is_later: bool = False) -> uuid.UUID:
    key, certificate = new_root(_named(house, "电子证照根证书"), house.clock.now())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    identity = new_id()
    _add(session, house, "ROOT", private.decode(), public, identity, is_later=is_later)
    return identity


@lru_cache(maxsize=16)
def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _named(house: House, what: str) -> str:
    return f"黄石市{what}" + ("（演示）" if house.settings.is_demo else "")


def _active(session: Session, house: House, algorithm: str) -> LicenceKey | None:
    return session.scalar(_ACTIVE, {"algorithm": algorithm, "now": house.clock.now()})


def _private(row: LicenceKey, house: House) -> str:
    return house.vault.open(row.private_sealed, context=f"licence_key/private/{row.id}")


def _add(
    session: Session,
    house: House,
    algorithm: str,
    private: str,
    public: str,
    identity: uuid.UUID,
    *,
    is_later: bool = False,
) -> None:
    now = house.clock.now()
    session.add(
        LicenceKey(
            id=identity,
            algorithm=algorithm,
            private_sealed=house.vault.seal(private, context=f"licence_key/private/{identity}"),
            public=public,
            created_at=now,
            active_at=now + OVERLAP if is_later else None,
        )
    )
    session.flush()
    session.info.pop(_KEPT, None)
